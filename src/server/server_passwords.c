// SPDX-License-Identifier: MIT
// The htpasswd files that routes name, and the thread that hashes.
#include <string.h>

#include "server_priv.h"
#include "wherry/base/log.h"

static void log_lines(struct str text)
{
	while (text.length > 0) {
		const char *end = memchr(text.data, '\n', text.length);
		size_t length = end ? (size_t)(end - text.data) : text.length;
		log_error("%.*s", (int)length, text.data);
		text.data += length + (end != NULL);
		text.length -= length + (end != NULL);
	}
}

bool server_passwords_start(struct server *server)
{
	struct buf errors = BUF_INIT;
	server->passwords = passwords_create(server->conf, &errors);
	log_lines(buf_str(&errors));
	buf_finish(&errors);
	if (server->passwords && !passwords_start(server->passwords)) {
		log_error("no thread could be started for passwords");
		return false;
	}
	return server->passwords != NULL;
}
