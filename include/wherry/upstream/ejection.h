// SPDX-License-Identifier: MIT
// Passing over one server for a while because requests failed there: counts failures in a
// row, and knows how long. Pure; the caller says what time it is, and whether the group
// can do without the server. For all workers at once: what has not changed is not
// written.
#pragma once

#include <stdatomic.h>

#include "wherry/base/attributes.h"
#include "wherry/conf/conf_health.h"

enum ejection_kind {
	EJECTION_CONNECT, // nobody was there
	EJECTION_ERROR,   // no answer, or a bad one
};

// Zeroed at first.
struct ejection {
	_Atomic uint64_t until_ms;               // 0 = not ejected
	_Atomic uint64_t since_ms;               // start of the last one
	_Atomic uint32_t connect_errors, errors; // in a row
	_Atomic uint32_t count;                  // ejections in close succession
};

bool ejection_is_on(const struct ejection *ejection, uint64_t now);

// Is an answer a failure? status is that of the head, which came took_ms after the
// request; the answer to a WebSocket handshake should be 101.
bool ejection_is_failure(const struct conf_ejection *conf, unsigned status,
	bool is_handshake, uint64_t took_ms);

// A failure. True if it was one too many: then ejection_start, if the group permits.
MUST_CHECK bool ejection_note_failure(struct ejection *ejection,
	const struct conf_ejection *conf, enum ejection_kind kind, uint64_t now);
// For how long, in milliseconds; 0 if another thread was faster. The time doubles with
// each ejection that begins within conf->max_time_ms of the end of the last one.
MUST_CHECK uint64_t ejection_start(
	struct ejection *ejection, const struct conf_ejection *conf, uint64_t now);

void ejection_note_connected(struct ejection *ejection);
// A good answer to a request that was sent then: true if that ends an ejection, which
// must be older.
MUST_CHECK bool ejection_note_answer(
	struct ejection *ejection, uint64_t sent_ms, uint64_t now);
// Ends it, whatever failed: a check found that the server has come back.
void ejection_forgive(struct ejection *ejection);
