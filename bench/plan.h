// SPDX-License-Identifier: MIT
// What a load generator's connections send and expect: a pure function of the
// connection's id and the message's number, so that nothing is copied or remembered.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "pattern.h"
#include "wire.h"

enum {
	PLAN_REQUEST_MAX = 64,
	PLAN_UPGRADE_MAX = 4096,
	PLAN_PIECES_PER_MESSAGE = 2
};

struct plan {
	bool is_http;
	size_t message_bytes; // of an echo's payload or a response's body
	struct pattern pattern;
	uint8_t frame_header[WIRE_HEADER_MAX]; // of every frame we send
	size_t frame_header_length;
	char upgrade[PLAN_UPGRADE_MAX]; // the request that opens a WebSocket
	size_t upgrade_length;
	char accept[WIRE_ACCEPT_SIZE];      // what the 101 must carry
	char (*requests)[PLAN_REQUEST_MAX]; // HTTP: one for each window of the pattern
};

// `headers` are more lines for the upgrade, each with its CRLF. False: out of memory, or
// they are too long.
bool plan_init(
	struct plan *plan, bool is_http, size_t message_bytes, const char *headers);
void plan_finish(struct plan *plan);

size_t plan_sent_length(const struct plan *plan, uint32_t id, uint64_t message);

// The wire bytes of a message but its first `skip`, which are fewer than its length;
// returns the number of pieces, which stay valid as long as the plan.
size_t plan_pieces(const struct plan *plan, uint32_t id, uint64_t message, size_t skip,
	struct iovec pieces[PLAN_PIECES_PER_MESSAGE]);

// The payload or body that must come back.
const uint8_t *plan_expected(const struct plan *plan, uint32_t id, uint64_t message);
