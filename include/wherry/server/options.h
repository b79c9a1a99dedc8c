// SPDX-License-Identifier: MIT
// The command line, read into data; nothing is done here but printing help.
#pragma once

#include <stdbool.h>

#include "wherry/base/buf.h"

enum options_command {
	OPTIONS_RUN,
	OPTIONS_PROXY,
	OPTIONS_CHECK,
	OPTIONS_STATUS,
	OPTIONS_DONE, // help or the version was asked for, and printed
};

struct options {
	enum options_command command;
	const char *conf_path; // run, check, status
	bool skips_files;      // check: those that the configuration names
	const char *listen;    // proxy
	const char *to;        // proxy
	const char *tls_cert;  // proxy; NULL = none, then tls_key is NULL, too
	const char *tls_key;
	bool is_self_signed; // proxy
	const char *address; // status; NULL = the one that conf_path sets
	bool is_json;        // status
};

enum options_result {
	OPTIONS_OK = 0,
	OPTIONS_BAD // what was wrong is on stderr
};

// The strings are argv's.
MUST_CHECK enum options_result options_read(
	int argc, char **argv, struct options *ret_options);

// The configuration that `wherry proxy` runs with, as YAML.
void options_write_conf(const struct options *options, struct buf *out);
