// SPDX-License-Identifier: MIT
// The command line, read into data by a table of commands; nothing is done here but
// printing help, which is written from the same table.
#pragma once

#include <stdbool.h>

#include "wherry/base/buf.h"

// The program's exit codes.
enum options_exit {
	OPTIONS_EXIT_OK = 0,
	OPTIONS_EXIT_BAD = 1,   // the configuration is wrong; or who was asked refused
	OPTIONS_EXIT_USAGE = 2, // the command line is wrong
	OPTIONS_EXIT_UNABLE = 3 // could not start; or nobody answered
};

enum options_form {
	OPTIONS_TEXT,
	OPTIONS_SWITCH, // without a value
	OPTIONS_NUMBER,
	OPTIONS_DURATION, // "5s"
};

// "--name VALUE"; or a word, which stands without its name.
struct options_flag {
	const char *name;  // NULL ends a list
	const char *value; // what the help calls its value; of a switch NULL
	const char *help;
	enum options_form form;
	char letter;      // "-c" is the same as "--config"; 0 = there is none
	bool is_required; // of words, those before it, too
};

struct options;

struct options_command {
	const char *name;    // one word, or two: "server add"; NULL ends a table
	const char *usage;   // what follows the name
	const char *summary; // for the list of all commands
	const char *text;    // what it does; ends a line, as does more
	const struct options_flag *words; // NULL: it has none
	const struct options_flag *flags;
	const char *more; // what stands behind the flags in its help; may be NULL
	// NULL, or what is wrong with what was given: "expected ...".
	const char *(*check)(const struct options *options); // may be NULL
	enum options_exit (*run)(const struct options *options);
	bool is_list;      // it prints items
	bool ends_process; // the one that it asks: --wait waits for that
};

enum {
	OPTIONS_VALUES_MAX = 32
};

struct options_value {
	const struct options_flag *flag;
	const char *text; // of argv; of a switch NULL
};

struct options {
	const struct options_command *command;
	struct options_value values[OPTIONS_VALUES_MAX]; // as they were given
	size_t count;
};

enum options_result {
	OPTIONS_OK = 0, // run the command
	OPTIONS_DONE,   // help or the version was asked for, and printed
	OPTIONS_BAD     // what was wrong is on stderr
};

MUST_CHECK enum options_result options_read(const struct options_command *commands,
	int argc, char **argv, struct options *ret_options);

bool options_has(const struct options *options, const char *name);
// NULL if it was not given; the last one, if it was given more than once.
const char *options_text(const struct options *options, const char *name);

// The configuration that `wherry proxy` runs with, as YAML.
void options_write_conf(const struct options *options, struct buf *out);
