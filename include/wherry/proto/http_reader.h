// SPDX-License-Identifier: MIT
// Reads HTTP/1 messages of one direction of one connection, pull by pull: head, pieces of
// body, end. http_scan, http_parse and http_chunk joined; no I/O, no memory of its own.
#pragma once

#include "wherry/proto/http_chunk.h"
#include "wherry/proto/http_scan.h"

enum http_reader_item {
	HTTP_READER_MORE, // needs more bytes than there are; call again with the rest and
			  // more
	HTTP_READER_HEAD, // *ret_message is filled, valid as long as the bytes are
	HTTP_READER_BODY, // reader->body is a piece of content, a slice of the bytes
	HTTP_READER_END,  // the message is over; the next call starts the next one. May
			  // come without new bytes: pull until MORE
	HTTP_READER_BAD, // reader->scan.status and .error say why; the connection is done
			 // for
};

struct http_reader {
	struct http_scan scan;
	enum {
		HTTP_READER_AT_HEAD,
		HTTP_READER_AT_BODY,
		HTTP_READER_AT_END,
		HTTP_READER_AT_ERROR
	} at;
	enum http_body_kind body_kind;
	bool is_disagreement; // after BAD: http_parse disagreed (counter
			      // parser_disagreement)
	uint64_t left; // of a body with a length
	struct http_chunk chunk;
	struct str body;
};

void http_reader_init(struct http_reader *reader, enum http_message_kind kind,
	struct http_scan_limits limits);

// data starts at the first byte not yet taken; *ret_taken says how many this call took (0
// while a head is incomplete, and *ret_message is then only scratch). After HEAD of a
// response the caller may call http_reader_no_body, before the next pull.
MUST_CHECK enum http_reader_item http_reader_next(struct http_reader *reader,
	const uint8_t *data, size_t length, struct http_message *ret_message,
	size_t *ret_taken);

// This response answers HEAD (1xx, 204 and 304 are known by themselves): no body follows,
// whatever its fields say.
void http_reader_no_body(struct http_reader *reader);

// The sender closed. True if that ends the message properly (an UNTIL_CLOSE body, or
// between messages with no byte of a next one).
bool http_reader_is_complete_at_eof(const struct http_reader *reader);
