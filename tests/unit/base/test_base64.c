// SPDX-License-Identifier: MIT
#include "wherry/base/base64.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

struct row {
	const char *name;
	const char *text;
	const char *bytes; // NULL: refused
};

static const struct row ROWS[] = {
	{"RFC 4648 10: empty", "", ""},
	{"RFC 4648 10: f", "Zg==", "f"},
	{"RFC 4648 10: fo", "Zm8=", "fo"},
	{"RFC 4648 10: foo", "Zm9v", "foo"},
	{"RFC 4648 10: foob", "Zm9vYg==", "foob"},
	{"RFC 4648 10: fooba", "Zm9vYmE=", "fooba"},
	{"RFC 4648 10: foobar", "Zm9vYmFy", "foobar"},
	{"last digits", "+/+/", "\xfb\xff\xbf"},
	// bad
	{"padding missing", "Zg", NULL},
	{"padding short", "Zg=", NULL},
	{"padding alone", "====", NULL},
	{"padding in the middle", "Zg==Zg==", NULL},
	{"padding before a digit", "Z=g=", NULL},
	{"one digit", "Z===", NULL},
	{"spare bits, one byte", "Zh==", NULL},
	{"spare bits, two bytes", "Zm9=", NULL},
	{"base64url", "-_-_", NULL},
	{"white space", "Zm9v\n", NULL},
	{"white space inside", "Zm 9", NULL},
	{"not ASCII", "Zm9\xff", NULL},
};

#define COUNT (sizeof(ROWS) / sizeof(ROWS[0]))

Test(base64, decodes_one_spelling_only)
{
	for (size_t i = 0; i < COUNT; i++) {
		const struct row *row = &ROWS[i];
		uint8_t out[16];
		size_t length = 0;
		bool is_good = base64_decode(str_from(row->text), out, &length);
		cr_assert_eq(is_good, row->bytes != NULL, "%s", row->name);
		if (!row->bytes)
			continue;
		cr_assert_eq(length, strlen(row->bytes), "%s", row->name);
		cr_assert(memcmp(out, row->bytes, length) == 0, "%s", row->name);
	}
}

Test(base64, encodes_what_it_decodes)
{
	for (size_t i = 0; i < COUNT; i++) {
		struct buf out = BUF_INIT;
		if (!ROWS[i].bytes)
			continue;
		base64_encode(&out, str_from(ROWS[i].bytes));
		cr_assert(str_equal(buf_str(&out), str_from(ROWS[i].text)), "%s",
			ROWS[i].name);
		buf_finish(&out);
	}
}

Test(base64, gives_bytes_of_any_length_back)
{
	uint8_t bytes[600], *decoded;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7);
	for (size_t length = 0; length <= sizeof(bytes); length++) {
		struct buf out = BUF_INIT;
		size_t found;
		base64_encode(&out, (struct str){(const char *)bytes, length});
		cr_assert_eq(out.length, (length + 2) / 3 * 4);
		decoded = malloc(base64_room(out.length) + 1);
		cr_assert(base64_decode(buf_str(&out), decoded, &found));
		cr_assert_eq(found, length);
		cr_assert(memcmp(decoded, bytes, length) == 0);
		free(decoded);
		buf_finish(&out);
	}
}

Test(base64, decodes_base64url_as_rfc_4648_shows)
{
	static const struct {
		const char *text;
		const char *decoded;
	} rows[] = {
		{"", ""},
		{"Zg", "f"},
		{"Zm8", "fo"},
		{"Zm9v", "foo"},
		{"Zm9vYg", "foob"},
		{"Zm9vYmE", "fooba"},
		{"Zm9vYmFy", "foobar"},
		{"-_-_", "\xfb\xff\xbf"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t out[16];
		size_t length = 99;
		struct str text = str_from(rows[i].text);
		cr_assert_leq(base64_room(text.length), sizeof(out));
		cr_expect(base64_decode_url(text, out, &length), "%s", rows[i].text);
		cr_expect_eq(length, strlen(rows[i].decoded), "%s", rows[i].text);
		cr_expect_eq(memcmp(out, rows[i].decoded, length), 0, "%s", rows[i].text);
	}
}

Test(base64, refuses_other_spellings_of_base64url)
{
	static const char *const rows[] = {
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
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t out[16];
		size_t length;
		cr_expect_not(base64_decode_url(str_from(rows[i]), out, &length),
			"\"%s\"", rows[i]);
	}
}
