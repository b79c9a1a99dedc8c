// SPDX-License-Identifier: MIT
#include "wherry/proto/http_cache_control.h"

#include <criterion/criterion.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

enum {
	NONE = -1 // no max-age
};

static const struct {
	const char *first, *second; // fields; second may be NULL
	bool is_private, is_no_store;
	int64_t max_age_s;
} ROWS[] = {
	{"", NULL, false, false, NONE},
	{"public", NULL, false, false, NONE},
	{"no-cache", NULL, false, false, NONE},
	{"private", NULL, true, false, NONE},
	{"PRIVATE", NULL, true, false, NONE},
	{"private=\"set-cookie\"", NULL, true, false, NONE},
	{"private = \"set-cookie, x\"", NULL, true, false, NONE},
	{"no-store", NULL, false, true, NONE},
	{"no-cache , no-store,must-revalidate", NULL, false, true, NONE},
	{"x-private, not-no-store", NULL, false, false, NONE},
	{"max-age=5", "no-store", false, true, 5},
	{"max-age=5", NULL, false, false, 5},
	{"max-age=0", NULL, false, false, 0},
	{"Max-Age=\"7\"", NULL, false, false, 7},
	{"max-age=99999999999999999999999", NULL, false, false,
		HTTP_CACHE_CONTROL_MAX_AGE_S},
	// for those who share, s-maxage is the one (RFC 9111 section 5.2.2.10)
	{"max-age=5, s-maxage=6", NULL, false, false, 6},
	{"s-maxage=6, max-age=5", NULL, false, false, 6},
	{"s-maxage=6", "max-age=5", false, false, 6},
	// not numbers
	{"max-age", NULL, false, false, NONE},
	{"max-age=", NULL, false, false, NONE},
	{"max-age=-1", NULL, false, false, NONE},
	{"max-age=1s", NULL, false, false, NONE},
	{"max-age=\"\"", NULL, false, false, NONE},
	{"max-age=\"", NULL, false, false, NONE},
	// the stricter reading
	{"x=\"a, no-store, b\"", NULL, false, true, NONE},
	{"x=\"\\\"\", private", NULL, true, false, NONE},
	{"x=\", private", NULL, true, false, NONE},
};

Test(http_cache_control, reads_what_those_who_share_must_know)
{
	for (size_t i = 0; i < COUNT(ROWS); i++) {
		struct http_message message = {.field_count = ROWS[i].second ? 3 : 2,
			.fields = {
				{STR("X-Cache-Control"), STR("private"), 0, false},
				{STR("Cache-control"), str_from(ROWS[i].first), 0, false},
				{STR("CACHE-CONTROL"),
					str_from(ROWS[i].second ? ROWS[i].second : ""), 0,
					false},
			}};
		struct http_cache_control got;
		http_cache_control_read(&message, &got);
		cr_expect_eq(got.is_private, ROWS[i].is_private, "%s", ROWS[i].first);
		cr_expect_eq(got.is_no_store, ROWS[i].is_no_store, "%s", ROWS[i].first);
		cr_expect_eq(got.has_max_age ? (int64_t)got.max_age_s : NONE,
			ROWS[i].max_age_s, "%s", ROWS[i].first);
	}
}
