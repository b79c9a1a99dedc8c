// SPDX-License-Identifier: MIT
#include "wherry/proto/http_chunk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

struct row {
	const char *name;
	struct str input;
	const char *output; // content, then "$" at the end, "!" if bad, "" if unfinished
};

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const struct row ROWS[] = {
	{"empty", STR("0\r\n\r\n"), "$"},
	{"zeros", STR("0000000000000000\r\n\r\n"), "$"},
	{"one chunk", STR("2\r\nab\r\n0\r\n\r\n"), "ab$"},
	{"chunks", STR("2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"), "abc$"},
	{"hex, both cases", STR("a\r\n0123456789\r\nB\r\nabcdefghijk\r\n0\r\n\r\n"),
		"0123456789abcdefghijk$"},
	{"16 digits", STR("0000000000000002\r\nab\r\n0\r\n\r\n"), "ab$"},
	{"CRLF as content", STR("4\r\n\r\n\r\n\r\n0\r\n\r\n"), "\r\n\r\n$"},
	{"unfinished size", STR("2"), ""},
	{"unfinished data", STR("2\r\na"), "a"},
	{"unfinished trailers", STR("0\r\nX: y\r\n"), ""},
	// Sizes (T08).
	{"size empty", STR("\r\nab\r\n"), "!"},
	{"size 17 digits", STR("00000000000000002\r\nab\r\n"), "!"},
	{"size 2^63-1", STR("7fffffffffffffff\r\nab"), "ab"},
	{"size 2^63", STR("8000000000000000\r\nab\r\n"), "!"},
	{"size 2^64-1", STR("ffffffffffffffff\r\nab\r\n"), "!"},
	{"size sign", STR("+2\r\nab\r\n"), "!"},
	{"size negative", STR("-0\r\n\r\n"), "!"},
	{"size 0x", STR("0x2\r\nab\r\n"), "!"},
	{"size underscore", STR("1_0\r\nab\r\n"), "!"},
	{"size not hex", STR("g\r\nab\r\n"), "!"},
	{"size SP before", STR(" 2\r\nab\r\n"), "!"},
	{"size SP behind", STR("2 \r\nab\r\n"), "!"},
	{"size HTAB behind", STR("2\t\r\nab\r\n"), "!"},
	{"size LF", STR("2\nab\r\n"), "!"},
	{"size CR", STR("2\rab\r\n"), "!"},
	{"size CR CR LF", STR("2\r\r\nab\r\n"), "!"},
	{"size NUL", STR("2\0\r\nab\r\n"), "!"},
	{"second size empty", STR("2\r\nab\r\n\r\n"), "ab!"},
	// Behind the data.
	{"data without CRLF", STR("2\r\nab0\r\n\r\n"), "ab!"},
	{"data LF", STR("2\r\nab\n0\r\n\r\n"), "ab!"},
	{"data CR X", STR("2\r\nab\rX0\r\n\r\n"), "ab!"},
	{"data two other bytes", STR("2\r\nabXX0\r\n\r\n"), "ab!"},
	{"data longer", STR("2\r\nabc\r\n0\r\n\r\n"), "ab!"},
	{"data shorter", STR("3\r\nab\r\n0\r\n\r\n"), "ab\r!"},
	// Extensions (T07, RFC 9112 section 7.1.1).
	{"extension name", STR("2;a\r\nab\r\n0\r\n\r\n"), "ab$"},
	{"extension value", STR("2;a=b\r\nab\r\n0;c\r\n\r\n"), "ab$"},
	{"extensions", STR("2;a;b=c;d=\"e\"\r\nab\r\n0\r\n\r\n"), "ab$"},
	{"extension quoted", STR("2;a=\"x;y \t\\\"\xff\"\r\nab\r\n0\r\n\r\n"), "ab$"},
	{"extension quoted empty", STR("2;a=\"\"\r\nab\r\n0\r\n\r\n"), "ab$"},
	{"extension empty", STR("2;\r\nab\r\n"), "!"},
	{"extensions empty", STR("2;;a\r\nab\r\n"), "!"},
	{"extension without a name", STR("2;=b\r\nab\r\n"), "!"},
	{"extension without a value", STR("2;a=\r\nab\r\n"), "!"},
	{"extension SP", STR("2; a=b\r\nab\r\n"), "!"},
	{"extension SP before ;", STR("2 ;a=b\r\nab\r\n"), "!"},
	{"extension SP at the end", STR("2;a \r\nab\r\n"), "!"},
	{"extension SP around =", STR("2;a =b\r\nab\r\n"), "!"},
	{"extension SP before the value", STR("2;a= b\r\nab\r\n"), "!"},
	{"extension two =", STR("2;a=b=c\r\nab\r\n"), "!"},
	{"extension LF", STR("2;a\nab\r\n"), "!"},
	{"extension value LF", STR("2;a=b\nab\r\n"), "!"},
	{"extension CR", STR("2;a\rxx\r\nab\r\n"), "!"},
	{"extension NUL", STR("2;a\0x\r\nab\r\n"), "!"},
	{"extension quoted CRLF", STR("2;a=\"\r\nab\r\n0\r\n\r\n"), "!"},
	{"extension quoted LF", STR("2;a=\"b\n\"\r\nab\r\n"), "!"},
	{"extension escaped LF", STR("2;a=\"\\\n\"\r\nab\r\n"), "!"},
	{"extension behind quotes", STR("2;a=\"b\"c\r\nab\r\n"), "!"},
	// Trailers (T09).
	{"trailers", STR("0\r\nX: y\r\nZ:\r\n\r\n"), "$"},
	{"trailer CL", STR("0\r\nContent-Length: 40\r\n\r\n"), "$"},
	{"trailer TE", STR("0\r\nTransfer-Encoding: chunked\r\n\r\n"), "!"},
	{"trailer TE, second", STR("0\r\nX: y\r\nTRANSFER-ENCODING: x\r\n\r\n"), "!"},
	{"trailer TE, folded name", STR("0\r\nTransfer_Encoding: x\r\n\r\n"), "!"},
	{"trailer like TE",
		STR("0\r\nTransfer-Encodings: x\r\nTransfer-: y\r\n"
		    "XTransfer-Encoding: z\r\n\r\n"),
		"$"},
	{"trailer folded", STR("0\r\nX: y\r\n z\r\n\r\n"), "!"},
	{"trailer folded by HTAB", STR("0\r\nX: y\r\n\tz\r\n\r\n"), "!"},
	{"trailer indented", STR("0\r\n X: y\r\n\r\n"), "!"},
	{"trailer LF", STR("0\r\nX: y\n\r\n"), "!"},
	{"trailer CR", STR("0\r\nX: y\rz\r\n\r\n"), "!"},
	{"trailer NUL", STR("0\r\nX: y\0\r\n\r\n"), "!"},
	{"trailer without a name", STR("0\r\n: y\r\n\r\n"), "!"},
	{"trailer without a colon", STR("0\r\nX\r\n\r\n"), "!"},
	{"trailer SP before the colon", STR("0\r\nX : y\r\n\r\n"), "!"},
	{"trailer is a request", STR("0\r\nGET /b HTTP/1.1\r\nHost: b\r\n\r\n"), "!"},
	{"end LF", STR("0\r\n\n"), "!"},
	{"end LF behind trailers", STR("0\r\nX: y\r\n\n"), "!"},
	{"end CR X", STR("0\r\n\rX"), "!"},
};

struct outcome {
	char text[64];
	size_t used;
};

// In one piece if cut is 0, byte by byte if it is SIZE_MAX, else in two.
static struct outcome run(struct str input, size_t cut)
{
	struct outcome outcome = {0};
	struct http_chunk chunk;
	size_t end = cut == SIZE_MAX ? 1 : cut == 0 ? input.length : cut;

	http_chunk_init(&chunk);
	for (;;) {
		struct str data = {NULL, 0};
		size_t used;
		size_t length = strlen(outcome.text);
		char *text = outcome.text + length;
		size_t room = sizeof(outcome.text) - length;
		enum http_chunk_result result = http_chunk_feed(&chunk,
			(const uint8_t *)input.data + outcome.used, end - outcome.used,
			&used, &data);

		outcome.used += used;
		switch (result) {
		case HTTP_CHUNK_DATA:
			cr_assert_gt(data.length, 0);
			(void)snprintf(text, room, "%.*s", STR_ARG(data));
			break;
		case HTTP_CHUNK_END:
			(void)snprintf(text, room, "$");
			return outcome;
		case HTTP_CHUNK_BAD:
			cr_expect_not_null(chunk.error);
			(void)snprintf(text, room, "!");
			return outcome;
		case HTTP_CHUNK_MORE:
			cr_assert_eq(outcome.used, end);
			if (end == input.length)
				return outcome;
			end = cut == SIZE_MAX ? end + 1 : input.length;
			break;
		}
	}
}

Test(http_chunk, decodes_or_refuses_however_cut)
{
	for (size_t i = 0; i < COUNT(ROWS); i++) {
		const struct row *row = &ROWS[i];
		struct outcome whole = run(row->input, 0);

		cr_expect_str_eq(
			whole.text, row->output, "%s: %s", row->name, whole.text);
		cr_expect_str_eq(run(row->input, SIZE_MAX).text, row->output,
			"%s, byte by byte", row->name);
		for (size_t cut = 1; cut < row->input.length; cut++) {
			struct outcome outcome = run(row->input, cut);
			cr_expect_str_eq(outcome.text, row->output, "%s, cut at %zu",
				row->name, cut);
			cr_expect_eq(outcome.used, whole.used, "%s, cut at %zu",
				row->name, cut);
		}
	}
}

Test(http_chunk, leaves_what_follows_the_end)
{
	struct str input = STR("2\r\nab\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n");
	struct outcome outcome = run(input, 0);

	cr_expect_str_eq(outcome.text, "ab$");
	cr_expect_eq(outcome.used, 12);
}

// before, then so many "a", then after.
static struct outcome run_filled(struct str before, size_t count, struct str after)
{
	size_t length = before.length + count + after.length;
	char *text = malloc(length);

	cr_assert(text);
	memcpy(text, before.data, before.length);
	memset(text + before.length, 'a', count);
	memcpy(text + before.length + count, after.data, after.length);
	struct outcome outcome = run((struct str){text, length}, 0);
	struct outcome bytewise = run((struct str){text, length}, SIZE_MAX);
	cr_expect_str_eq(bytewise.text, outcome.text);
	free(text);
	return outcome;
}

Test(http_chunk, limits_extensions)
{
	struct str after = STR("\r\n\r\n");

	cr_expect_str_eq(run_filled(STR("0;"), 255, after).text, "$");
	cr_expect_str_eq(run_filled(STR("0;"), 256, after).text, "!");
	cr_expect_str_eq(run_filled(STR("0;a=\""), 252, STR("\"\r\n\r\n")).text, "!");
	// Each line has its own limit.
	cr_expect_str_eq(
		run_filled(STR("1;"), 250, STR("\r\nx\r\n0;bbbbbbbbbb\r\n\r\n")).text,
		"x$");
}

Test(http_chunk, limits_trailers)
{
	struct str after = STR("\r\n\r\n");

	cr_expect_str_eq(run_filled(STR("0\r\nX: "), 8000, after).text, "$");
	cr_expect_str_eq(run_filled(STR("0\r\nX: "), 8190, after).text, "!");
	cr_expect_str_eq(run_filled(STR("0\r\n"), 9000, STR("")).text, "!");
}
