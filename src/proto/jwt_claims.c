// SPDX-License-Identifier: MIT
// Holds the claims of a token against a policy (RFC 7519 section 4.1); see the header.
#include "jwt_claims_priv.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum time_result {
	TIME_OK,
	TIME_ABSENT,
	TIME_BAD
};

// NumericDate: seconds, maybe with a fraction. Later than the year 287396 is as good as
// never, before 1970 as good as then.
static enum time_result read_time(json_t *claims, const char *name, uint64_t *ret_ms)
{
	static const double latest_s = 9007199254740.0; // 2^53 ms
	json_t *value = json_object_get(claims, name);
	if (!value)
		return TIME_ABSENT;
	if (!json_is_number(value))
		return TIME_BAD;
	double seconds = json_number_value(value);
	if (!isfinite(seconds))
		return TIME_BAD;
	if (seconds >= latest_s)
		*ret_ms = UINT64_MAX;
	else
		*ret_ms = seconds <= 0 ? 0 : (uint64_t)(seconds * 1000);
	return TIME_OK;
}

static uint64_t add_saturated(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static const char *check_times(const struct jwt_policy *policy, json_t *claims,
	uint64_t now_ms, uint64_t *ret_expires_ms)
{
	uint64_t not_before_ms = 0;
	uint64_t expires_ms = UINT64_MAX;
	enum time_result expires = read_time(claims, "exp", &expires_ms);
	enum time_result not_before = read_time(claims, "nbf", &not_before_ms);
	if (expires == TIME_BAD || not_before == TIME_BAD)
		return "the token's exp or nbf is not a time";
	if (expires == TIME_ABSENT && !policy->is_expiry_optional)
		return "the token has no exp";
	*ret_expires_ms = add_saturated(expires_ms, policy->leeway_ms);
	if (expires == TIME_OK && now_ms >= *ret_expires_ms)
		return "the token has expired";
	if (not_before_ms > add_saturated(now_ms, policy->leeway_ms))
		return "the token is not valid yet";
	return NULL;
}

static bool is_text(json_t *value, struct str text)
{
	return json_is_string(value) &&
	       str_equal(text,
		       (struct str){json_string_value(value), json_string_length(value)});
}

static bool is_one_of(json_t *value, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (is_text(value, str_from(texts[i])))
			return true;
	}
	return false;
}

static const char *check_audience(const struct jwt_policy *policy, json_t *claims)
{
	json_t *audience = json_object_get(claims, "aud");
	const char *const *wanted = policy->audiences;
	if (!audience)
		return policy->audience_count > 0 ? "the token has no aud" : NULL;
	if (is_one_of(audience, wanted, policy->audience_count))
		return NULL;
	for (size_t i = 0; i < json_array_size(audience); i++) {
		if (is_one_of(
			    json_array_get(audience, i), wanted, policy->audience_count))
			return NULL;
	}
	return "the token is for another audience";
}

static const char *check_issuer(const struct jwt_policy *policy, json_t *claims)
{
	bool is_known = is_one_of(
		json_object_get(claims, "iss"), policy->issuers, policy->issuer_count);
	return policy->issuer_count == 0 || is_known ? NULL
						     : "the token is of another issuer";
}

static bool has_word(json_t *value, struct str word)
{
	struct str rest = {json_string_value(value), json_string_length(value)};
	while (rest.length > 0) {
		if (str_equal(str_cut_until(&rest, ' '), word))
			return true;
	}
	return false;
}

static bool is_value(json_t *value, struct str wanted)
{
	char number[32];
	if (json_is_boolean(value))
		return str_equal(
			wanted, json_is_true(value) ? STR("true") : STR("false"));
	if (!json_is_integer(value))
		return is_text(value, wanted);
	int length = snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
		json_integer_value(value));
	return str_equal(wanted, (struct str){number, (size_t)length});
}

static bool has_claim(json_t *claims, const struct jwt_claim_rule *rule)
{
	json_t *value = json_object_get(claims, rule->name);
	struct str wanted = str_from(rule->value);
	if (strcmp(rule->name, "scope") == 0 && json_is_string(value))
		return has_word(value, wanted);
	for (size_t i = 0; i < json_array_size(value); i++) {
		if (is_value(json_array_get(value, i), wanted))
			return true;
	}
	return is_value(value, wanted);
}

enum jwt_result jwt_claims_check(const struct jwt_policy *policy, json_t *claims,
	uint64_t now_ms, uint64_t *ret_expires_ms, const char **reterr_text)
{
	const char *error = check_times(policy, claims, now_ms, ret_expires_ms);
	if (!error)
		error = check_issuer(policy, claims);
	if (!error)
		error = check_audience(policy, claims);
	if (error) {
		*reterr_text = error;
		return JWT_INVALID;
	}
	for (size_t i = 0; i < policy->claim_count; i++) {
		if (has_claim(claims, &policy->claims[i]))
			continue;
		*reterr_text = "the token lacks a claim that this route asks for";
		return JWT_INSUFFICIENT;
	}
	return JWT_OK;
}

// RFC 9110 section 5.5.
static bool write_text(struct str text, struct buf *out)
{
	for (size_t i = 0; i < text.length; i++) {
		unsigned char byte = (unsigned char)text.data[i];
		if (byte < 0x20 || byte == 0x7f)
			return false;
	}
	buf_append_str(out, text);
	return true;
}

static bool write_value(json_t *value, struct buf *out)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		return write_text(
			(struct str){json_string_value(value), json_string_length(value)},
			out);
	case JSON_INTEGER:
		buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		return true;
	case JSON_TRUE:
		buf_append_str(out, STR("true"));
		return true;
	case JSON_FALSE:
		buf_append_str(out, STR("false"));
		return true;
	case JSON_OBJECT:
	case JSON_ARRAY:
	case JSON_REAL:
	case JSON_NULL:
		break;
	}
	return false;
}

bool jwt_write_claim(const struct jwt *jwt, const char *name, struct buf *out)
{
	json_t *value = json_object_get((json_t *)jwt->claims, name);
	if (!value)
		return false;
	if (!json_is_array(value))
		return write_value(value, out);
	for (size_t i = 0; i < json_array_size(value); i++) {
		if (i > 0)
			buf_append_str(out, STR(","));
		if (!write_value(json_array_get(value, i), out))
			return false;
	}
	return true;
}
