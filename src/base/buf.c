// SPDX-License-Identifier: MIT
// A growing byte buffer whose failure is sticky.
#include "wherry/base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FIRST_CAPACITY = 256,
	DECIMAL_SIZE = 20, // digits of UINT64_MAX
};

// Room for length more bytes, or a failed buffer and false.
static bool reserve(struct buf *buf, size_t length)
{
	if (buf->is_failed)
		return false;
	if (length <= buf->capacity - buf->length)
		return true;
	if (length > BUF_LIMIT - buf->length) {
		buf->is_failed = true;
		return false;
	}

	size_t capacity = buf->capacity ? buf->capacity : FIRST_CAPACITY;
	while (capacity < buf->length + length)
		capacity *= 2; // stays below twice BUF_LIMIT
	char *data = realloc(buf->data, capacity);
	if (!data) {
		buf->is_failed = true;
		return false;
	}
	buf->data = data;
	buf->capacity = capacity;
	return true;
}

void buf_finish(struct buf *buf)
{
	free(buf->data);
	*buf = BUF_INIT;
}

void buf_reserve(struct buf *buf, size_t length)
{
	(void)reserve(buf, length); // a failure is sticky
}

void buf_clear(struct buf *buf)
{
	buf->length = 0;
	buf->is_failed = false;
}

void buf_append(struct buf *buf, const void *data, size_t length)
{
	if (length == 0 || !reserve(buf, length))
		return;
	memcpy(buf->data + buf->length, data, length);
	buf->length += length;
}

void buf_append_str(struct buf *buf, struct str s)
{
	buf_append(buf, s.data, s.length);
}

void buf_append_u64(struct buf *buf, uint64_t value)
{
	char digits[DECIMAL_SIZE];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	buf_append(buf, digits + at, sizeof(digits) - at);
}

static void append_formatted(struct buf *buf, const char *format, va_list arguments)
	PRINTF_LIKE(2, 0);

static void append_formatted(struct buf *buf, const char *format, va_list arguments)
{
	va_list again;

	va_copy(again, arguments);
	int length = vsnprintf(NULL, 0, format, arguments);
	if (length < 0) {
		buf->is_failed = true;
	} else if (reserve(buf, (size_t)length + 1)) {
		// Its NUL lands behind the content and is not counted.
		(void)vsnprintf(
			buf->data + buf->length, (size_t)length + 1, format, again);
		buf->length += (size_t)length;
	}
	va_end(again);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	append_formatted(buf, format, arguments);
	va_end(arguments);
}

struct str buf_str(const struct buf *buf)
{
	return (struct str){buf->data, buf->length};
}
