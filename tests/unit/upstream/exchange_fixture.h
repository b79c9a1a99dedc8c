// SPDX-License-Identifier: MIT
// One exchange after another with up to two scripted servers, told as a text.
#pragma once

#include "scripted_backend.h"
#include "server_set.h"
#include "wherry/upstream/exchange.h"

enum {
	EXCHANGE_FIXTURE_SERVERS = 2
};

struct exchange_fixture {
	struct loop *loop;
	struct server_set servers;
	struct pool *pool;
	struct exchange exchange;
	struct exchange_request request; // of the next start
	struct loop_timer deadline;
	struct scripted_backend backends[EXCHANGE_FIXTURE_SERVERS];
	size_t backend_count;

	// What the user does.
	const char *body;  // sent in one piece once writable, if has_body
	bool keeps_body;   // never ends it
	bool pauses;       // after each piece of the response's body, and stops the loop
	bool takes_stream; // of a 101

	// "(200)" a head, "abc" a piece of body, ";" the end, "!lost" a failure.
	struct buf story;
	size_t head_count; // request heads written
	size_t writable_count;
	struct stream *taken;
	struct upstream_server *taken_server;
};

// A group of that many servers, none of which has an address yet.
void exchange_fixture_start(struct exchange_fixture *fixture, size_t server_count);
void exchange_fixture_finish(struct exchange_fixture *fixture);

// The next server gets a backend with this script, or an address that refuses.
void exchange_fixture_add(struct exchange_fixture *fixture,
	const struct scripted_backend_step *steps, size_t step_count);
void exchange_fixture_add_refusing(struct exchange_fixture *fixture);

// "GET / HTTP/1.1" as fixture->request says. Expects that it starts.
void exchange_fixture_begin(struct exchange_fixture *fixture);
// Runs until it is over (or paused, or its stream taken); asserts that this happens.
void exchange_fixture_run(struct exchange_fixture *fixture);
// Both, and what was told since the last look.
void exchange_fixture_expect(struct exchange_fixture *fixture, const char *story);
void exchange_fixture_expect_story(struct exchange_fixture *fixture, const char *story);
// For that time: what should not happen has the chance to.
void exchange_fixture_wait(struct exchange_fixture *fixture, uint64_t duration_ms);
