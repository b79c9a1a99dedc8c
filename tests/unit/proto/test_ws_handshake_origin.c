// SPDX-License-Identifier: MIT
// SECURITY T27: who may open a WebSocket with a user's cookies.
#include <criterion/criterion.h>

#include "wherry/proto/ws_handshake.h"

Test(ws_handshake, knows_the_same_origin)
{
	static const struct {
		const char *origin;
		const char *host;
		const char *scheme;
		bool is_same;
	} ROWS[] = {
		{"http://a.example", "a.example", "http", true},
		{"https://a.example", "a.example", "https", true},
		{"http://A.Example", "a.eXAMPLE", "http", true},
		{"http://a.example:80", "a.example", "http", true},
		{"https://a.example", "a.example:443", "https", true},
		{"http://a.example:8080", "a.example:8080", "http", true},
		{"http://127.0.0.1:81", "127.0.0.1:81", "http", true},
		{"http://[::1]:81", "[::1]:81", "http", true},
		{"http://[::1]", "[::1]:80", "http", true},
		{"https://a.example", "a.example", "http", false},
		{"http://a.example", "a.example", "https", false},
		{"http://a.example:443", "a.example", "https", false},
		{"http://a.example:8080", "a.example", "http", false},
		{"http://a.example", "a.example:8080", "http", false},
		{"http://a.example.evil.com", "a.example", "http", false},
		{"http://evil-a.example", "a.example", "http", false},
		{"http://b.a.example", "a.example", "http", false},
		{"http://[::1]", "[::2]", "http", false},
		{"null", "null", "http", false},
		{"", "a.example", "http", false},
		{"a.example", "a.example", "http", false},
		{"://a.example", "a.example", "http", false},
		{"http:a.example", "a.example", "http", false},
		{"http://", "", "http", false},
		{"HTTP://a.example", "a.example", "http", false},
		{"http://a.example/", "a.example", "http", false},
		{"http://u@a.example", "a.example", "http", false},
		{"http://a.example:", "a.example", "http", false},
		{"http://a.example:99999", "a.example:99999", "http", false},
		{"http://a.example http://b.example", "a.example", "http", false},
		{"http://b.example, http://a.example", "a.example", "http", false},
		{"ws://a.example", "a.example", "http", false},
	};
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++)
		cr_expect_eq(ws_handshake_is_same_origin(str_from(ROWS[i].origin),
				     str_from(ROWS[i].host), ROWS[i].scheme),
			ROWS[i].is_same, "%s, %s", ROWS[i].origin, ROWS[i].host);
}

Test(ws_handshake, finds_an_origin_in_a_list)
{
	static const char *const LIST[] = {
		"https://a.example",
		"http://b.example:8080",
		"chrome-extension://abcdefgh",
		"http://[::1]:9000",
		"null",
	};
	static const struct {
		const char *origin;
		bool is_listed;
	} ROWS[] = {
		{"https://a.example", true},
		{"https://a.example:443", true},
		{"https://A.EXAMPLE", true},
		{"http://b.example:8080", true},
		{"chrome-extension://abcdefgh", true},
		{"http://[::1]:9000", true},
		{"http://a.example", false},
		{"https://a.example:444", false},
		{"https://a.example.evil.com", false},
		{"https://evil.com/https://a.example", false},
		{"http://b.example", false},
		{"http://b.example:80801", false},
		{"chrome-extension://abcdefg", false},
		{"null", false},
		{"", false},
	};
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++)
		cr_expect_eq(ws_handshake_is_origin_listed(str_from(ROWS[i].origin), LIST,
				     sizeof(LIST) / sizeof(LIST[0])),
			ROWS[i].is_listed, "%s", ROWS[i].origin);
	cr_expect_not(ws_handshake_is_origin_listed(STR("https://a.example"), NULL, 0));
}
