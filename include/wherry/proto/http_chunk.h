// SPDX-License-Identifier: MIT
// The chunked coding (RFC 9112 section 7.1), strictly: sizes of at most 16 hex digits,
// extensions bounded and dropped, CRLF only, trailers checked like a head and discarded.
#pragma once

#include "wherry/base/str.h"

enum http_chunk_result {
	HTTP_CHUNK_MORE, // all bytes used; more are needed
	HTTP_CHUNK_DATA, // *ret_data is a piece of content
	HTTP_CHUNK_END,  // the last trailer's empty line was read
	HTTP_CHUNK_BAD,  // chunk->error says why
};

struct http_chunk {
	uint64_t
		left; // bytes left of the current chunk's data; its size while being read
	const char *error;
	uint32_t extension_bytes; // of this chunk's size line
	uint32_t trailer_bytes;   // of all trailers
	uint8_t state;
	uint8_t digits;       // of the size
	uint8_t name_matched; // a trailer's name: bytes equal to "transfer-encoding"
};

void http_chunk_init(struct http_chunk *chunk);
// Uses up to length bytes; *ret_used says how many. May be called with any split.
MUST_CHECK enum http_chunk_result http_chunk_feed(struct http_chunk *chunk,
	const uint8_t *data, size_t length, size_t *ret_used, struct str *ret_data);
