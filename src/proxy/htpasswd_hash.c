// SPDX-License-Identifier: MIT
// Which hashes are taken: by their prefix, their shape, and what one check costs.
#include "htpasswd_hash_priv.h"

#include <string.h>

#include <crypt.h>

#include "wherry/proxy/htpasswd.h"

enum {
	BCRYPT_COST_MAX = 15,        // some 2 s
	SHA_ROUNDS_MAX = 2000000,    // the same
	YESCRYPT_MEMORY_LOG_MAX = 15 // N of 128 r bytes: 128 MiB with the usual r
};

struct method {
	const char *prefix;
	size_t last_part; // length of what stands behind the last "$"
};

static const struct method methods[] = {
	{"$2b$", 53},                            // bcrypt: salt and hash in one
	{"$2y$", 53}, {"$2a$", 53}, {"$6$", 86}, // SHA-512
	{"$5$", 43},                             // SHA-256
	{"$y$", 43},                             // yescrypt
	{"$1$", 22},                             // MD5, still in old files
};

static const struct method *find_method(struct str hash)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (str_has_prefix(hash, str_from(methods[i].prefix)))
			return &methods[i];
	}
	return NULL;
}

static const char *explain_unknown(struct str hash)
{
	if (hash.length == 0)
		return "no hash (expected user:hash, as htpasswd -B writes it)";
	if (str_has_prefix(hash, STR("$apr1$")))
		return "$apr1$ is Apache's own MD5 and is not supported (expected "
		       "bcrypt: set the password again with htpasswd -B)";
	if (str_has_prefix(hash, STR("{")))
		return "{SHA} and the like have no salt or too quick a hash and are not "
		       "supported (expected bcrypt: set the password again with "
		       "htpasswd -B)";
	if (str_has_prefix(hash, STR("$")))
		return "unknown kind of hash (expected $2y$, $2b$, $y$, $6$, $5$ or "
		       "$1$: set the password again with htpasswd -B)";
	return "a plain password or the old DES hash, which are not supported (expected "
	       "bcrypt: set the password again with htpasswd -B)";
}

static bool is_hash_text(struct str text)
{
	for (size_t i = 0; i < text.length; i++) {
		if (text.data[i] <= ' ' || text.data[i] > '~')
			return false;
	}
	return true;
}

// "$2b$12$...": the cost is a power of two.
static bool is_bcrypt_cheap(struct str hash)
{
	uint64_t cost;
	return hash.length > 6 &&
	       str_parse_u64((struct str){hash.data + 4, 2}, BCRYPT_COST_MAX, &cost);
}

// "$6$rounds=5000$...", where the rounds may be missing.
static bool is_sha_cheap(struct str hash)
{
	struct str rest = {hash.data + 3, hash.length - 3};
	uint64_t rounds;
	if (!str_has_prefix(rest, STR("rounds=")))
		return true;
	const char *end = memchr(rest.data, '$', rest.length);
	return end &&
	       str_parse_u64((struct str){rest.data + 7, (size_t)(end - rest.data) - 7},
		       SHA_ROUNDS_MAX, &rounds);
}

// "$y$j9T$...", as crypt_gensalt(3) writes it: a digit for the flavor, one for log2 N -
// 1, one for r, which is 32 or 8.
static bool is_yescrypt_cheap(struct str hash)
{
	static const char digits[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	if (hash.length < 7 || hash.data[3] != 'j' || hash.data[6] != '$' ||
		(hash.data[5] != 'T' && hash.data[5] != '5'))
		return false;
	const char *digit = memchr(digits, hash.data[4], sizeof(digits) - 1);
	return digit && digit - digits + 1 <= YESCRYPT_MEMORY_LOG_MAX;
}

static bool is_cheap(struct str hash)
{
	switch (hash.data[1]) {
	case '2':
		return is_bcrypt_cheap(hash);
	case '5':
	case '6':
		return is_sha_cheap(hash);
	case 'y':
		return is_yescrypt_cheap(hash);
	default:
		return true;
	}
}

const char *htpasswd_hash_problem(struct str hash)
{
	static const char damaged[] = "damaged hash (expected it as htpasswd -B writes "
				      "it: set the password again)";
	char text[HTPASSWD_HASH_MAX + 1];
	const struct method *method = find_method(hash);
	if (!method)
		return explain_unknown(hash);
	const char *last = memrchr(hash.data, '$', hash.length);
	size_t last_part = hash.length - (size_t)(last + 1 - hash.data);
	if (hash.length > HTPASSWD_HASH_MAX || last_part != method->last_part ||
		!is_hash_text(hash))
		return damaged;
	if (!is_cheap(hash))
		return "a check of this hash would take too long (expected bcrypt of "
		       "cost 15 or less, or 2000000 rounds, or yescrypt of cost 8)";
	memcpy(text, hash.data, hash.length);
	text[hash.length] = '\0';
	return crypt_checksalt(text) == CRYPT_SALT_INVALID ? damaged : NULL;
}
