// SPDX-License-Identifier: MIT
// Whether a group of servers is asked at all: not while too many requests wait for its
// answer, and not for a while after too many in a row had none. Then one request is let
// in to try. Pure, and for all workers at once; without limits nothing is written.
#pragma once

#include <stdatomic.h>

#include "wherry/base/attributes.h"
#include "wherry/conf/conf_health.h"

// Zeroed, it lets everybody in.
struct circuit {
	_Atomic uint64_t pending;  // requests that were let in and wait for an answer
	_Atomic uint64_t failures; // requests in a row that had none
	_Atomic uint64_t open_until_ms; // 0 = closed; after that time one is let in
};

enum circuit_verdict {
	CIRCUIT_PASS = 0,
	CIRCUIT_OPEN, // nobody answered lately
	CIRCUIT_FULL, // too much is under way
};

// active is how many requests and WebSockets the group has now. PASS counts as pending
// until circuit_leave.
MUST_CHECK enum circuit_verdict circuit_enter(struct circuit *circuit,
	const struct conf_circuit *conf, uint64_t active, uint64_t now);
void circuit_leave(struct circuit *circuit, const struct conf_circuit *conf);

// Nobody, or one who tries, is let in.
bool circuit_is_open(const struct circuit *circuit);

// A server of the group has answered, whatever it said; true if that closes the circuit.
MUST_CHECK bool circuit_note_answer(struct circuit *circuit);
// None has; true if that opens it, which it was not before.
MUST_CHECK bool circuit_note_failure(
	struct circuit *circuit, const struct conf_circuit *conf, uint64_t now);
