// SPDX-License-Identifier: MIT
// Logs what a loader has written: one event for each of its lines.
#include "server_priv.h"
#include "wherry/base/log.h"

void server_log_lines(struct str text, bool is_bad)
{
	while (text.length > 0) {
		struct str line = str_cut_until(&text, '\n');
		if (is_bad)
			log_error("%.*s", STR_ARG(line));
		else
			log_warn("%.*s", STR_ARG(line));
	}
}
