// SPDX-License-Identifier: MIT
// A growing byte buffer for building heads, log lines and pages. Failure is sticky: once
// an append finds no memory, or the limit is passed, the buffer stays failed and further
// appends do nothing, so that a builder checks once, at its end.
#pragma once

#include <stdarg.h>

#include "wherry/base/str.h"

struct buf {
	char *data;
	size_t length;
	size_t capacity;
	bool is_failed;
};

#define BUF_INIT ((struct buf){0})

// Longest content; an append that would pass it fails the buffer.
enum {
	BUF_LIMIT = 16 << 20
};

void buf_finish(struct buf *buf);
// Keeps the memory, forgets the content and a failure.
void buf_clear(struct buf *buf);

// Makes room for length more bytes at once, where they would come piece by piece.
void buf_reserve(struct buf *buf, size_t length);
void buf_append(struct buf *buf, const void *data, size_t length);
void buf_append_str(struct buf *buf, struct str s);
// Decimal.
void buf_append_u64(struct buf *buf, uint64_t value);
// Needs room for a NUL as well, which is not part of the content.
void buf_printf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);

// The content as a slice, valid until the next append.
struct str buf_str(const struct buf *buf);
