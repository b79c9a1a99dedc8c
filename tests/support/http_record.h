// SPDX-License-Identifier: MIT
// Feeds an http_reader as a network would, in pieces whose memory moves and ends where
// the bytes end, and records what comes out as text, so that two ways of cutting compare.
// What does not fit is cut off.
#pragma once

#include "wherry/proto/http_reader.h"

struct http_record {
	// "(GET /x)" a head, "abc" content, ";" the end, "!400" refused, "$" complete at
	// the sender's close.
	char text[2048];
	// The last head: "GET /x host=a chunked close | Host: a | ~Connection: close".
	char facts[4096];
	unsigned status; // of BAD, else 0
	const char *error;
	size_t taken; // bytes
	bool is_disagreement;
	bool is_websocket_upgrade; // of the last head; nothing is read behind it
	bool is_keep_alive;        // of the last head
};

enum {
	HTTP_RECORD_WHOLE = 0 // one piece
};

// first: length of the first piece; then pieces of step bytes, or all the rest.
struct http_record http_record_run(
	enum http_message_kind kind, struct str bytes, size_t first, size_t step);

// As one piece; and checks with cr_expect that byte by byte and cut in two at every point
// (of long inputs, at some) the same comes out.
struct http_record http_record_run_all(
	enum http_message_kind kind, struct str bytes, const char *name);
