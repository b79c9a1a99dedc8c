// SPDX-License-Identifier: MIT
// A server on loopback, on the loop of the test, that does what its script says, step by
// step over all its connections: waits for bytes, answers, and maybe hangs up.
#pragma once

#include "wherry/base/addr.h"
#include "wherry/base/buf.h"
#include "wherry/net/loop.h"

enum {
	SCRIPTED_BACKEND_CONNS = 8
};

enum scripted_backend_end {
	SCRIPTED_BACKEND_KEEP,
	SCRIPTED_BACKEND_CLOSE,
	SCRIPTED_BACKEND_RESET,
};

struct scripted_backend_step {
	const char *after;  // what it has received must end so; NULL = an empty line
	const char *answer; // may be NULL
	size_t piece;       // bytes of it in a turn of the loop; 0 = all at once
	enum scripted_backend_end then;
};

struct scripted_backend_conn {
	struct scripted_backend *backend;
	int socket; // -1 once closed
	struct event event;
	struct loop_deferred deferred;
	const struct scripted_backend_step *step; // under way
	size_t sent;                              // of its answer
	struct buf received;
	size_t seen;   // of received, by steps before
	bool is_ended; // FIN came
};

struct scripted_backend {
	struct loop *loop;
	struct addr address;
	int socket;
	struct event event;
	const struct scripted_backend_step *steps;
	size_t step_count, next_step;
	struct scripted_backend_conn conns[SCRIPTED_BACKEND_CONNS]; // in order
	size_t conn_count;
};

// Asserts that it works. The steps are borrowed.
void scripted_backend_start(struct scripted_backend *backend, struct loop *loop,
	const struct scripted_backend_step *steps, size_t step_count);
void scripted_backend_finish(struct scripted_backend *backend);
