// SPDX-License-Identifier: MIT
#include "wherry/proto/proxy_header.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"

static struct addr parse(const char *text)
{
	struct addr addr = {0};
	if (text)
		cr_assert(addr_parse(str_from(text), &addr), "%s", text);
	return addr;
}

static const struct {
	const char *source, *destination;
	struct str v1, v2;
} ROWS[] = {
	{"192.0.2.1:56324", "198.51.100.7:443",
		STR("PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n"),
		STR(SIGNATURE "\x21\x11\x00\x0c"
			      "\xc0\0\2\1\xc6\x33\x64\x07\xdc\x04\x01\xbb")},
	{"[2001:db8::1]:65535", "[2001:db8::2]:0",
		STR("PROXY TCP6 2001:db8::1 2001:db8::2 65535 0\r\n"),
		STR(SIGNATURE "\x21\x21\x00\x24"
			      "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
			      "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02"
			      "\xff\xff\0\0")},
	{"[::ffff:192.0.2.1]:1", "[::1]:2",
		STR("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n"),
		STR(SIGNATURE "\x21\x21\x00\x24"
			      "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1"
			      "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"
			      "\0\1\0\2")},
	// Nothing that both ends agree on.
	{"192.0.2.1:1", "[::1]:2", STR("PROXY UNKNOWN\r\n"),
		STR(SIGNATURE "\x21\x00\x00\x00")},
	{NULL, NULL, STR("PROXY UNKNOWN\r\n"), STR(SIGNATURE "\x21\x00\x00\x00")},
	{"192.0.2.1:1", NULL, STR("PROXY UNKNOWN\r\n"),
		STR(SIGNATURE "\x21\x00\x00\x00")},
};

Test(proxy_header_write, writes_both_versions)
{
	for (size_t i = 0; i < COUNT(ROWS); i++) {
		uint8_t out[PROXY_HEADER_WRITE_MAX];
		struct addr source = parse(ROWS[i].source);
		struct addr destination = parse(ROWS[i].destination);
		size_t length = proxy_header_write_v1(&source, &destination, out);
		cr_assert_eq(length, ROWS[i].v1.length, "row %zu", i);
		cr_expect_arr_eq(out, ROWS[i].v1.data, length, "row %zu", i);
		length = proxy_header_write_v2(&source, &destination, NULL, out);
		cr_assert_eq(length, ROWS[i].v2.length, "row %zu", i);
		cr_expect_arr_eq(out, ROWS[i].v2.data, length, "row %zu", i);
	}
}

Test(proxy_header_write, writes_what_is_read_back)
{
	static const char *const addresses[] = {
		"192.0.2.1:56324",
		"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
		"unix:/run/a.sock",
	};
	for (size_t i = 0; i < COUNT(addresses); i++) {
		uint8_t out[PROXY_HEADER_WRITE_MAX];
		struct addr addr = parse(addresses[i]);
		struct proxy_header header;
		const char *error = NULL;
		size_t length = proxy_header_write_v1(&addr, &addr, out);
		cr_assert_eq(proxy_header_read(out, length, &header, &error),
			PROXY_HEADER_OK, "%s", error);
		cr_expect_eq(header.length, length);
		cr_expect(addr_is_unix(&addr) || addr_equal(&header.source, &addr));
		length = proxy_header_write_v2(&addr, &addr, NULL, out);
		cr_assert_eq(proxy_header_read(out, length, &header, &error),
			PROXY_HEADER_OK, "%s", error);
		cr_expect_eq(header.length, length);
		cr_expect(addr_equal(&header.source, &addr), "%s", addresses[i]);
		cr_expect(addr_equal(&header.destination, &addr), "%s", addresses[i]);
	}
}

Test(proxy_header_write, calls_unnamed_sockets_by_no_path)
{
	uint8_t out[PROXY_HEADER_WRITE_MAX];
	struct addr unnamed = {.length = sizeof(sa_family_t)};
	unnamed.local.sun_family = AF_UNIX;
	struct addr named = parse("unix:/run/a.sock");
	struct proxy_header header;
	const char *error = NULL;
	size_t length = proxy_header_write_v2(&unnamed, &named, NULL, out);
	cr_assert_eq(length, 16 + 216);
	cr_assert_eq(proxy_header_read(out, length, &header, &error), PROXY_HEADER_OK);
	cr_expect(addr_equal(&header.source, &unnamed));
	cr_expect(addr_equal(&header.destination, &named));
}

Test(proxy_header_write, tells_about_tls)
{
	static const struct str expected =
		STR(SIGNATURE "\x21\x11\x00\x41"
			      "\xc0\0\2\1\xc6\x33\x64\x07\xdc\x04\x01\xbb"
			      "\1\0\x08http/1.1"
			      "\2\0\6a.test"
			      "\x20\0\x1e\7\0\0\0\0"
			      "\x21\0\7TLSv1.3"
			      "\x23\0\6CIPHER"
			      "\x22\0\3joe");
	struct proxy_header_tls tls = {
		.version = STR("TLSv1.3"),
		.cipher = STR("CIPHER"),
		.server_name = STR("a.test"),
		.alpn = STR("http/1.1"),
		.common_name = STR("joe"),
		.has_certificate = true,
	};
	uint8_t out[PROXY_HEADER_WRITE_MAX];
	struct addr source = parse("192.0.2.1:56324");
	struct addr destination = parse("198.51.100.7:443");
	struct proxy_header header;
	const char *error = NULL;
	size_t length = proxy_header_write_v2(&source, &destination, &tls, out);
	cr_assert_eq(length, expected.length);
	cr_expect_arr_eq(out, expected.data, length);
	cr_assert_eq(proxy_header_read(out, length, &header, &error), PROXY_HEADER_OK);
	cr_expect(header.is_tls);

	tls = (struct proxy_header_tls){.version = STR("TLSv1.2")};
	length = proxy_header_write_v2(&source, &destination, &tls, out);
	cr_expect_arr_eq(out + 28, "\x20\0\x0f\1\0\0\0\1\x21\0\7TLSv1.2", 18);
	cr_expect_eq(length, 28 + 18);
}

Test(proxy_header_write, has_room_for_the_longest_texts)
{
	char text[256];
	memset(text, 'x', sizeof(text));
	struct str longest = {text, 255};
	struct proxy_header_tls tls = {longest, longest, longest, longest, longest, true};
	struct addr addr = parse("unix:/x");
	uint8_t *out = malloc(PROXY_HEADER_WRITE_MAX);
	cr_assert(out);
	struct proxy_header header;
	const char *error = NULL;
	size_t length = proxy_header_write_v2(&addr, &addr, &tls, out);
	cr_expect_eq(length, 16 + 216 + 5 * 258 + 8);
	cr_expect_eq(proxy_header_read(out, length, &header, &error), PROXY_HEADER_OK,
		"%s", error);

	struct str too_long = {text, 256};
	tls = (struct proxy_header_tls){
		too_long, too_long, too_long, too_long, too_long, true};
	length = proxy_header_write_v2(&addr, &addr, &tls, out);
	cr_expect_eq(length, 16 + 216 + 8);
	free(out);
}

Test(proxy_header_write, says_that_there_is_no_client)
{
	uint8_t out[PROXY_HEADER_WRITE_MAX];

	cr_assert_eq(proxy_header_write_local(false, out), 15);
	cr_expect_arr_eq(out, "PROXY UNKNOWN\r\n", 15);
	cr_assert_eq(proxy_header_write_local(true, out), 16);
	cr_expect_arr_eq(out, SIGNATURE "\x20\x00\x00\x00", 16);
}
