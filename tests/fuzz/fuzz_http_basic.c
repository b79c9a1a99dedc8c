// SPDX-License-Identifier: MIT
// Basic credentials: what is taken is bounded, without control characters, and is what
// OpenSSL decodes. The htpasswd file's reader is fed the same bytes.
// Input: the value of an Authorization field.
#include <string.h>

#include <openssl/evp.h>

#include "fuzz.h"

#include "wherry/proto/http_basic.h"
#include "wherry/proxy/htpasswd.h"

static void require_same_bytes(struct str token, const struct http_basic *basic)
{
	unsigned char *bytes = malloc(token.length + 1);
	FUZZ_REQUIRE(bytes);
	int length = EVP_DecodeBlock(
		bytes, (const unsigned char *)token.data, (int)token.length);
	for (size_t i = token.length; i > 0 && token.data[i - 1] == '='; i--)
		length--; // it counts padding
	size_t expected = basic->user.length + 1 + basic->password.length;
	FUZZ_REQUIRE(length >= 0 && (size_t)length == expected);
	FUZZ_REQUIRE(memcmp(bytes, basic->text, expected) == 0);
	free(bytes);
}

static void require_plain(struct str text)
{
	for (size_t i = 0; i < text.length; i++)
		FUZZ_REQUIRE((unsigned char)text.data[i] >= 0x20 && text.data[i] != 0x7f);
}

static void try_credentials(struct str value)
{
	struct http_basic basic;
	if (http_basic_read(value, &basic) != HTTP_BASIC_OK)
		return;
	FUZZ_REQUIRE(basic.user.length > 0 && basic.user.length <= HTTP_BASIC_USER_MAX);
	FUZZ_REQUIRE(basic.password.length <= HTTP_BASIC_PASSWORD_MAX);
	FUZZ_REQUIRE(basic.password.data[basic.password.length] == '\0');
	FUZZ_REQUIRE(!memchr(basic.user.data, ':', basic.user.length));
	require_plain(basic.user);
	require_plain(basic.password);
	require_same_bytes(
		str_trim((struct str){value.data + 6, value.length - 6}), &basic);
}

static void try_file(struct str text)
{
	struct buf errors = BUF_INIT;
	struct htpasswd *file = htpasswd_parse("users", text, &errors);
	FUZZ_REQUIRE(!file == (errors.length > 0));
	for (size_t i = 0; file && i < htpasswd_count(file); i++)
		FUZZ_REQUIRE(strlen(htpasswd_hash(file, i)) <= HTPASSWD_HASH_MAX);
	htpasswd_destroy(file);
	buf_finish(&errors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 1 << 14)
		return 0;
	// Copies whose ends the sanitizer knows.
	char *copy = malloc(size > 0 ? size : 1);
	FUZZ_REQUIRE(copy);
	if (size > 0)
		memcpy(copy, data, size);
	try_credentials((struct str){copy, size});
	try_file((struct str){copy, size});
	free(copy);
	return 0;
}
