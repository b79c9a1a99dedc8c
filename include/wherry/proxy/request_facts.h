// SPDX-License-Identifier: MIT
// What decides the route of a request, in a form that can be kept and read again: a
// WebSocket is routed anew when the configuration changes, long after its head is gone;
// and `wherry explain` asks about requests that nobody sent. Pure.
#pragma once

#include "wherry/base/buf.h"
#include "wherry/conf/conf.h"
#include "wherry/proto/http_message.h"

struct request_facts {
	struct str method;
	struct str host;   // with its port, as in Host
	struct str target; // path and query
	struct str fields; // more lines of a head, each with its CRLF; may be empty
};

// The fields of the message that routes of conf look at, as lines for request_facts: of
// the subprotocols only those that a route names, for tokens stand among them. Mostly
// there are none. What no route asked for then is not known later, and matches nothing.
void request_facts_write_fields(
	struct buf *out, const struct conf *conf, const struct http_message *message);

// The head that these facts are, read by the strict scanner as if it had just arrived.
// *ret_message is slices of text, which is written anew. False: *reterr_status and
// *reterr_text (static) say how such a request is refused.
MUST_CHECK bool request_facts_read(const struct request_facts *facts, struct buf *text,
	struct http_message *ret_message, unsigned *reterr_status,
	const char **reterr_text);
