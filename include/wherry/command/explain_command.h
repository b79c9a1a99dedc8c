// SPDX-License-Identifier: MIT
// `wherry explain`: loads a configuration, asks explain about one URL, prints.
#pragma once

#include "wherry/command/explain.h"
#include "wherry/command/options.h"

MUST_CHECK enum options_exit explain_command_run(const struct options *options);
