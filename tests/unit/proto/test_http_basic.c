// SPDX-License-Identifier: MIT
// Basic credentials (RFC 7617).
#include "wherry/proto/http_basic.h"

#include <string.h>

#include <criterion/criterion.h>

#include <openssl/evp.h>

#define COUNT(rows) (sizeof(rows) / sizeof(*(rows)))

static const struct {
	const char *name, *value, *user, *password;
} GOOD[] = {
	{"RFC 7617 section 2", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin",
		"open sesame"},
	{"RFC 7617 section 2.1, UTF-8", "Basic dGVzdDoxMjPCow==", "test", "123\xc2\xa3"},
	{"the scheme in another case", "bASIC YTpi", "a", "b"},
	{"more space", "Basic   YTpi", "a", "b"},
	{"colons in the password", "Basic YTpiOmM6", "a", "b:c:"},
	{"an empty password", "Basic YTo=", "a", ""},
};

Test(http_basic, reads_users_and_passwords)
{
	for (size_t i = 0; i < COUNT(GOOD); i++) {
		struct http_basic basic;
		cr_assert_eq(http_basic_read(str_from(GOOD[i].value), &basic),
			HTTP_BASIC_OK, "%s", GOOD[i].name);
		cr_expect(str_equal(basic.user, str_from(GOOD[i].user)), "%s",
			GOOD[i].name);
		cr_expect_str_eq(
			basic.password.data, GOOD[i].password, "%s", GOOD[i].name);
		cr_expect_eq(basic.password.length, strlen(GOOD[i].password));
	}
}

static const struct {
	const char *name, *value;
	enum http_basic_result result;
} BAD[] = {
	{"another scheme", "Bearer YTpi", HTTP_BASIC_NONE},
	{"nothing", "", HTTP_BASIC_NONE},
	{"the scheme alone", "Basic", HTTP_BASIC_NONE},
	{"a longer scheme", "Basics YTpi", HTTP_BASIC_NONE},
	{"a tab", "Basic\tYTpi", HTTP_BASIC_NONE},
	{"no credentials", "Basic ", HTTP_BASIC_BAD},
	{"no colon", "Basic YWI=", HTTP_BASIC_BAD},
	{"no user", "Basic OmI=", HTTP_BASIC_BAD},
	{"no padding", "Basic YTo", HTTP_BASIC_BAD},
	{"too much padding", "Basic YTpi====", HTTP_BASIC_BAD},
	{"three pads", "Basic Y===", HTTP_BASIC_BAD},
	{"padding inside", "Basic YT=i", HTTP_BASIC_BAD},
	{"another alphabet", "Basic YTr-_zpi", HTTP_BASIC_BAD},
	{"space inside", "Basic YT pi", HTTP_BASIC_BAD},
	{"two tokens", "Basic YTpi YTpi", HTTP_BASIC_BAD},
	{"parameters", "Basic YTpi, charset=UTF-8", HTTP_BASIC_BAD},
	{"NUL in the password", "Basic YTpiAGM=", HTTP_BASIC_BAD},
	{"a line end in the user", "Basic YQpiOmM=", HTTP_BASIC_BAD},
	{"DEL", "Basic YTp/", HTTP_BASIC_BAD},
};

Test(http_basic, refuses_all_else)
{
	for (size_t i = 0; i < COUNT(BAD); i++) {
		struct http_basic basic;
		cr_expect_eq(http_basic_read(str_from(BAD[i].value), &basic),
			BAD[i].result, "%s", BAD[i].name);
	}
}

static enum http_basic_result read_lengths(size_t user, size_t password)
{
	static char text[4096], value[8192] = "Basic ";
	static struct http_basic basic;
	memset(text, 'u', user);
	text[user] = ':';
	memset(text + user + 1, 'p', password);
	int length = EVP_EncodeBlock((unsigned char *)value + 6, (unsigned char *)text,
		(int)(user + 1 + password));
	return http_basic_read((struct str){value, (size_t)length + 6}, &basic);
}

Test(http_basic, is_bounded)
{
	cr_expect_eq(read_lengths(1, 511), HTTP_BASIC_OK);
	cr_expect_eq(read_lengths(255, 511), HTTP_BASIC_OK);
	cr_expect_eq(read_lengths(256, 1), HTTP_BASIC_BAD);
	cr_expect_eq(read_lengths(1, 512), HTTP_BASIC_BAD);
	cr_expect_eq(read_lengths(255, 512), HTTP_BASIC_BAD);
	cr_expect_eq(read_lengths(2000, 2000), HTTP_BASIC_BAD);
}

// Every length of text, and so every kind of padding, cut at every point.
Test(http_basic, reads_or_refuses_every_part)
{
	char value[64] = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";
	size_t length = strlen(value);
	for (size_t i = 0; i < length; i++) {
		struct http_basic basic;
		// 20 characters in: "Aladdin:ope", whole groups of four
		bool is_whole = i >= 6 + 12 && (i - 6) % 4 == 0;
		cr_expect_eq(
			http_basic_read((struct str){value, i}, &basic) == HTTP_BASIC_OK,
			is_whole, "%zu", i);
	}
}
