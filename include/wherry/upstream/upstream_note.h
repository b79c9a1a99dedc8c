// SPDX-License-Identifier: MIT
// What requests and handshakes find out about their servers, and what follows: servers
// that fail are ejected for a while (struct conf_ejection). Any thread; good news that
// change nothing write nothing.
#pragma once

#include "wherry/upstream/upstream.h"

void upstream_note_connected(struct upstream_server *server);
// Nobody was there; reason for the log, which hears of it unless the server is ejected.
void upstream_note_connect_error(const struct upstream *upstream,
	struct upstream_server *server, uint64_t now, const char *reason);
// No answer, or one that makes no sense.
void upstream_note_error(const struct upstream *upstream, struct upstream_server *server,
	uint64_t now, const char *reason);

struct upstream_answer {
	unsigned status;
	bool is_handshake; // to a WebSocket handshake
	uint64_t sent_ms;  // when its request was
	uint64_t now;      // when its head came
};
void upstream_note_answer(const struct upstream *upstream, struct upstream_server *server,
	const struct upstream_answer *answer);
