// SPDX-License-Identifier: MIT
// One connection of the control socket, and the call that is being answered on it.
#pragma once

#include <sys/queue.h>

#include "wherry/admin/control.h"
#include "wherry/net/stream.h"

struct control_credentials {
	unsigned user;
	int process;
};

struct control_peer {
	LIST_ENTRY(control_peer) entry;
	struct control *control;
	struct stream *stream;
	struct loop_timer deadline;
	struct control_credentials credentials;
	struct control_call *call; // NULL: none is being answered
	bool is_last;              // no request follows the one being answered
	bool is_kept;              // it may wait without a deadline
	bool is_closing;           // our FIN is sent; what still comes is thrown away
};

struct control_call {
	struct control_peer *peer; // NULL = gone
	struct json_t *request;    // NULL: it could not be read
	control_ready_cb ready;
	void *arg;
};

// Takes request, also when it fails (NULL: no memory).
MUST_CHECK struct control_call *control_call_create(
	struct control_peer *peer, struct json_t *request);
// The peer's memory goes: the call stays until it is answered.
void control_call_lose_peer(struct control_call *call);
// There is room again.
void control_call_resume(struct control_call *call);

// control.c: the call of this peer was answered.
void control_end_call(struct control_peer *peer);
