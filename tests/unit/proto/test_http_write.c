// SPDX-License-Identifier: MIT
#include "wherry/proto/http_write.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <criterion/criterion.h>

#include "wherry/base/now.h"

static void expect_content(struct buf *buf, struct str expected)
{
	cr_expect(str_equal(buf_str(buf), expected), "%.*s", STR_ARG(buf_str(buf)));
	buf_finish(buf);
}

Test(http_write, writes_a_request_head)
{
	struct buf buf = BUF_INIT;

	http_write_request_line(&buf, STR("GET"), STR("/x?y"));
	http_write_field(&buf, STR("Host"), STR("a:80"));
	http_write_field(&buf, STR("X"), STR(""));
	http_write_field_u64(&buf, STR("Content-Length"), UINT64_MAX);
	http_write_end(&buf);
	expect_content(&buf, STR("GET /x?y HTTP/1.1\r\nHost: a:80\r\nX: \r\n"
				 "Content-Length: 18446744073709551615\r\n\r\n"));
}

Test(http_write, writes_status_lines)
{
	struct buf buf = BUF_INIT;

	http_write_status_line(&buf, 200, STR("Fine"));
	http_write_status_line(&buf, 404, STR(""));
	http_write_status_line(&buf, 599, STR(""));
	expect_content(&buf, STR("HTTP/1.1 200 Fine\r\nHTTP/1.1 404 Not Found\r\n"
				 "HTTP/1.1 599 Unknown\r\n"));
}

Test(http_write, knows_reasons)
{
	cr_expect(str_equal(http_write_reason(100), STR("Continue")));
	cr_expect(str_equal(http_write_reason(200), STR("OK")));
	cr_expect(str_equal(
		http_write_reason(431), STR("Request Header Fields Too Large")));
	cr_expect(str_equal(
		http_write_reason(511), STR("Network Authentication Required")));
	for (unsigned status = 0; status < 1000; status++)
		cr_expect_gt(http_write_reason(status).length, 0, "%u", status);
	cr_expect(str_equal(http_write_reason(99), STR("Unknown")));
	cr_expect(str_equal(http_write_reason(299), STR("Unknown")));
	cr_expect(str_equal(http_write_reason(512), STR("Unknown")));
	cr_expect(str_equal(http_write_reason(UINT32_MAX), STR("Unknown")));
}

Test(http_write, writes_chunk_sizes_in_hex)
{
	static const struct {
		size_t length;
		const char *text;
	} rows[] = {{1, "1\r\n"}, {15, "f\r\n"}, {16, "10\r\n"}, {255, "ff\r\n"},
		{65536, "10000\r\n"}, {0xabcdef, "abcdef\r\n"}, {SIZE_MAX, NULL}};
	char text[HTTP_WRITE_CHUNK_SIZE];
	char expected[32];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t length = http_write_chunk_size(text, rows[i].length);

		(void)snprintf(expected, sizeof(expected), "%zx\r\n", rows[i].length);
		cr_expect_eq(length, strlen(expected));
		cr_expect_eq(memcmp(text, expected, length), 0, "%s", expected);
		if (rows[i].text)
			cr_expect_str_eq(expected, rows[i].text);
	}
}

// What the C library writes for that second, with the C locale of a test.
static void library_date(char text[64], uint64_t at_ms)
{
	time_t at = (time_t)(at_ms / 1000);
	struct tm parts;

	cr_assert(gmtime_r(&at, &parts));
	cr_assert(strftime(text, 64, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts));
}

Test(http_write, writes_dates_as_the_library_does)
{
	// A step of 7 hours, 13 minutes and 11 seconds less than 50 days, to 2110.
	const uint64_t step_ms = (uint64_t)50 * 24 * 3600 * 1000 - 25991000;
	const uint64_t end_ms = UINT64_C(4417977600000);
	char expected[64];

	for (uint64_t at_ms = 0; at_ms < end_ms; at_ms += step_ms) {
		struct buf buf = BUF_INIT;
		library_date(expected, at_ms);
		http_write_date_at(&buf, at_ms);
		expect_content(&buf, str_from(expected));
	}
}

Test(http_write, writes_leap_days)
{
	static const struct {
		uint64_t at_s;
		struct str text;
	} rows[] = {
		{0, STR("Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n")},
		{784111777, STR("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n")},
		{951782399, STR("Date: Mon, 28 Feb 2000 23:59:59 GMT\r\n")},
		{951782400, STR("Date: Tue, 29 Feb 2000 00:00:00 GMT\r\n")},
		{951868800, STR("Date: Wed, 01 Mar 2000 00:00:00 GMT\r\n")},
		{1735689599, STR("Date: Tue, 31 Dec 2024 23:59:59 GMT\r\n")},
		{4107542399, STR("Date: Sun, 28 Feb 2100 23:59:59 GMT\r\n")},
		{4107542400, STR("Date: Mon, 01 Mar 2100 00:00:00 GMT\r\n")},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf buf = BUF_INIT;
		http_write_date_at(&buf, rows[i].at_s * 1000 + 999);
		expect_content(&buf, rows[i].text);
	}
}

Test(http_write, writes_the_date_of_now)
{
	struct buf buf = BUF_INIT;
	char before[64];
	char after[64];

	library_date(before, now_calendar_ms());
	http_write_date(&buf);
	library_date(after, now_calendar_ms());
	cr_expect(str_equal(buf_str(&buf), str_from(before)) ||
			  str_equal(buf_str(&buf), str_from(after)),
		"%.*s", STR_ARG(buf_str(&buf)));
	buf_finish(&buf);
}
