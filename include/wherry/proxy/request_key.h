// SPDX-License-Identifier: MIT
// What of a request says which server of its group should have it: the value that the
// group hashes, and the session that it belongs to or opens. Pure, looks at nothing
// behind the head.
#pragma once

#include "wherry/conf/conf.h"
#include "wherry/proto/http_message.h"
#include "wherry/proto/session_id.h"

enum request_session {
	REQUEST_SESSION_NONE,
	REQUEST_SESSION_CHOSEN, // by the client: it is wherever it is first
	REQUEST_SESSION_GIVEN,  // by the server that opened it
	REQUEST_SESSION_OPENED, // by this request: its answer says the id
};

struct request_key {
	uint64_t hash;
	bool has_hash;
	enum request_session session;
	char id[SESSION_ID_MAX]; // of CHOSEN and GIVEN
	size_t id_length;
};

// client is its address. A value that is empty or missing is none.
void request_key_read(const struct conf_upstream *conf,
	const struct http_message *message, struct str client,
	struct request_key *ret_key);

// The finder for the id in the answer to a request that opens a session of that kind.
void request_key_start_finder(enum conf_session_kind kind, struct session_id *ret_finder);
