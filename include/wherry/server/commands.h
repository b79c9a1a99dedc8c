// SPDX-License-Identifier: MIT
// All commands of `wherry`, in one table: a new one is a row.
#pragma once

#include "wherry/server/options.h"

extern const struct options_command commands_all[];
