// SPDX-License-Identifier: MIT
#include "wherry/proto/jwt_base64.h"

#include <criterion/criterion.h>
#include <string.h>

Test(jwt_base64, decodes_what_rfc_4648_shows)
{
	static const struct {
		const char *text;
		const char *decoded;
	} ROWS[] = {
		{"", ""},
		{"Zg", "f"},
		{"Zm8", "fo"},
		{"Zm9v", "foo"},
		{"Zm9vYg", "foob"},
		{"Zm9vYmE", "fooba"},
		{"Zm9vYmFy", "foobar"},
		{"-_-_", "\xfb\xff\xbf"},
	};
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		uint8_t out[16];
		size_t length = 99;
		struct str text = str_from(ROWS[i].text);
		cr_assert_leq(jwt_base64_room(text.length), sizeof(out));
		cr_expect(jwt_base64_decode(text, out, &length), "%s", ROWS[i].text);
		cr_expect_eq(length, strlen(ROWS[i].decoded), "%s", ROWS[i].text);
		cr_expect_eq(memcmp(out, ROWS[i].decoded, length), 0, "%s", ROWS[i].text);
	}
}

Test(jwt_base64, refuses_other_spellings)
{
	static const char *const ROWS[] = {
		"Z",
		"Zm9vY",
		"Zg==",
		"Zm8=",
		"Zm9v=",
		"Zh",  // a bit that stands for nothing
		"Zm9", // the same
		"Zm+v",
		"Zm/v",
		"Zm 9v",
		"Zm9v\n",
		"Zm.v",
		"Zm\x80v",
	};
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		uint8_t out[16];
		size_t length;
		cr_expect_not(jwt_base64_decode(str_from(ROWS[i]), out, &length),
			"\"%s\"", ROWS[i]);
	}
}
