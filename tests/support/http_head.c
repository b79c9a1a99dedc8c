// SPDX-License-Identifier: MIT
// Lines to a head, by the strict scanner itself.
#include "http_head.h"

#include <string.h>

#include <criterion/criterion.h>

#include "wherry/proto/http_scan.h"

void http_head_read(
	struct http_head *head, enum http_message_kind kind, const char *lines)
{
	struct http_scan scan;
	size_t length = 0, head_length = 0;

	cr_assert_leq(2 * strlen(lines) + 2, (size_t)HTTP_HEAD_SIZE);
	for (; *lines; lines++) {
		if (*lines == '\n')
			head->text[length++] = '\r';
		head->text[length++] = *lines;
	}
	memcpy(head->text + length, "\r\n", 2);
	length += 2;
	http_scan_init(&scan, kind, HTTP_SCAN_LIMITS_DEFAULT);
	enum http_scan_result result = http_scan_feed(
		&scan, (struct str){head->text, length}, &head->message, &head_length);
	cr_assert_eq(
		result, HTTP_SCAN_OK, "%s: %.*s", scan.error, (int)length, head->text);
	cr_assert_eq(head_length, length);
}
