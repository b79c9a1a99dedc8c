// SPDX-License-Identifier: MIT
// Backend URLs, hosts and authorities.
#include "wherry/base/url.h"

#include <string.h>

#include <criterion/criterion.h>

Test(url, parses_backends)
{
	static const struct {
		const char *text;
		enum url_scheme scheme;
		const char *host;
		uint16_t port;
	} rows[] = {
		{"http://10.0.0.1:9000", URL_HTTP, "10.0.0.1", 9000},
		{"http://app", URL_HTTP, "app", 80},
		{"http://app/", URL_HTTP, "app", 80},
		{"HTTP://App.Example:8080/", URL_HTTP, "App.Example", 8080},
		{"ws://app", URL_HTTP, "app", 80},
		{"https://app", URL_HTTPS, "app", 443},
		{"wss://app:8443", URL_HTTPS, "app", 8443},
		{"http://[::1]", URL_HTTP, "::1", 80},
		{"https://[2001:db8::1]:1", URL_HTTPS, "2001:db8::1", 1},
		{"http://my_service-1.internal.:80", URL_HTTP, "my_service-1.internal.",
			80},
		{"unix:/run/app.sock", URL_UNIX, "/run/app.sock", 0},
		{"unix:/run/with:colon/", URL_UNIX, "/run/with:colon/", 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct url url;
		const char *expected = NULL;

		cr_assert(url_parse(str_from(rows[i].text), &url, &expected), "%s",
			rows[i].text);
		cr_expect_eq(url.scheme, rows[i].scheme, "%s", rows[i].text);
		cr_expect(
			str_equal(url.host, str_from(rows[i].host)), "%s", rows[i].text);
		cr_expect_eq(url.port, rows[i].port, "%s", rows[i].text);
	}
}

Test(url, refuses_and_says_what_was_expected)
{
	static const struct {
		const char *text, *word; // a word of what was expected
	} rows[] = {
		{"", "http://"}, {"app:80", "http://"}, {"10.0.0.1", "http://"},
		{"http:/app", "http://"}, {"ftp://app", "http://"},
		{" http://app", "http://"}, {"http://", "host"}, {"http:///", "host"},
		{"http://:80", "host"}, {"http://app:", "host"}, {"http://app:0", "host"},
		{"http://app:65536", "host"}, {"http://app:80:80", "host"},
		{"http://user@app", "host"}, {"http://user:secret@app", "host"},
		{"http://app?x", "host"}, {"http://app#x", "host"},
		{"http://app,other", "host"}, {"http://app ", "host"},
		{"http://a b", "host"}, {"http://[::1", "host"}, {"http://::1", "host"},
		{"http://[fe80::1%25eth0]", "host"}, {"http://caf\xc3\xa9", "host"},
		{"http://app/path", "path"}, {"http://app//", "path"},
		{"http://app/path/", "path"}, {"unix:", "socket"},
		{"unix:run/app.sock", "socket"},
		{"unix://run/app.sock:", NULL}, // only odd, not wrong
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct url url;
		const char *expected = NULL;
		bool is_good = url_parse(str_from(rows[i].text), &url, &expected);

		cr_expect_eq(is_good, rows[i].word == NULL, "%s", rows[i].text);
		if (!is_good && rows[i].word) {
			cr_assert_not_null(expected, "%s", rows[i].text);
			cr_expect_not_null(strstr(expected, rows[i].word), "%s: %s",
				rows[i].text, expected);
		}
	}
}

Test(url, limits_the_socket_path)
{
	char text[5 + 108];
	struct url url;
	const char *expected;

	memset(text, 'a', sizeof(text));
	memcpy(text, "unix:/", 6);
	cr_expect(url_parse((struct str){text, sizeof(text) - 1}, &url, &expected));
	cr_expect(!url_parse((struct str){text, sizeof(text)}, &url, &expected));
	cr_expect(!url_parse(STR("unix:/a\0b"), &url, &expected));
}

Test(url, knows_hosts)
{
	static const char *const good[] = {
		"a",
		"example.com",
		"example.com.",
		"EXAMPLE.com",
		"_service.example-1.com",
		"1.example",
		"10.0.0.1",
		"255.255.255.255",
		"[::1]",
		"[2001:db8::1]",
		"[::ffff:10.0.0.1]",
	};
	static const char *const bad[] = {
		"",
		".",
		".example.com",
		"example..com",
		"example.com..",
		"a b",
		"a,b",
		"a/b",
		"a@b",
		"a:80",
		"a%20b",
		"a\\b",
		"*.example.com",
		"127.1",
		"2130706433",
		"256.0.0.1",
		"10.0.0.1.",
		"example.123",
		"::1",
		"[::1",
		"[::1]x",
		"[10.0.0.1]",
		"[v1.a]",
		"caf\xc3\xa9",
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		cr_expect(url_is_host(str_from(good[i])), "%s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect(!url_is_host(str_from(bad[i])), "%s", bad[i]);
	cr_expect(!url_is_host((struct str){0}));
	cr_expect(!url_is_host(STR("a\0b")));
}

Test(url, limits_labels_and_names)
{
	char name[256];

	memset(name, 'a', sizeof(name));
	cr_expect(url_is_host((struct str){name, 63}));
	cr_expect(!url_is_host((struct str){name, 64}));
	for (size_t i = 31; i < sizeof(name); i += 32)
		name[i] = '.';
	cr_expect(url_is_host((struct str){name, 253}));
	cr_expect(!url_is_host((struct str){name, 255}));
}

Test(url, splits_authorities)
{
	static const struct {
		const char *text, *host; // NULL: refused
		uint16_t port;
	} rows[] = {
		{"example.com", "example.com", 0},
		{"example.com:8080", "example.com", 8080},
		{"10.0.0.1:80", "10.0.0.1", 80},
		{"[::1]", "[::1]", 0},
		{"[::1]:443", "[::1]", 443},
		// bad
		{"", NULL, 0},
		{":80", NULL, 0},
		{"example.com:", NULL, 0},
		{"example.com:0", NULL, 0},
		{"example.com:65536", NULL, 0},
		{"example.com:8o", NULL, 0},
		{"example.com:80:80", NULL, 0},
		{"user@example.com", NULL, 0},
		{"user:80@example.com", NULL, 0},
		{"example.com/", NULL, 0},
		{"example.com:80/", NULL, 0},
		{"a, b", NULL, 0},
		{"a,b", NULL, 0},
		{" example.com", NULL, 0},
		{"example.com ", NULL, 0},
		{"::1", NULL, 0},
		{"[::1]80", NULL, 0},
		{"[::1]x:80", NULL, 0},
		{"[::1]:", NULL, 0},
		{"x[::1]:80", NULL, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str host;
		uint16_t port = 0;
		bool is_good = url_split_authority(str_from(rows[i].text), &host, &port);

		cr_assert_eq(is_good, rows[i].host != NULL, "%s", rows[i].text);
		if (!is_good)
			continue;
		cr_expect(str_equal(host, str_from(rows[i].host)), "%s", rows[i].text);
		cr_expect_eq(port, rows[i].port, "%s", rows[i].text);
	}
}

Test(url, writes_what_host_says)
{
	static const char *const rows[][2] = {
		{"http://a.example", "a.example"},
		{"http://a.example:80", "a.example"},
		{"http://a.example:443", "a.example:443"},
		{"https://a.example:443/", "a.example"},
		{"https://10.0.0.1:8443", "10.0.0.1:8443"},
		{"ws://[::1]:9000", "[::1]:9000"},
		{"unix:/run/app.sock", "localhost"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out = BUF_INIT;
		struct url url;
		const char *expected;
		cr_assert(url_parse(str_from(rows[i][0]), &url, &expected));
		url_write_authority(&out, &url);
		cr_expect(str_equal(buf_str(&out), str_from(rows[i][1])), "%s: %.*s",
			rows[i][0], STR_ARG(buf_str(&out)));
		buf_finish(&out);
	}
}
