// SPDX-License-Identifier: MIT
// URLs of Redis servers.
#include "wherry/base/url_redis.h"

#include <string.h>

#include <criterion/criterion.h>

Test(url_redis, parses)
{
	static const struct {
		const char *text;
		bool is_unix;
		const char *user, *host;
		uint16_t port, database;
	} rows[] = {
		{"redis://10.0.0.5", false, "", "10.0.0.5", 6379, 0},
		{"redis://redis.internal:6380/", false, "", "redis.internal", 6380, 0},
		{"redis://[::1]:6380/15", false, "", "::1", 6380, 15},
		{"redis://wherry@redis/2", false, "wherry", "redis", 6379, 2},
		{"redis://a@b@redis", false, "a@b", "redis", 6379, 0},
		{"unix:/run/redis/redis.sock", true, "", "/run/redis/redis.sock", 0, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct url_redis url;
		const char *expected = NULL;

		cr_assert(url_redis_parse(str_from(rows[i].text), &url, &expected),
			"%s: %s", rows[i].text, expected);
		cr_expect_eq(url.is_unix, rows[i].is_unix, "%s", rows[i].text);
		cr_expect(
			str_equal(url.user, str_from(rows[i].user)), "%s", rows[i].text);
		cr_expect(
			str_equal(url.host, str_from(rows[i].host)), "%s", rows[i].text);
		cr_expect_eq(url.port, rows[i].port, "%s", rows[i].text);
		cr_expect_eq(url.database, rows[i].database, "%s", rows[i].text);
	}
}

Test(url_redis, refuses_and_says_what_was_expected)
{
	static const struct {
		const char *text, *word; // a word of what was expected
	} rows[] = {
		{"", "redis://"},
		{"10.0.0.5:6379", "redis://"},
		{"http://redis", "redis://"},
		{"rediss://redis", "redis://"},
		{"redis://", "host"},
		{"redis:///1", "host"},
		{"redis://:6379", "host"},
		{"redis://redis:0", "host"},
		{"redis://redis:65536", "host"},
		{"redis://::1", "host"},
		{"redis://redis,other", "host"},
		{"redis://redis?db=1", "host"},
		{"redis://redis/x", "database"},
		{"redis://redis/1/", "database"},
		{"redis://redis/65536", "database"},
		{"redis://:secret@redis", "password"},
		{"redis://user:secret@redis", "password"},
		{"redis://@redis", "user"},
		{"redis://us er@redis", "user"},
		{"unix:", "socket"},
		{"unix:redis.sock", "socket"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct url_redis url;
		const char *expected = NULL;

		cr_assert_not(url_redis_parse(str_from(rows[i].text), &url, &expected),
			"%s", rows[i].text);
		cr_assert_not_null(expected, "%s", rows[i].text);
		cr_expect_not_null(
			strstr(expected, rows[i].word), "%s: %s", rows[i].text, expected);
	}
}
