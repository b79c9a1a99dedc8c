// SPDX-License-Identifier: MIT
// The response's head as it leaves for the client, rebuilt from parsed fields; Location
// and cookie paths are mapped back to what the client knows.
#pragma once

#include "wherry/base/buf.h"
#include "wherry/proxy/affinity.h"
#include "wherry/proxy/request.h"
#include "wherry/upstream/upstream.h"

// How the body goes to the client.
enum response_head_framing {
	RESPONSE_HEAD_NO_BODY,
	RESPONSE_HEAD_LENGTH,
	RESPONSE_HEAD_CHUNKED,
	RESPONSE_HEAD_UNTIL_CLOSE, // HTTP/1.0 clients can't read chunks
};

enum response_head_framing response_head_framing(
	const struct request *request, const struct http_message *response);

struct response_head {
	const struct request *request;
	const struct upstream_server *server;
	const struct affinity *affinity; // says whether a cookie is set; NULL = none
	const struct http_message *message;
	enum response_head_framing framing;
	bool is_keep_alive;     // toward the client
	struct str subprotocol; // of a 101: one more field; may be empty
};

// Final responses, 101 included.
void response_head_write(struct buf *out, const struct response_head *head);
// Interim ones: 102 to 199.
void response_head_write_interim(struct buf *out, const struct http_message *message);
