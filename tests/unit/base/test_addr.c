// SPDX-License-Identifier: MIT
// Addresses and networks: what is accepted, how it prints, what matches.
#include "wherry/base/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

static struct addr parse(const char *text)
{
	struct addr addr;

	cr_assert(addr_parse(str_from(text), &addr), "%s", text);
	return addr;
}

static const char *format(const struct addr *addr)
{
	static char text[ADDR_TEXT_SIZE];

	return addr_format(addr, text);
}

static struct addr_network network(const char *text)
{
	struct addr_network network;

	cr_assert(addr_network_parse(str_from(text), &network), "%s", text);
	return network;
}

Test(addr, parses_and_prints)
{
	static const struct {
		const char *text, *printed, *ip;
		uint16_t port;
	} rows[] = {
		{"10.0.0.1:80", "10.0.0.1:80", "10.0.0.1", 80},
		{":80", "0.0.0.0:80", "0.0.0.0", 80},
		{"127.0.0.1:0", "127.0.0.1:0", "127.0.0.1", 0},
		{"[::1]:65535", "[::1]:65535", "::1", 65535},
		{"[2001:DB8:0:0::1]:443", "[2001:db8::1]:443", "2001:db8::1", 443},
		{"[::]:80", "[::]:80", "::", 80},
		{"[::ffff:10.0.0.1]:80", "10.0.0.1:80", "10.0.0.1", 80},
		{"unix:/run/app.sock", "unix:/run/app.sock", "unix:/run/app.sock", 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct addr addr = parse(rows[i].text);
		char ip[ADDR_TEXT_SIZE];

		cr_expect_str_eq(format(&addr), rows[i].printed);
		cr_expect_str_eq(addr_format_ip(&addr, ip), rows[i].ip);
		cr_expect_eq(addr_port(&addr), rows[i].port, "%s", rows[i].text);
		cr_expect_eq(addr_is_unix(&addr), rows[i].text[0] == 'u');
	}
}

Test(addr, prints_every_number_of_ip4_as_inet_ntop_does)
{
	for (unsigned i = 0; i < 256; i++) {
		struct addr addr = {.length = sizeof(addr.v4)};
		char expected[INET_ADDRSTRLEN], text[ADDR_TEXT_SIZE];
		addr.v4.sin_family = AF_INET;
		addr.v4.sin_addr.s_addr =
			htonl(i << 24 | (255 - i) << 16 | (i ^ 0x55) << 8 | i);
		cr_assert_not_null(inet_ntop(
			AF_INET, &addr.v4.sin_addr, expected, sizeof(expected)));
		cr_expect_str_eq(addr_format_ip(&addr, text), expected);
	}
}

Test(addr, refuses_what_is_no_address)
{
	static const char *const rows[] = {
		"",
		":",
		"80",
		"10.0.0.1",
		"10.0.0.1:",
		"10.0.0.1:65536",
		"10.0.0.1:-1",
		"10.0.0.1: 80",
		" 10.0.0.1:80",
		"10.0.0.1:80 ",
		"10.0.0:80",
		"10.0.0.256:80",
		"10.0.0.01:80",
		"0x7f.0.0.1:80",
		"localhost:80",
		"*:80",
		"::1:80",
		"::1",
		"[::1]",
		"[::1]80",
		"[::1:80",
		"::1]:80",
		"[]:80",
		"[10.0.0.1]:80",
		"[fe80::1%eth0]:80",
		"[fe80::1%2]:80",
		"[:::1]:80",
		"[1::2::3]:80",
		"unix:",
		"unix:relative",
		"UNIX:/path",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct addr addr;
		cr_expect(!addr_parse(str_from(rows[i]), &addr), "%s", rows[i]);
	}
	struct addr addr;
	cr_expect(!addr_parse((struct str){0}, &addr));
	cr_expect(!addr_parse(STR("10.0.0.1\0:80"), &addr), "NUL in an address");
	cr_expect(!addr_parse(STR("unix:/a\0b"), &addr), "NUL in a path");
}

Test(addr, limits_the_socket_path)
{
	char text[5 + ADDR_UNIX_PATH_MAX + 1];
	struct addr addr;

	memset(text, 'a', sizeof(text));
	memcpy(text, "unix:/", 6);
	cr_assert(addr_parse((struct str){text, sizeof(text) - 1}, &addr));
	cr_expect_eq(addr.length, sizeof(struct sockaddr_un));
	cr_expect_eq(strlen(format(&addr)), sizeof(text) - 1);
	cr_expect(!addr_parse((struct str){text, sizeof(text)}, &addr));
}

Test(addr, parses_bare_literals)
{
	struct addr addr;

	cr_assert(addr_parse_ip(STR("10.0.0.1"), 8080, &addr));
	cr_expect_str_eq(format(&addr), "10.0.0.1:8080");
	cr_assert(addr_parse_ip(STR("::1"), 1, &addr));
	cr_expect_str_eq(format(&addr), "[::1]:1");
	cr_assert(addr_parse_ip(STR("[::1]"), 1, &addr));
	cr_expect_str_eq(format(&addr), "[::1]:1");
	cr_expect(!addr_parse_ip(STR("[10.0.0.1]"), 1, &addr));
	cr_expect(!addr_parse_ip(STR("[]"), 1, &addr));
	cr_expect(!addr_parse_ip(STR("example.com"), 1, &addr));
	cr_expect(!addr_parse_ip((struct str){0}, 1, &addr));
}

Test(addr, prints_no_byte_of_a_path_that_could_end_a_list_or_a_line)
{
	struct addr addr = parse("unix:/a\r\nX: 1, 10.0.0.1\x7f\xff~");

	cr_expect_str_eq(format(&addr), "unix:/a??X:?1??10.0.0.1??~");
}

Test(addr, prints_peers_without_a_path)
{
	struct addr none = {0};
	struct addr unnamed = {.length = sizeof(sa_family_t)};
	struct addr abstract = {.length = sizeof(sa_family_t) + 4};

	unnamed.local.sun_family = AF_UNIX;
	abstract.local.sun_family = AF_UNIX;
	memcpy(abstract.local.sun_path, "\0abc", 4);
	cr_expect_str_eq(format(&none), "unknown");
	cr_expect_str_eq(format(&unnamed), "unix:");
	cr_expect_str_eq(format(&abstract), "unix:");
	cr_expect_eq(addr_port(&none), 0);
	cr_expect(!addr_is_unix(&none));
}

Test(addr, prints_a_path_without_its_nul)
{
	// The kernel may give a full sun_path that has no NUL.
	struct addr addr = {.length = sizeof(struct sockaddr_un)};

	addr.local.sun_family = AF_UNIX;
	memset(addr.local.sun_path, 'a', sizeof(addr.local.sun_path));
	cr_expect_eq(strlen(format(&addr)), 5 + sizeof(addr.local.sun_path));
}

Test(addr, equals_itself_only)
{
	static const char *const texts[] = {
		"10.0.0.1:80",
		"10.0.0.1:81",
		"10.0.0.2:80",
		"[::1]:80",
		"[::1]:81",
		"[::2]:80",
		"[::ffff:10.0.0.1]:80",
		"unix:/a",
		"unix:/ab",
	};
	size_t count = sizeof(texts) / sizeof(texts[0]);

	for (size_t a = 0; a < count; a++) {
		for (size_t b = 0; b < count; b++) {
			struct addr left = parse(texts[a]);
			struct addr right = parse(texts[b]);
			cr_expect_eq(addr_equal(&left, &right), a == b, "%s, %s",
				texts[a], texts[b]);
		}
	}
	struct addr none = {0};
	struct addr some = parse(":80");
	cr_expect(addr_equal(&none, &none));
	cr_expect(!addr_equal(&none, &some));
}

Test(addr, equals_whether_the_nul_is_counted_or_not)
{
	struct addr a = parse("unix:/run/app.sock");
	struct addr b = a;

	b.length--;
	cr_expect(addr_equal(&a, &b));
}

Test(addr, refuses_networks_that_are_none)
{
	static const char *const rows[] = {
		"",
		"/8",
		"10.0.0.0/",
		"10.0.0.0/33",
		"10.0.0.0/08",
		"10.0.0.0/-1",
		"10.0.0.0/255.0.0.0",
		"10.0.0.0/8/8",
		"10.0.0.1/8",
		"10.0.0.1/31",
		"10.0.0.0:80",
		"::/129",
		"::1/127",
		"fd00::1/8",
		"[::1]",
		"[::]/0",
		"any",
		"unix/8",
		"unix:",
		"UNIX",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct addr_network ignored;
		cr_expect(
			!addr_network_parse(str_from(rows[i]), &ignored), "%s", rows[i]);
	}
}

Test(addr, matches_networks)
{
	static const struct {
		const char *network, *addr;
		bool has;
	} rows[] = {
		{"10.0.0.0/8", "10.255.255.255:1", true},
		{"10.0.0.0/8", "11.0.0.0:1", false},
		{"10.0.0.0/8", "[::ffff:10.1.2.3]:1", true},
		{"10.0.0.0/8", "[::ffff:11.1.2.3]:1", false},
		{"10.0.0.0/8", "[a00::]:1", false},
		{"10.64.0.0/10", "10.127.0.1:1", true},
		{"10.64.0.0/10", "10.128.0.1:1", false},
		{"10.0.0.1", "10.0.0.1:1", true},
		{"10.0.0.1", "10.0.0.2:1", false},
		{"10.0.0.2/31", "10.0.0.3:1", true},
		{"0.0.0.0/0", "1.2.3.4:1", true},
		{"0.0.0.0/0", "[2001:db8::1]:1", false},
		{"0.0.0.0/0", "unix:/a", false},
		{"::1", "[::1]:1", true},
		{"::1", "[::2]:1", false},
		{"fd00::/8", "[fdff::1]:1", true},
		{"fd00::/8", "[fe00::1]:1", false},
		{"2001:db8::/33", "[2001:db8:7fff::]:1", true},
		{"2001:db8::/33", "[2001:db8:8000::]:1", false},
		{"::/0", "[2001:db8::1]:1", true},
		{"::/0", "1.2.3.4:1", false},
		{"unix", "unix:/a", true},
		{"unix", "1.2.3.4:1", false},
		{"unix", "[::1]:1", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct addr_network one = network(rows[i].network);
		struct addr addr = parse(rows[i].addr);
		cr_expect_eq(addr_network_has(&one, 1, &addr), rows[i].has, "%s in %s",
			rows[i].addr, rows[i].network);
	}
}

Test(addr, matches_any_of_several_networks)
{
	struct addr_network several[] = {network("127.0.0.0/8"), network("::1")};
	struct addr loopback = parse("[::1]:1");
	struct addr other = parse("10.0.0.1:1");

	cr_expect(addr_network_has(several, 2, &loopback));
	cr_expect(!addr_network_has(several, 1, &loopback));
	cr_expect(!addr_network_has(several, 2, &other));
	cr_expect(!addr_network_has(NULL, 0, &other));
}

static bool share_key(const char *a, const char *b)
{
	uint8_t key_a[ADDR_SOURCE_KEY_SIZE], key_b[ADDR_SOURCE_KEY_SIZE];
	struct addr addr_a = parse(a), addr_b = parse(b);

	addr_source_key(&addr_a, key_a);
	addr_source_key(&addr_b, key_b);
	return memcmp(key_a, key_b, sizeof(key_a)) == 0;
}

Test(addr, counts_clients_by_address_or_by_64)
{
	cr_expect(share_key("10.0.0.1:1", "10.0.0.1:2"));
	cr_expect(share_key("10.0.0.1:1", "[::ffff:10.0.0.1]:2"));
	cr_expect(!share_key("10.0.0.1:1", "10.0.0.2:1"));
	cr_expect(share_key("[2001:db8::1]:1", "[2001:db8::ffff:1:2:3]:1"));
	cr_expect(!share_key("[2001:db8::1]:1", "[2001:db8:0:1::1]:1"));
	cr_expect(!share_key("10.0.0.1:1", "[a00:1::]:1"));
	cr_expect(share_key("unix:/a", "unix:/b"));
	cr_expect(!share_key("unix:/a", "0.0.0.0:1"));
	cr_expect(!share_key("unix:/a", "[::]:1"));
}
