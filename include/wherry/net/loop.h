// SPDX-License-Identifier: MIT
// One thread's event loop: libevent's base, timers that cost no system call, work put off
// to the end of the turn, work posted from other threads, and the scratch memory that all
// streams of the thread share. Everything but loop_post is for the loop's own thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "wherry/base/attributes.h"
#include "wherry/base/counters.h"

struct loop;

// What is read is sent in one piece; a little less than 64 KiB fills one segment on its
// way, where a round size leaves a crumb in a second one (measured: 0.9 against 1.7 of
// HAProxy's CPU per MiB). Over TLS two segments a read are cheaper than one (6 to 11 %),
// and more gain nothing.
enum {
	LOOP_READ_SIZE = 65472, // of a plain stream
	LOOP_READ_SEALED_SIZE = 2 * LOOP_READ_SIZE,
	// Of a plain stream, to be sealed: a record's rim is 22 bytes (TLS 1.3).
	LOOP_READ_TO_SEAL_SIZE = LOOP_READ_SEALED_SIZE - 2 * 96,
	LOOP_SCRATCH_SIZE = LOOP_READ_SEALED_SIZE,
	LOOP_GATHER_SIZE = 16 * 1024,
	LOOP_RECORD_SIZE = 16 * 1024, // content of a TLS record (RFC 8446 section 5.1)
	// What one read opens to: with what was kept in front, and the record it
	// completes.
	LOOP_OPENED_SIZE = LOOP_READ_SEALED_SIZE + 2 * LOOP_RECORD_SIZE,
	// What one read of another stream is sealed to, with room for the records' rims.
	LOOP_SEALED_SIZE = LOOP_READ_SEALED_SIZE + 1024,
};

// NULL when memory or descriptors are short.
MUST_CHECK struct loop *loop_create(void);
void loop_destroy(struct loop *loop);

// Runs until loop_stop. False if the loop itself failed.
MUST_CHECK bool loop_run(struct loop *loop);
// The current turn is finished first.
void loop_stop(struct loop *loop);

struct event_base *loop_base(struct loop *loop);
struct counters *loop_counters(struct loop *loop);
// What one recv fills; lent to the one stream whose callback runs.
uint8_t *loop_scratch(struct loop *loop);
// What a corked stream gathers its small writes in; lent to one stream at a time.
uint8_t *loop_gather(struct loop *loop);
// The same three for TLS: content as it was opened, small writes on their way into one
// record, and sealed records on their way out.
uint8_t *loop_opened(struct loop *loop);
uint8_t *loop_record(struct loop *loop);
uint8_t *loop_sealed(struct loop *loop);

// May one more handshake step, which takes a hundred times as long as a small message, be
// done in this turn? No after a few: then it is asked again in the next turn.
MUST_CHECK bool loop_spend_step(struct loop *loop);

// A deadline. Moving it later stores a number; the timer looks again when it would have
// fired. Embedded in what it guards.
typedef void (*loop_timer_cb)(void *arg);
struct loop_timer {
	struct event event;
	struct loop *loop;
	loop_timer_cb fire;
	void *arg;
	uint64_t at_ms;                  // the deadline; 0 = not set
	uint64_t armed_ms;               // when libevent will call; 0 = not armed
	struct loop_timer *next_unarmed; // of those for which there was no memory
};

void loop_timer_init(
	struct loop_timer *timer, struct loop *loop, loop_timer_cb fire, void *arg);
// Fires once when now_ms() reaches at_ms. A time in the past fires in the next turn.
void loop_timer_set(struct loop_timer *timer, uint64_t at_ms);
// Forgets the deadline; cheap, to be set again.
void loop_timer_clear(struct loop_timer *timer);
// Before the memory goes. Allowed on a zeroed timer.
void loop_timer_finish(struct loop_timer *timer);

// Work for the end of this turn, after all callbacks that are on the stack have returned.
// Embedded and zeroed at first; deferring it twice runs the later choice, once. What
// embeds it is freed by that run and nothing else.
typedef void (*loop_deferred_cb)(void *arg);
struct loop_deferred {
	struct loop_deferred *next;
	loop_deferred_cb run;
	void *arg;
	bool is_queued;
};
void loop_defer(struct loop *loop, struct loop_deferred *deferred, loop_deferred_cb run,
	void *arg);
// Does now what was deferred, however often that defers more. Not from within a callback.
void loop_settle(struct loop *loop);

// Any thread: runs fn(arg) on the loop's thread, in order of posting. False when memory
// is short; then nothing happens. What is posted to a
// loop that has ended waits for loop_settle.
typedef void (*loop_post_cb)(void *arg);
MUST_CHECK bool loop_post(struct loop *loop, loop_post_cb fn, void *arg);
