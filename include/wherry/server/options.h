// SPDX-License-Identifier: MIT
// The command line, read into data; nothing is done here but printing help.
#pragma once

#include <stdbool.h>

#include "wherry/base/attributes.h"

enum options_command {
	OPTIONS_RUN,
	OPTIONS_PROXY,
	OPTIONS_CHECK,
	OPTIONS_DONE, // help or the version was asked for, and printed
};

struct options {
	enum options_command command;
	const char *conf_path; // run, check
	const char *listen;    // proxy
	const char *to;        // proxy
};

enum options_result {
	OPTIONS_OK = 0,
	OPTIONS_BAD // what was wrong is on stderr
};

// The strings are argv's.
MUST_CHECK enum options_result options_read(
	int argc, char **argv, struct options *ret_options);
