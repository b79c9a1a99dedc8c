// SPDX-License-Identifier: MIT
// Logs what a loader has written: one event for each of its lines.
#include <string.h>

#include "server_priv.h"
#include "wherry/base/log.h"

void server_log_lines(struct str text, bool is_bad)
{
	while (text.length > 0) {
		const char *end = memchr(text.data, '\n', text.length);
		size_t length = end ? (size_t)(end - text.data) : text.length;
		if (is_bad)
			log_error("%.*s", (int)length, text.data);
		else
			log_warn("%.*s", (int)length, text.data);
		text.data += length + (end != NULL);
		text.length -= length + (end != NULL);
	}
}
