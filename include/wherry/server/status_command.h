// SPDX-License-Identifier: MIT
// `wherry status`: what a running Wherry says of itself, on standard output.
#pragma once

#include "wherry/server/options.h"

// The program's exit codes.
enum status_command_result {
	STATUS_COMMAND_OK = 0,
	STATUS_COMMAND_NO_ADDRESS = 1, // the configuration is wrong, or names none
	STATUS_COMMAND_BAD_USAGE = 2,
	STATUS_COMMAND_NO_ANSWER = 3
};

// Says on standard error what went wrong.
MUST_CHECK enum status_command_result status_command_run(const struct options *options);
