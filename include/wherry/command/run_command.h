// SPDX-License-Identifier: MIT
// `wherry run`, `upgrade`, `proxy` and `check`: what begins with a configuration.
#pragma once

#include "wherry/command/options.h"

MUST_CHECK enum options_exit run_command_run(const struct options *options);
MUST_CHECK enum options_exit run_command_upgrade(const struct options *options);
MUST_CHECK enum options_exit run_command_proxy(const struct options *options);
// NULL, or what is wrong with the options of `wherry proxy`.
const char *run_command_check_proxy(const struct options *options);
MUST_CHECK enum options_exit run_command_check(const struct options *options);
