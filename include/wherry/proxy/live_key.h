// SPDX-License-Identifier: MIT
// What requests must have in common to get the same answer from a live route: the URL
// that clients ask for, and all that the backend will be asked. The backend is asked
// nothing else, and so nothing of one client's own can be in what another one gets. Pure.
#pragma once

#include "wherry/base/buf.h"
#include "wherry/proxy/request.h"
#include "wherry/proxy/route.h"

struct live_key_question {
	const struct conf *conf;
	const struct route_choice *choice; // of a route with `live`
	const struct request *request;
	const struct http_message *message;
	bool is_ours;   // the query has parameters for us, which are left out
	bool is_pushed; // the answer is for a subscriber: neither coding nor type is its
			// choice
};

// One text, of which these are the parts (see live_key.c).
struct live_key {
	struct buf text; // as a whole, what requests are told apart by
	size_t url;      // where path and query begin, behind the host
	bool is_plain;   // no coding was asked for
};

// Writes it anew. text.is_failed: memory is short.
void live_key_write(struct live_key *key, const struct live_key_question *question);
// The request line and fields as the backend gets them, but for Host: the same for all
// questions of one key.
void live_key_write_head(struct buf *out, const struct live_key_question *question);

struct str live_key_url(const struct live_key *key);
struct str live_key_host(const struct live_key *key); // that the client named
