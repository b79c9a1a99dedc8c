// SPDX-License-Identifier: MIT
// UTF-8 validation, with the text fed in every way it can be split.
#include "wherry/base/utf8.h"

#include <string.h>

#include <criterion/criterion.h>

enum outcome {
	COMPLETE,
	PARTIAL, // valid so far
	BAD
};

struct row {
	const char *name;
	const char *text;
	enum outcome outcome;
};

static const struct row rows[] = {
	{"empty", "", COMPLETE},
	{"ASCII", "hello, world: more than two words of it", COMPLETE},
	{"two bytes", "\xc2\x80 \xdf\xbf", COMPLETE},
	{"three bytes", "\xe0\xa0\x80\xe1\x80\x80\xef\xbf\xbf", COMPLETE},
	{"around the surrogates", "\xed\x9f\xbf\xee\x80\x80", COMPLETE},
	{"four bytes", "\xf0\x90\x80\x80\xf1\x80\x80\x80\xf4\x8f\xbf\xbf", COMPLETE},
	{"mixed", "ASCII and \xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5 and ASCII",
		COMPLETE},
	{"cut after a lead", "abcdefgh\xe2", PARTIAL},
	{"cut before the last", "\xf0\x9f\x98", PARTIAL},
	// bad
	{"bare continuation", "abcdefgh\x80", BAD},
	{"overlong slash c0 af", "\xc0\xaf", BAD},
	{"overlong c1 bf", "\xc1\xbf", BAD},
	{"overlong e0 80 af", "\xe0\x80\xaf", BAD},
	{"overlong e0 9f bf", "\xe0\x9f\xbf", BAD},
	{"overlong f0 80", "\xf0\x80\x80\xaf", BAD},
	{"overlong f0 8f", "\xf0\x8f\xbf\xbf", BAD},
	{"first surrogate", "\xed\xa0\x80", BAD},
	{"last surrogate", "\xed\xbf\xbf", BAD},
	{"above U+10FFFF", "\xf4\x90\x80\x80", BAD},
	{"lead f5", "\xf5\x80\x80\x80", BAD},
	{"five bytes", "\xf8\x88\x80\x80\x80", BAD},
	{"ff", "\xff", BAD},
	{"lead then ASCII", "\xc3(", BAD},
	{"lead then lead", "\xe2\x82\xc3\xa9", BAD},
};

static enum outcome outcome_of(bool is_valid, const struct utf8 *utf8)
{
	if (!is_valid)
		return BAD;
	return utf8_is_complete(utf8) ? COMPLETE : PARTIAL;
}

static enum outcome feed_split(const char *text, size_t length, size_t split)
{
	const uint8_t *bytes = (const uint8_t *)text;
	struct utf8 utf8 = UTF8_INIT;
	bool is_valid = utf8_feed(&utf8, bytes, split) &&
			utf8_feed(&utf8, bytes + split, length - split);

	return outcome_of(is_valid, &utf8);
}

static enum outcome feed_bytes(const char *text, size_t length)
{
	struct utf8 utf8 = UTF8_INIT;
	bool is_valid = true;

	for (size_t i = 0; i < length && is_valid; i++)
		is_valid = utf8_feed(&utf8, (const uint8_t *)text + i, 1);
	return outcome_of(is_valid, &utf8);
}

Test(utf8, judges_alike_however_it_is_fed)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		size_t length = strlen(row->text);

		for (size_t split = 0; split <= length; split++)
			cr_expect_eq(feed_split(row->text, length, split), row->outcome,
				"%s, split at %zu", row->name, split);
		cr_expect_eq(feed_bytes(row->text, length), row->outcome,
			"%s byte by byte", row->name);
	}
}

Test(utf8, accepts_nul_and_no_data)
{
	struct utf8 utf8 = UTF8_INIT;

	cr_expect(utf8_feed(&utf8, NULL, 0));
	cr_expect(utf8_feed(&utf8, (const uint8_t *)"\0\0", 2));
	cr_expect(utf8_is_complete(&utf8));
}

Test(utf8, knows_whole_texts)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_expect_eq(utf8_is_text(str_from(rows[i].text)),
			rows[i].outcome == COMPLETE, "%s", rows[i].name);
}

Test(utf8, refuses_at_the_first_impossible_byte)
{
	struct utf8 utf8 = UTF8_INIT;

	cr_expect(utf8_feed(&utf8, (const uint8_t *)"\xed", 1));
	cr_expect(!utf8_feed(&utf8, (const uint8_t *)"\xa0", 1), "not only a byte later");
}

Test(utf8, finds_a_bad_byte_at_every_offset)
{
	uint8_t text[64];

	for (size_t at = 0; at < sizeof(text); at++) {
		struct utf8 utf8 = UTF8_INIT;

		memset(text, 'a', sizeof(text));
		text[at] = 0xff;
		cr_expect(!utf8_feed(&utf8, text, sizeof(text)), "offset %zu", at);
	}
}

// What RFC 3629 section 3 makes of a code point.
static size_t encode(uint32_t point, uint8_t out[4])
{
	if (point < 0x80) {
		out[0] = (uint8_t)point;
		return 1;
	}
	size_t length = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
	for (size_t i = length - 1; i > 0; i--) {
		out[i] = (uint8_t)(0x80 | (point & 0x3f));
		point >>= 6;
	}
	out[0] = (uint8_t)((0xf00 >> length) | point);
	return length;
}

Test(utf8, accepts_exactly_the_scalar_values)
{
	for (uint32_t point = 0; point < 0x200000; point++) {
		bool is_scalar = point < 0xd800 || (point > 0xdfff && point <= 0x10ffff);
		struct utf8 utf8 = UTF8_INIT;
		uint8_t bytes[4];
		size_t length = encode(point, bytes);
		bool is_valid =
			utf8_feed(&utf8, bytes, length) && utf8_is_complete(&utf8);

		cr_assert_eq(is_valid, is_scalar, "U+%04X", (unsigned)point);
	}
}
