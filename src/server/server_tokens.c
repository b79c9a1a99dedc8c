// SPDX-License-Identifier: MIT
// Key sets of tokens, loaded at the start.
#include <string.h>

#include "server_priv.h"
#include "wherry/base/log.h"

bool server_tokens_load(struct server *server)
{
	struct buf text = BUF_INIT;
	server->tokens = tokens_create(server->conf, &text);
	struct str rest = buf_str(&text);
	while (rest.length > 0) {
		const char *end = memchr(rest.data, '\n', rest.length);
		size_t length = end ? (size_t)(end - rest.data) : rest.length;
		log_error("%.*s", (int)length, rest.data);
		rest.data += length + (end != NULL);
		rest.length -= length + (end != NULL);
	}
	buf_finish(&text);
	return server->tokens != NULL;
}
