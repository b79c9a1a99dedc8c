// SPDX-License-Identifier: MIT
// Which server a request belongs to, whatever the load: by what its group hashes, by its
// cookie, by its session. Learns from answers where sessions are, as these pass, and says
// when the client needs a new cookie.
#pragma once

#include "wherry/base/buf.h"
#include "wherry/proto/http_message.h"
#include "wherry/proto/session_id.h"
#include "wherry/upstream/upstream_pick.h"

struct affinity {
	const struct upstream *upstream;
	struct upstream_key key;
	uint64_t cookie_server; // id of the server that the cookie leads to; 0 = none
	uint64_t session;       // of the client's choice, by session_table_key; 0 = none
	bool is_opening;        // the answer's body says the id of a session
	struct session_id finder; // while is_opening
};

// Reads the request; upstream outlives the affinity. client is its address.
void affinity_init(struct affinity *affinity, const struct upstream *upstream,
	const struct http_message *message, struct str client);

// The final head of the answer, or its 101, from that server: the session that the client
// has chosen is there.
void affinity_note_head(struct affinity *affinity, const struct upstream_server *server,
	const struct http_message *answer);
// The next bytes of the answer's body.
void affinity_note_body(struct affinity *affinity, const struct upstream_server *server,
	struct str piece);

// Writes a Set-Cookie field, if the client's cookie does not lead to that server.
void affinity_write_cookie(const struct affinity *affinity,
	const struct upstream_server *server, bool is_https, struct buf *out);
