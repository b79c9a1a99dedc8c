// SPDX-License-Identifier: MIT
// The strict gate: reads a head line by line as it arrives, each byte once, and refuses
// whatever two HTTP parsers could read differently (RFC 9112, and stricter). llhttp's
// answer is compared with this one's by http_parse; bodies are http_chunk's.
#pragma once

#include "wherry/proto/http_message.h"

struct http_scan_limits {
	size_t head_bytes; // default 32 KiB; below 4 GiB
	size_t line_bytes; // default 8 KiB, without its CRLF
};

#define HTTP_SCAN_LIMITS_DEFAULT ((struct http_scan_limits){32 * 1024, 8 * 1024})

enum http_scan_result {
	HTTP_SCAN_OK = 0,
	HTTP_SCAN_MORE,
	HTTP_SCAN_BAD
};

// Progress over a head that is not complete yet.
struct http_scan {
	struct http_scan_limits limits;
	enum http_message_kind kind;
	uint32_t line_start;  // offset of the line being read
	uint32_t searched;    // bytes already searched for its end
	uint32_t field_lines; // complete field lines seen
	bool has_start_line;
	unsigned status;   // after BAD: what to answer (400 414 417 431 501 505 ...; 502
			   // for responses)
	const char *error; // after BAD: what was wrong and what was expected; static
};

void http_scan_init(struct http_scan *scan, enum http_message_kind kind,
	struct http_scan_limits limits);

// head is all bytes of the message so far, from its first byte (the caller keeps them;
// the address may change between calls). OK: *ret_length is the head's length with its
// empty line, and *ret_message is filled with slices of head. MORE: call again with more
// bytes; *ret_message is then only scratch.
MUST_CHECK enum http_scan_result http_scan_feed(struct http_scan *scan, struct str head,
	struct http_message *ret_message, size_t *ret_length);
