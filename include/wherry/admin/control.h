// SPDX-License-Identifier: MIT
// The control socket: a UNIX socket on the control loop that root and the serving user
// may ask, one JSON object a line (control_request.h). It knows no verb; whoever makes it
// brings a table of them.
//
// An answer is one line {"ok":true,...} or {"ok":false,"error":"..."}; before it may come
// lines of a list, which have no "ok". The next request is read once it is written.
#pragma once

#include "wherry/base/str.h"
#include "wherry/net/loop.h"

struct control;
struct control_call;
struct json_t;

enum control_effect {
	CONTROL_READS,
	CONTROL_CHANGES // something, so that the log tells who did
};

struct control_verb {
	const char *name; // NULL ends a table
	// Answers the call, now or later, by control_call_answer or _refuse, once.
	void (*run)(void *arg, struct control_call *call);
	enum control_effect effect;
};

// Takes the listening socket, also when it fails (NULL: no memory). verbs stay the
// caller's.
MUST_CHECK struct control *control_create(
	struct loop *loop, int socket, const struct control_verb *verbs, void *arg);
// Closes all its connections, but no other descriptor of the socket. Calls that wait for
// their answer stay, as those do whose peer has gone. NULL is allowed.
void control_destroy(struct control *control);

// Unpacks the members of the request, but for its verb, as json_unpack does. False: it
// has others, or some are not what they must be; then the call was refused.
MUST_CHECK bool control_call_unpack(struct control_call *call, const char *format, ...);

// {"ok":true} and members, which are taken; NULL: none. Ends the call.
void control_call_answer(struct control_call *call, struct json_t *members);
// Why not. Ends the call.
void control_call_refuse(struct control_call *call, const char *format, ...)
	PRINTF_LIKE(2, 3);

// Whole lines of a list. False: there is no room for more, until ready runs.
MUST_CHECK bool control_call_write(struct control_call *call, struct str lines);
// ready runs when there is room again, and when the peer goes.
typedef void (*control_ready_cb)(void *arg);
void control_call_set_ready(struct control_call *call, control_ready_cb ready, void *arg);
// Nobody waits for the answer any more. It is to be given all the same, but may be short.
bool control_call_is_gone(const struct control_call *call);
// The peer may stay connected for as long as it likes, to see when the process ends.
void control_call_keep_peer(struct control_call *call);
// The connection itself: from here on the control socket has nothing to do with it, and
// the call is over without an answer. -1: it is gone, or descriptors are short; the call
// was refused.
MUST_CHECK int control_call_take_connection(struct control_call *call);
