// SPDX-License-Identifier: MIT
// Secret files of webhooks: what is taken, and what is refused with its line.
#include "wherry/proto/webhook_keys.h"

#include <string.h>

#include <criterion/criterion.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define PUBLIC "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

struct row {
	const char *name;
	enum webhook_scheme scheme;
	const char *text;
	size_t line;       // of the mistake
	const char *error; // a part of it; NULL = it is good
};

static const struct row rows[] = {
	// Good
	{"one secret", WEBHOOK_STANDARD, SECRET, 0, NULL},
	{"a line end", WEBHOOK_STANDARD, SECRET "\n", 0, NULL},
	{"lines of Windows", WEBHOOK_STANDARD, "\r\n" SECRET "\r\n\r\n", 0, NULL},
	{"a public key", WEBHOOK_STANDARD, PUBLIC, 0, NULL},
	{"both, with empty lines", WEBHOOK_STANDARD, SECRET "\n\n" PUBLIC "\n", 0, NULL},
	{"words", WEBHOOK_GITHUB, "It's a Secret to Everybody\n", 0, NULL},
	{"what would be base64", WEBHOOK_HMAC_SHA256, SECRET, 0, NULL},
	{"eight", WEBHOOK_GITHUB,
		"1234567890123456\n2234567890123456\n3234567890123456\n"
		"4234567890123456\n5234567890123456\n6234567890123456\n"
		"7234567890123456\n8234567890123456\n",
		0, NULL},
	// Bad
	{"empty", WEBHOOK_GITHUB, "", 0, "no secret"},
	{"empty lines", WEBHOOK_STANDARD, "\n\r\n\n", 0, "no secret"},
	{"too short", WEBHOOK_GITHUB, "\n123456789012345\n", 2, "a secret of 15 bytes"},
	{"a space behind it", WEBHOOK_GITHUB, "12345678901234567 \n", 1, "a space"},
	{"a space in front", WEBHOOK_GITHUB, " 12345678901234567\n", 1, "a space"},
	{"nine", WEBHOOK_GITHUB,
		"1234567890123456\n2234567890123456\n3234567890123456\n"
		"4234567890123456\n5234567890123456\n6234567890123456\n"
		"7234567890123456\n8234567890123456\n9234567890123456\n",
		9, "more than 8"},
	{"no prefix", WEBHOOK_STANDARD, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 1,
		"neither whsec_ nor whpk_"},
	{"another case", WEBHOOK_STANDARD, "WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 1,
		"neither"},
	{"a private key", WEBHOOK_STANDARD, SECRET "\nwhsk_MfKQ9r8GKYqrTwjUPD8ILA==", 2,
		"a private key"},
	{"no base64", WEBHOOK_STANDARD, "whsec_MfKQ9r8GKYqrTwjUPD8I-PZIo2LaLaSw", 1,
		"not base64"},
	{"no padding", WEBHOOK_STANDARD, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", 1,
		"not base64"},
	{"nothing behind it", WEBHOOK_STANDARD, "whsec_", 1, "a secret of 0 bytes"},
	{"too short, decoded", WEBHOOK_STANDARD, "whsec_MfKQ9r8GKYqrTwjUPD8I", 1,
		"a secret of 15 bytes"},
	{"a key too short", WEBHOOK_STANDARD, "whpk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 1,
		"no Ed25519 key"},
};

Test(webhook_keys, takes_secrets_and_refuses_what_is_none)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct webhook_keys_error error;
		struct webhook_keys *keys = webhook_keys_create(
			rows[i].scheme, str_from(rows[i].text), &error);
		cr_expect_eq(keys != NULL, rows[i].error == NULL, "%s: %s", rows[i].name,
			error.text);
		if (!keys) {
			cr_expect_eq(error.line, rows[i].line, "%s", rows[i].name);
			cr_expect(strstr(error.text, rows[i].error), "%s: %s",
				rows[i].name, error.text);
		}
		webhook_keys_destroy(keys);
	}
}

Test(webhook_keys, bounds_a_secret)
{
	char text[6 + 2048];
	struct webhook_keys_error error;
	memset(text, 'a', sizeof(text));
	struct webhook_keys *keys = webhook_keys_create(
		WEBHOOK_GITHUB, (struct str){text, WEBHOOK_KEYS_MAX_SECRET}, &error);
	cr_expect_not_null(keys);
	webhook_keys_destroy(keys);
	cr_expect_null(webhook_keys_create(
		WEBHOOK_GITHUB, (struct str){text, WEBHOOK_KEYS_MAX_SECRET + 1}, &error));
	memcpy(text, "whsec_", 6);
	cr_expect_null(webhook_keys_create(
		WEBHOOK_STANDARD, (struct str){text, sizeof(text)}, &error));
	cr_expect(strstr(error.text, "longer"));
}
