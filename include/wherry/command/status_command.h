// SPDX-License-Identifier: MIT
// `wherry status`: what a running Wherry says of itself, on standard output; asked over
// the control socket, or at a status address.
#pragma once

#include "wherry/command/options.h"

MUST_CHECK enum options_exit status_command_run(const struct options *options);
// NULL, or what is wrong with the options.
const char *status_command_check(const struct options *options);
