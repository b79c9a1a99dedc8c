// SPDX-License-Identifier: MIT
// The commands that ask a running Wherry over its control socket. The request is made of
// the command line by the table alone: "server add" is the verb server_add, and each word
// and option is a member of the request, "-" as "_".
#pragma once

#include "wherry/command/options.h"

// The options by which each of them finds the socket and prints; for the table.
#define CONTROL_COMMAND_FLAGS                                                            \
	{"config", "FILE", "its configuration, which says where the socket is",          \
		OPTIONS_TEXT, 'c', false},                                               \
		{"control", "PATH", "the socket itself", OPTIONS_TEXT, 0, false},        \
	{                                                                                \
		"json", NULL, "the answer as it comes", OPTIONS_SWITCH, 0, false         \
	}

MUST_CHECK enum options_exit control_command_run(const struct options *options);
