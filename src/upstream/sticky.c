// SPDX-License-Identifier: MIT
// Tokens of servers; see the header.
#include "wherry/upstream/sticky.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "wherry/base/secret_file.h"

bool sticky_make_key(struct sticky_key *ret_key)
{
	return RAND_bytes(ret_key->bytes, sizeof(ret_key->bytes)) == 1;
}

static bool fail(const struct conf_file *file, const char *problem, struct buf *ret_text)
{
	buf_printf(ret_text, "%s: %s %s\n", file->named_at, file->path, problem);
	return false;
}

static bool digest(struct str secret, struct sticky_key *ret_key)
{
	return EVP_Digest(secret.data, secret.length, ret_key->bytes, NULL, EVP_sha256(),
		       NULL) == 1;
}

bool sticky_read_key(
	const struct conf_file *file, struct sticky_key *ret_key, struct buf *ret_text)
{
	struct secret_file secret;
	char error[SECRET_FILE_ERROR_SIZE];
	if (!secret_file_read(file->path, &secret, error))
		return fail(file, error, ret_text);
	bool is_long = secret.length >= STICKY_SECRET_MIN;
	bool is_made = is_long && digest(secret_file_str(&secret), ret_key);
	secret_file_finish(&secret);
	if (!is_long)
		return fail(file, "is too short (expected at least 16 bytes)", ret_text);
	return is_made || fail(file, "can't be used: out of memory", ret_text);
}

bool sticky_make_token(const struct sticky_key *key, const char *group,
	const char *server, struct sticky_token *ret_token)
{
	uint8_t mac[EVP_MAX_MD_SIZE];
	struct buf names = BUF_INIT;
	buf_append(
		&names, group, strlen(group) + 1); // with its end: "ab" "c" or "a" "bc"
	buf_append_str(&names, str_from(server));
	bool is_made = !names.is_failed &&
		       HMAC(EVP_sha256(), key->bytes, sizeof(key->bytes),
			       (const uint8_t *)names.data, names.length, mac, NULL);
	buf_finish(&names);
	for (size_t i = 0; is_made && i < STICKY_TOKEN_LENGTH; i++)
		ret_token->text[i] =
			"0123456789abcdef"[mac[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15];
	return is_made;
}

bool sticky_is_equal(const struct sticky_token *token, struct str shown)
{
	return shown.length == STICKY_TOKEN_LENGTH &&
	       CRYPTO_memcmp(token->text, shown.data, STICKY_TOKEN_LENGTH) == 0;
}
