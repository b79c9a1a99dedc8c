// SPDX-License-Identifier: MIT
// Builds heads from parsed or fixed parts, into a buf. No byte of a received head is
// copied but names and values that http_scan accepted.
#pragma once

#include "wherry/base/buf.h"
#include "wherry/proto/http_message.h"

void http_write_request_line(struct buf *buf, struct str method, struct str target);
// reason may be empty: the standard phrase is then used. Always HTTP/1.1.
void http_write_status_line(struct buf *buf, unsigned status, struct str reason);
void http_write_field(struct buf *buf, struct str name, struct str value);
void http_write_field_u64(struct buf *buf, struct str name, uint64_t value);
void http_write_end(struct buf *buf); // the empty line

// "Date: ..." of now (RFC 9110 section 6.6.1).
void http_write_date(struct buf *buf);
// The same of that time, in milliseconds since 1970-01-01 UTC.
void http_write_date_at(struct buf *buf, uint64_t calendar_ms);

// The size line before a chunk of length bytes (at least 1), into text. Returns its
// length.
enum {
	HTTP_WRITE_CHUNK_SIZE = 20
};
size_t http_write_chunk_size(char text[HTTP_WRITE_CHUNK_SIZE], size_t length);

// The standard phrase; "Unknown" for a status without one.
struct str http_write_reason(unsigned status);
