// SPDX-License-Identifier: MIT
// What the benchmark's backend says to what it hears on one connection: bytes in, bytes
// out, no I/O. It upgrades to a WebSocket that echoes every frame while it still arrives,
// answers GET /bytes/<offset> with a window of the pattern, and GET /counted with the
// text of a number that grows by one each time. It trusts its peers.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire.h"

enum {
	ANSWER_BODY_BYTES = 1024,
	ANSWER_HEAD_MAX = 8192
};

// Grows as needed; the bytes belong to it.
struct answer_output {
	uint8_t *bytes;
	size_t length;
	size_t capacity;
};

struct answer {
	bool is_websocket;
	bool is_finished;   // a Close was answered: end the connection
	bool is_discarding; // inside a Pong
	struct wire_header frame;
	uint64_t frame_left; // payload bytes still to come
};

// What all answers are made of.
struct answer_source {
	const uint8_t *pattern; // PATTERN_PERIOD + ANSWER_BODY_BYTES of it
	uint64_t counted;       // GET /counted so far
};

enum answer_result {
	ANSWER_OK,
	ANSWER_BAD,
	ANSWER_NO_MEMORY
};

// Appends the answer; ret_taken says how much of the input was used, the rest is to come
// again with more behind it.
enum answer_result answer_feed(struct answer *answer, const uint8_t *input, size_t length,
	struct answer_source *source, struct answer_output *output, size_t *ret_taken);
