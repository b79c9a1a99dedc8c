// SPDX-License-Identifier: MIT
// The exchange as its parts see it: exchange.c (the request, and what becomes of it),
// exchange_connect.c (its connection), exchange_wait.c (its server, and the wait for
// one), exchange_response.c (what is read) and exchange_outcome.c (what is learned from
// it about the server and its group).
#pragma once

#include "wherry/upstream/exchange.h"

// exchange.c

extern const struct stream_handler exchange_stream_events;
void exchange_set_timeout(
	struct exchange *exchange, enum exchange_failure meaning, uint64_t timeout_ms);
// The deadline for the response's head starts.
void exchange_await_response(struct exchange *exchange);
void exchange_close_stream(struct exchange *exchange);
void exchange_release_server(struct exchange *exchange);
void exchange_fail(struct exchange *exchange, enum exchange_failure failure);
// The same after it was connected: unless another server may have the request.
void exchange_break_off(struct exchange *exchange, enum exchange_failure failure);

// exchange_connect.c

// Reserves a server and takes or dials a connection to it, trying others while they
// refuse, and waiting while they are full. False, with what stood in the way, when all
// were tried.
MUST_CHECK bool exchange_connect_any(
	struct exchange *exchange, enum exchange_failure *failure);
// A connect that failed says nothing about the request: another
// server may take it.
void exchange_connect_failed(
	struct exchange *exchange, int error, enum exchange_failure failure);
// The server closed a kept-alive connection while the request was under way: the request
// is sent again, once, on a fresh one.
void exchange_connect_again(struct exchange *exchange);
// The connection was lost, or silent, before any byte of an answer: another server may
// have the request. False if that may not be, and the exchange is as it was.
MUST_CHECK bool exchange_connect_elsewhere(
	struct exchange *exchange, enum exchange_failure failure);

// exchange_outcome.c

// May the group be asked? Else exchange->error_text says why not.
MUST_CHECK bool exchange_outcome_begin(struct exchange *exchange);
// The final head is there, or a 101 was accepted.
void exchange_outcome_answer(struct exchange *exchange, unsigned status);
// This server failed.
void exchange_outcome_error(struct exchange *exchange, enum exchange_failure failure);
// All that were tried failed.
void exchange_outcome_failure(struct exchange *exchange, enum exchange_failure failure);
// It waits for no answer any more.
void exchange_outcome_end(struct exchange *exchange);
// May the request be sent again? Counts it if so.
MUST_CHECK bool exchange_outcome_spend(struct exchange *exchange);

// exchange_wait.c

enum exchange_wait_result {
	EXCHANGE_WAIT_FOUND, // exchange->server is reserved
	EXCHANGE_WAIT_ON,    // for a place: exchange_connect_any is called again, or it
			     // fails
	EXCHANGE_WAIT_FULL,  // nobody may wait any more
	EXCHANGE_WAIT_NONE,
};
MUST_CHECK enum exchange_wait_result exchange_wait_for_server(struct exchange *exchange);
// Leaves the queue, if it is in one.
void exchange_wait_stop(struct exchange *exchange);
