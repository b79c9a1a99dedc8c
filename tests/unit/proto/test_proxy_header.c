// SPDX-License-Identifier: MIT
#include "wherry/proto/proxy_header.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
// 192.0.2.1:56324 to 198.51.100.7:443
#define FOUR "\xc0\0\2\1\xc6\x33\x64\x07\xdc\x04\x01\xbb"
#define FOUR_FACTS "192.0.2.1:56324 to 198.51.100.7:443"
#define SIX                                                                              \
	"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"                                     \
	"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02"                                     \
	"\xff\xff\0\0"
#define ZERO_12 "\0\0\0\0\0\0\0\0\0\0\0\0"
#define ZERO_96 ZERO_12 ZERO_12 ZERO_12 ZERO_12 ZERO_12 ZERO_12 ZERO_12 ZERO_12
#define UNIX_PATH "/run/a.sock\0" ZERO_96 // 108 bytes
#define NO_PATH ZERO_12 ZERO_96
#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN

struct good {
	const char *name;
	struct str bytes;
	const char *facts; // "source to destination", or "own"
};

static const struct good GOOD[] = {
	// v1
	{"TCP4", STR("PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n"), FOUR_FACTS},
	{"TCP4 extremes", STR("PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n"),
		"255.255.255.255:65535 to 0.0.0.0:0"},
	{"TCP6", STR("PROXY TCP6 2001:db8::1 2001:DB8::2 65535 1\r\n"),
		"[2001:db8::1]:65535 to [2001:db8::2]:1"},
	{"TCP6 longest",
		STR("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
		    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
		"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535 to "
		"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"},
	{"TCP6 mapped", STR("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n"),
		"192.0.2.1:1 to [::1]:2"},
	{"UNKNOWN", STR("PROXY UNKNOWN\r\n"), "own"},
	{"UNKNOWN, the rest is ignored", STR("PROXY UNKNOWN TCP4 1 \x01\xff\r\n"), "own"},
	{"UNKNOWN, 107 bytes",
		STR("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
		    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
		"own"},
	// v2
	{"LOCAL", STR(SIGNATURE "\x20\x00\x00\x00"), "own"},
	{"LOCAL with addresses to skip", STR(SIGNATURE "\x20\x11\x00\x0c" FOUR), "own"},
	{"LOCAL with any block", STR(SIGNATURE "\x20\xff\x00\x03xyz"), "own"},
	{"unspecified", STR(SIGNATURE "\x21\x00\x00\x00"), "own"},
	{"unspecified with a block", STR(SIGNATURE "\x21\x00\x00\x02zz"), "own"},
	{"TCP over IPv4", STR(SIGNATURE "\x21\x11\x00\x0c" FOUR), FOUR_FACTS},
	{"TCP over IPv6", STR(SIGNATURE "\x21\x21\x00\x24" SIX),
		"[2001:db8::1]:65535 to [2001:db8::2]:0"},
	{"UNIX stream", STR(SIGNATURE "\x21\x31\x00\xd8" UNIX_PATH NO_PATH),
		"unix:/run/a.sock to unix:"},
	{"padding", STR(SIGNATURE "\x21\x11\x00\x15" FOUR "\4\0\0\4\0\3abc"), FOUR_FACTS},
	{"authority",
		STR(SIGNATURE "\x21\x11\x00\x14" FOUR "\2\0\5"
			      "12345"),
		FOUR_FACTS},
	{"ALPN, namespace, unknown ones twice",
		STR(SIGNATURE "\x21\x11\x00\x20" FOUR
			      "\1\0\2h2\x30\0\1n\xea\0\1\1\xea\0\0\x40\0\1x"),
		FOUR_FACTS},
	{"unique id of 128 bytes",
		STR(SIGNATURE "\x21\x11\x00\x8f" FOUR "\5\0\x80" FIFTY FIFTY TEN TEN
			      "12345678"),
		FOUR_FACTS},
	{"checksum", STR(SIGNATURE "\x21\x11\x00\x13" FOUR "\3\0\4\xd4\x5a\x11\xb9"),
		FOUR_FACTS},
	{"checksum between others",
		STR(SIGNATURE "\x21\x11\x00\x22" FOUR
			      "\4\0\3pad\3\0\4\x15\xf2\x86\x56\2\0\6a.test"),
		FOUR_FACTS},
	{"TLS",
		STR(SIGNATURE "\x21\x11\x00\x1e" FOUR
			      "\x20\0\x0f\1\0\0\0\0\x21\0\7TLSv1.3"),
		FOUR_FACTS " over TLS"},
	{"TLS entry that says no TLS",
		STR(SIGNATURE "\x21\x11\x00\x14" FOUR "\x20\0\5\0\0\0\0\1"), FOUR_FACTS},
};

static const struct {
	const char *name;
	struct str bytes;
	const char *error;
} BAD[] = {
	{"a request", STR("GET / HTTP/1.1\r\n\r\n"),
		"does not begin with a PROXY header"},
	{"a request's first byte", STR("G"), "does not begin with a PROXY header"},
	{"a request like it", STR("PROXYFY / HTTP/1.1\r\n"),
		"does not begin with a PROXY header"},
	{"lower case", STR("proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n"),
		"does not begin with a PROXY header"},
	{"TLS", STR("\x16\x03\x01\x02\x00"), "does not begin with a PROXY header"},
	{"CRLF first", STR("\r\nPROXY UNKNOWN\r\n"),
		"does not begin with a PROXY header"},
	{"signature broken at its end", STR("\r\n\r\n\0\r\nQUIT\r"),
		"does not begin with a PROXY header"},
	// v1
	{"HTAB for SP", STR("PROXY\tTCP4 1.2.3.4 1.2.3.4 1 2\r\n"),
		"does not begin with a PROXY header"},
	{"nothing behind PROXY", STR("PROXY \r\n"), "v1: no protocol"},
	{"two SP", STR("PROXY  TCP4 1.2.3.4 1.2.3.4 1 2\r\n"), "v1: no protocol"},
	{"LF alone", STR("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n"), "v1: ends without CR"},
	{"LF first", STR("PROXY \n"), "v1: ends without CR"},
	{"CR inside", STR("PROXY TCP4 1.2.3.4 1.2.3.4 1\r 2\r\n"),
		"v1: CR inside of the line"},
	{"CR inside of UNKNOWN", STR("PROXY UNKNOWN\r\r\n"), "v1: CR inside of the line"},
	{"108 bytes",
		STR("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
		    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 655350\r\n"),
		"v1: longer than 107 bytes"},
	{"no end", STR("PROXY UNKNOWN " FIFTY FIFTY FIFTY), "v1: longer than 107 bytes"},
	{"UDP4", STR("PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n"),
		"v1: protocol is none of TCP4, TCP6, UNKNOWN"},
	{"tcp4", STR("PROXY tcp4 1.2.3.4 1.2.3.4 1 2\r\n"),
		"v1: protocol is none of TCP4, TCP6, UNKNOWN"},
	{"UNKNOWNS", STR("PROXY UNKNOWNS\r\n"),
		"v1: protocol is none of TCP4, TCP6, UNKNOWN"},
	{"no addresses", STR("PROXY TCP4\r\n"), "v1: not two addresses and two ports"},
	{"one address", STR("PROXY TCP4 1.2.3.4\r\n"),
		"v1: not two addresses and two ports"},
	{"one port", STR("PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n"),
		"v1: not two addresses and two ports"},
	{"a word too many", STR("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n"),
		"v1: not two addresses and two ports"},
	{"SP at the end", STR("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n"),
		"v1: not two addresses and two ports"},
	{"two SP between addresses", STR("PROXY TCP4 1.2.3.4  1.2.3.4 1 2\r\n"),
		"v1: not two addresses and two ports"},
	{"port 65536", STR("PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n"), "v1: bad port"},
	{"port 080", STR("PROXY TCP4 1.2.3.4 1.2.3.4 1 080\r\n"), "v1: bad port"},
	{"port -1", STR("PROXY TCP4 1.2.3.4 1.2.3.4 -1 2\r\n"), "v1: bad port"},
	{"port +1", STR("PROXY TCP4 1.2.3.4 1.2.3.4 +1 2\r\n"), "v1: bad port"},
	{"port 0x1", STR("PROXY TCP4 1.2.3.4 1.2.3.4 0x1 2\r\n"), "v1: bad port"},
	{"port with NUL", STR("PROXY TCP4 1.2.3.4 1.2.3.4 1\0 2\r\n"), "v1: bad port"},
	{"IPv4 with five parts", STR("PROXY TCP4 1.2.3.4.5 1.2.3.4 1 2\r\n"),
		"v1: bad address"},
	{"IPv4 with 256", STR("PROXY TCP4 1.2.3.256 1.2.3.4 1 2\r\n"), "v1: bad address"},
	{"IPv4 octal", STR("PROXY TCP4 1.2.3.04 1.2.3.4 1 2\r\n"), "v1: bad address"},
	{"IPv4 with NUL", STR("PROXY TCP4 1.2.3.4\0 1.2.3.4 1 2\r\n"), "v1: bad address"},
	{"IPv6 in TCP4", STR("PROXY TCP4 ::1 ::1 1 2\r\n"), "v1: bad address"},
	{"IPv4 in TCP6", STR("PROXY TCP6 ::1 1.2.3.4 1 2\r\n"), "v1: bad address"},
	{"IPv6 in brackets", STR("PROXY TCP6 [::1] ::1 1 2\r\n"), "v1: bad address"},
	{"IPv6 with a scope", STR("PROXY TCP6 fe80::1%lo ::1 1 2\r\n"),
		"v1: bad address"},
	{"a name", STR("PROXY TCP4 localhost 1.2.3.4 1 2\r\n"), "v1: bad address"},
	// v2
	{"version 1", STR(SIGNATURE "\x11\x11\x00\x0c" FOUR), "v2: version is not 2"},
	{"version 3", STR(SIGNATURE "\x31"), "v2: version is not 2"},
	{"command 2", STR(SIGNATURE "\x22\x11\x00\x0c" FOUR),
		"v2: command is neither LOCAL nor PROXY"},
	{"UDP over IPv4", STR(SIGNATURE "\x21\x12\x00\x0c" FOUR),
		"v2: not TCP over IPv4 or IPv6, nor a UNIX stream"},
	{"IPv4 without transport", STR(SIGNATURE "\x21\x10"),
		"v2: not TCP over IPv4 or IPv6, nor a UNIX stream"},
	{"transport without family", STR(SIGNATURE "\x21\x01"),
		"v2: not TCP over IPv4 or IPv6, nor a UNIX stream"},
	{"family 4", STR(SIGNATURE "\x21\x41"),
		"v2: not TCP over IPv4 or IPv6, nor a UNIX stream"},
	{"4097 bytes", STR(SIGNATURE "\x21\x11\x0f\xf1" FOUR),
		"v2: longer than 4096 bytes"},
	{"64 KiB of LOCAL", STR(SIGNATURE "\x20\x00\xff\xff"),
		"v2: longer than 4096 bytes"},
	{"no addresses", STR(SIGNATURE "\x21\x11\x00\x00"),
		"v2: too short for its addresses"},
	{"IPv4, a byte too few", STR(SIGNATURE "\x21\x11\x00\x0b" FOUR),
		"v2: too short for its addresses"},
	{"IPv6 with room for IPv4", STR(SIGNATURE "\x21\x21\x00\x0c" FOUR),
		"v2: too short for its addresses"},
	{"UNIX, a byte too few", STR(SIGNATURE "\x21\x31\x00\xd7" UNIX_PATH NO_PATH),
		"v2: too short for its addresses"},
	{"an entry of one byte", STR(SIGNATURE "\x21\x11\x00\x0d" FOUR "\4"),
		"v2: entry is longer than the header"},
	{"an entry of two bytes", STR(SIGNATURE "\x21\x11\x00\x0e" FOUR "\4\0"),
		"v2: entry is longer than the header"},
	{"an entry longer than the header",
		STR(SIGNATURE "\x21\x11\x00\x14" FOUR "\2\0\x0a"
			      "1234512345"),
		"v2: entry is longer than the header"},
	{"entries that end before the header",
		STR(SIGNATURE "\x21\x11\x00\x14" FOUR "\2\0\4"
			      "1234G"),
		"v2: entry is longer than the header"},
	{"an entry of 64 KiB", STR(SIGNATURE "\x21\x11\x00\x0f" FOUR "\xea\xff\xff"),
		"v2: entry is longer than the header"},
	{"empty authority", STR(SIGNATURE "\x21\x11\x00\x0f" FOUR "\2\0\0"),
		"v2: ALPN or authority is not 1 to 255 bytes long"},
	{"authority of 256 bytes",
		STR(SIGNATURE "\x21\x11\x01\x0f" FOUR
			      "\2\1\0" FIFTY FIFTY FIFTY FIFTY FIFTY "123456"),
		"v2: ALPN or authority is not 1 to 255 bytes long"},
	{"authority twice", STR(SIGNATURE "\x21\x11\x00\x14" FOUR "\2\0\1a\2\0\1b"),
		"v2: entry stands twice"},
	{"unique id of 129 bytes",
		STR(SIGNATURE "\x21\x11\x00\x90" FOUR "\5\0\x81" FIFTY FIFTY TEN TEN
			      "123456789"),
		"v2: unique id is longer than 128 bytes"},
	{"checksum of 3 bytes", STR(SIGNATURE "\x21\x11\x00\x12" FOUR "\3\0\3\0\0\0"),
		"v2: checksum is not 4 bytes long"},
	{"wrong checksum",
		STR(SIGNATURE "\x21\x11\x00\x13" FOUR "\3\0\4\xd4\x5a\x11\xb8"),
		"v2: wrong checksum"},
	{"checksum of other addresses",
		STR(SIGNATURE "\x21\x11\x00\x13\xc0\0\2\2\xc6\x33\x64\x07\xdc\x04\x01\xbb"
			      "\3\0\4\xd4\x5a\x11\xb9"),
		"v2: wrong checksum"},
	{"TLS entry of 4 bytes",
		STR(SIGNATURE "\x21\x11\x00\x13" FOUR "\x20\0\4\1\0\0\0"),
		"v2: TLS entry is too short"},
	{"TLS entry with a part that leaves it",
		STR(SIGNATURE "\x21\x11\x00\x1e" FOUR
			      "\x20\0\x0a\1\0\0\0\0\x21\0\7TLSv1.3"),
		"v2: TLS entry has a part longer than itself"},
	{"TLS twice",
		STR(SIGNATURE "\x21\x11\x00\x1c" FOUR
			      "\x20\0\5\1\0\0\0\0\x20\0\5\0\0\0\0\0"),
		"v2: entry stands twice"},
};

// An exact copy, so that the address sanitizer sees one byte too many.
static enum proxy_header_result read_copy(struct str bytes, size_t length,
	struct proxy_header *ret_header, const char **reterr_text)
{
	uint8_t *copy = malloc(length > 0 ? length : 1);
	cr_assert(copy);
	memcpy(copy, bytes.data, length);
	enum proxy_header_result result =
		proxy_header_read(copy, length, ret_header, reterr_text);
	free(copy);
	return result;
}

static void expect_same(const struct good *row, const struct proxy_header *header)
{
	char source[ADDR_TEXT_SIZE], destination[ADDR_TEXT_SIZE], facts[512];
	snprintf(facts, sizeof(facts), "%s to %s%s", addr_format(&header->source, source),
		addr_format(&header->destination, destination),
		header->is_tls ? " over TLS" : "");
	cr_expect_str_eq(header->has_addresses ? facts : "own", row->facts, "%s: %s",
		row->name, facts);
	cr_expect_eq(header->length, row->bytes.length, "%s", row->name);
}

// The stream lends what it kept, joined with what arrives next: so each split of a header
// shows the reader one of its beginnings, and then the whole.
Test(proxy_header, reads_good_ones_once_they_are_complete)
{
	for (size_t i = 0; i < COUNT(GOOD); i++) {
		const struct good *row = &GOOD[i];
		struct proxy_header header;
		const char *error = NULL;
		for (size_t length = 0; length < row->bytes.length; length++)
			cr_expect_eq(read_copy(row->bytes, length, &header, &error),
				PROXY_HEADER_MORE, "%s, %zu bytes", row->name, length);
		cr_assert_eq(read_copy(row->bytes, row->bytes.length, &header, &error),
			PROXY_HEADER_OK, "%s: %s", row->name, error);
		expect_same(row, &header);
	}
}

Test(proxy_header, leaves_what_is_behind_alone)
{
	static const char behind[] = "\2\0\5"
				     "54321GET / HTTP/1.1\r\n\r\nPROXY UNKNOWN\r\n";
	for (size_t i = 0; i < COUNT(GOOD); i++) {
		const struct good *row = &GOOD[i];
		struct proxy_header header;
		const char *error = NULL;
		uint8_t bytes[1024];
		memcpy(bytes, row->bytes.data, row->bytes.length);
		memcpy(bytes + row->bytes.length, behind, sizeof(behind));
		for (size_t more = 0; more <= sizeof(behind); more++) {
			cr_assert_eq(proxy_header_read(bytes, row->bytes.length + more,
					     &header, &error),
				PROXY_HEADER_OK, "%s: %s", row->name, error);
			expect_same(row, &header);
		}
	}
}

// From the first beginning that can't become a header on, the answer stays.
Test(proxy_header, refuses_bad_ones_and_says_why)
{
	for (size_t i = 0; i < COUNT(BAD); i++) {
		struct proxy_header header;
		const char *first_error = NULL;
		for (size_t length = 0; length <= BAD[i].bytes.length; length++) {
			const char *error = NULL;
			enum proxy_header_result result =
				read_copy(BAD[i].bytes, length, &header, &error);
			cr_expect_neq(result, PROXY_HEADER_OK, "%s", BAD[i].name);
			if (first_error)
				cr_expect_eq(result, PROXY_HEADER_BAD, "%s, %zu bytes",
					BAD[i].name, length);
			if (result == PROXY_HEADER_BAD && !first_error)
				first_error = error;
			if (result == PROXY_HEADER_BAD)
				cr_expect_str_eq(error, BAD[i].error, "%s: %s, %zu bytes",
					BAD[i].name, error, length);
		}
		cr_expect(first_error, "%s: taken for one", BAD[i].name);
	}
}

Test(proxy_header, refuses_other_protocols_at_the_first_byte_that_differs)
{
	struct proxy_header header;
	const char *error = NULL;
	for (unsigned first = 0; first < 256; first++) {
		uint8_t byte = (uint8_t)first;
		bool may_be_one = byte == 'P' || byte == '\r';
		cr_expect_eq(proxy_header_read(&byte, 1, &header, &error),
			may_be_one ? PROXY_HEADER_MORE : PROXY_HEADER_BAD, "%u", first);
	}
	cr_expect_eq(
		proxy_header_read((const uint8_t *)"PRI * HTTP/2.0", 3, &header, &error),
		PROXY_HEADER_BAD);
	cr_expect_eq(proxy_header_read((const uint8_t *)"\r\nGET", 3, &header, &error),
		PROXY_HEADER_BAD);
}

Test(proxy_header, waits_for_no_more_than_its_limit)
{
	uint8_t bytes[PROXY_HEADER_MAX];
	struct proxy_header header;
	const char *error = NULL;
	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes, SIGNATURE "\x21\x11\x0f\xf0" FOUR "\x04\x0f\xe1", 31);
	cr_expect_eq(proxy_header_read(bytes, sizeof(bytes) - 1, &header, &error),
		PROXY_HEADER_MORE);
	cr_expect_eq(proxy_header_read(bytes, sizeof(bytes), &header, &error),
		PROXY_HEADER_OK, "%s", error);
	cr_expect_eq(header.length, PROXY_HEADER_MAX);
}

// Without its NUL it would run into the address behind it.
Test(proxy_header, ends_a_path_that_fills_its_room)
{
	uint8_t bytes[16 + 216];
	struct proxy_header header;
	const char *error = NULL;
	memset(bytes, 'x', sizeof(bytes));
	memcpy(bytes, SIGNATURE "\x21\x31\x00\xd8/", 17);
	cr_assert_eq(proxy_header_read(bytes, sizeof(bytes), &header, &error),
		PROXY_HEADER_OK);
	cr_expect_eq(strlen(header.source.local.sun_path), ADDR_UNIX_PATH_MAX);
	cr_expect_eq(strlen(header.destination.local.sun_path), ADDR_UNIX_PATH_MAX);
}
