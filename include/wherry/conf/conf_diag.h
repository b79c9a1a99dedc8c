// SPDX-License-Identifier: MIT
// All mistakes of one configuration, collected so that one run shows them all.
#pragma once

#include "wherry/base/buf.h"

struct conf_position {
	const char *file; // borrowed; outlives the diagnostics
	size_t line;      // from 1; 0 = the file as a whole
	size_t column;    // from 1
};

struct conf_diag_entry;

struct conf_diag {
	struct buf text; // one line each: path:line:column: message (expected ..., found
			 // ...)
	size_t count;
	struct conf_diag_entry *entries; // where each line stands in text
	size_t capacity;                 // of entries
};

void conf_diag_init(struct conf_diag *diag);
void conf_diag_finish(struct conf_diag *diag);

// expected and found may be NULL; then that part, or the whole parenthesis, is left out.
// Control characters in any of them are written as \xHH: one mistake is one line.
void conf_diag_add(struct conf_diag *diag, struct conf_position at, const char *expected,
	const char *found, const char *format, ...) PRINTF_LIKE(5, 6);

// Forgets all lines and says that memory is short instead. Without any memory only count
// tells.
void conf_diag_set_out_of_memory(struct conf_diag *diag, const char *file);

// Puts the lines in the order of their positions, since readers go through a file once.
void conf_diag_sort(struct conf_diag *diag);
