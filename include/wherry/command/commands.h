// SPDX-License-Identifier: MIT
// All commands of `wherry`, in one table: a new one is a row.
#pragma once

#include "wherry/command/options.h"

extern const struct options_command commands_all[];
