// SPDX-License-Identifier: MIT
// Loads key sets; see the header.
#include "wherry/proxy/tokens.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wherry/base/secret_file.h"

struct token_rules {
	struct jwt_policy policy;
	struct jwt_keys *keys; // that policy borrows, as the next
	struct jwt_claim_rule *claims;
};

struct tokens {
	size_t count; // of routes
	struct token_rules rules[];
};

PRINTF_LIKE(3, 4)
static bool fail(
	struct buf *reterr_text, const struct conf_file *file, const char *format, ...)
{
	char problem[SECRET_FILE_ERROR_SIZE + JWT_KEYS_ERROR_SIZE];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(problem, sizeof(problem), format, arguments);
	va_end(arguments);
	buf_printf(reterr_text, "%s: routes[].jwt.jwks: %s%s\n", file->named_at,
		file->path, problem);
	return false;
}

// False, with errno; the text is to be freed and, as it may hold secrets, wiped before.
static bool read_text(const char *path, char **ret_text, size_t *ret_length)
{
	FILE *stream = fopen(path, "re");
	if (!stream)
		return false;
	*ret_text = malloc(JWT_KEYS_MAX_BYTES + 1); // one more tells that it is too long
	errno = *ret_text ? 0 : ENOMEM;
	*ret_length = *ret_text ? fread(*ret_text, 1, JWT_KEYS_MAX_BYTES + 1, stream) : 0;
	bool is_read = *ret_text && !ferror(stream);
	int error = errno;
	(void)fclose(stream); // nothing was written
	errno = error;
	if (is_read)
		return true;
	free(*ret_text);
	return false;
}

static uint32_t find_algorithms(const struct conf_names *names)
{
	uint32_t algorithms = 0;
	for (size_t i = 0; i < names->count; i++) {
		enum jwt_algorithm algorithm;
		if (jwt_algorithm_find(str_from(names->names[i]), &algorithm))
			algorithms |= jwt_algorithm_bit(algorithm);
	}
	return algorithms;
}

// Whoever can read a secret can make tokens (SECURITY T62); public keys are public.
static bool is_file_kept(const struct conf_file *file, const struct jwt_keys *keys,
	struct buf *reterr_text)
{
	struct secret_file secret = SECRET_FILE_INIT;
	char error[SECRET_FILE_ERROR_SIZE];
	if (!jwt_keys_has_secret(keys))
		return true;
	if (!secret_file_read(file->path, &secret, error))
		return fail(reterr_text, file, " %s", error);
	secret_file_finish(&secret);
	return true;
}

static bool load_keys(
	const struct conf_jwt *jwt, struct jwt_keys **ret_keys, struct buf *reterr_text)
{
	struct jwt_keys_error error;
	char *text;
	size_t length;
	if (!read_text(jwt->jwks.path, &text, &length))
		return fail(reterr_text, &jwt->jwks, ": %s (expected a JWK Set)",
			strerrordesc_np(errno));
	*ret_keys = jwt_keys_create(
		(struct str){text, length}, find_algorithms(&jwt->algorithms), &error);
	explicit_bzero(text, length);
	free(text);
	if (*ret_keys)
		return is_file_kept(&jwt->jwks, *ret_keys, reterr_text);
	if (error.line > 0)
		return fail(reterr_text, &jwt->jwks, ":%zu:%zu: %s", error.line,
			error.column, error.text);
	return fail(reterr_text, &jwt->jwks, ": %s", error.text);
}

static bool copy_claims(struct token_rules *rules, const struct conf_jwt *jwt)
{
	rules->claims = calloc(jwt->claim_count + 1, sizeof(*rules->claims));
	if (!rules->claims)
		return false;
	for (size_t i = 0; i < jwt->claim_count; i++)
		rules->claims[i] = (struct jwt_claim_rule){
			jwt->claims[i].name, jwt->claims[i].value};
	return true;
}

static bool load_route(
	struct token_rules *rules, const struct conf_jwt *jwt, struct buf *reterr_text)
{
	if (!copy_claims(rules, jwt))
		return fail(reterr_text, &jwt->jwks, ": out of memory");
	if (!load_keys(jwt, &rules->keys, reterr_text))
		return false;
	rules->policy = (struct jwt_policy){
		.keys = rules->keys,
		.issuers = jwt->issuers.names,
		.issuer_count = jwt->issuers.count,
		.audiences = jwt->audiences.names,
		.audience_count = jwt->audiences.count,
		.claims = rules->claims,
		.claim_count = jwt->claim_count,
		.leeway_ms = jwt->leeway_ms,
		.is_expiry_optional = !jwt->requires_expiry,
	};
	return true;
}

struct tokens *tokens_create(const struct conf *conf, struct buf *reterr_text)
{
	struct tokens *tokens =
		calloc(1, sizeof(*tokens) + conf->route_count * sizeof(tokens->rules[0]));
	bool is_good = true;
	if (!tokens) {
		buf_append_str(reterr_text, STR("out of memory\n"));
		return NULL;
	}
	tokens->count = conf->route_count;
	for (size_t i = 0; i < conf->route_count; i++) {
		if (conf->routes[i].has_jwt)
			is_good &= load_route(
				&tokens->rules[i], &conf->routes[i].jwt, reterr_text);
	}
	if (is_good)
		return tokens;
	tokens_destroy(tokens);
	return NULL;
}

void tokens_destroy(struct tokens *tokens)
{
	if (!tokens)
		return;
	for (size_t i = 0; i < tokens->count; i++) {
		jwt_keys_destroy(tokens->rules[i].keys);
		free(tokens->rules[i].claims);
	}
	free(tokens);
}

const struct jwt_policy *tokens_policy(const struct tokens *tokens, size_t route)
{
	return &tokens->rules[route].policy;
}
