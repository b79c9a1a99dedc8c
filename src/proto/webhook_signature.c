// SPDX-License-Identifier: MIT
// Signatures of webhooks; see the header. All keys are tried with all signatures, so that
// the time it takes says nothing about which one fits.
#include "wherry/proto/webhook_signature.h"

#include <openssl/crypto.h>
#include <openssl/err.h>

#include "webhook_keys_priv.h"
#include "wherry/base/base64.h"
#include "wherry/base/buf.h"

enum {
	HMAC_BYTES = 32,
	ED25519_BYTES = 64,
	HEX_DIGITS = 2 * HMAC_BYTES,
};

struct signatures {
	size_t count;
	struct signature {
		size_t length; // HMAC_BYTES or ED25519_BYTES: that says what it is
		uint8_t bytes[ED25519_BYTES + 2];
	} all[WEBHOOK_SIGNATURE_MAX];
};

static bool read_hex(struct str text, struct signature *ret_signature)
{
	if (text.length != HEX_DIGITS)
		return false;
	for (size_t i = 0; i < HMAC_BYTES; i++) {
		int high = str_hex_value(text.data[2 * i]);
		int low = str_hex_value(text.data[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		ret_signature->bytes[i] = (uint8_t)(high << 4 | low);
	}
	ret_signature->length = HMAC_BYTES;
	return true;
}

static bool read_base64(
	struct str text, size_t wanted_length, struct signature *ret_signature)
{
	return base64_room(text.length) <= sizeof(ret_signature->bytes) &&
	       base64_decode(text, ret_signature->bytes, &ret_signature->length) &&
	       ret_signature->length == wanted_length;
}

// "v1,base64 v1a,base64 ...", of which versions that are unknown say nothing.
static bool read_list(struct str text, struct signatures *signatures)
{
	while (text.length > 0) {
		struct str item = str_cut_until(&text, ' ');
		struct signature *signature = &signatures->all[signatures->count];
		if (signatures->count == WEBHOOK_SIGNATURE_MAX)
			return false;
		if ((str_cut_prefix(&item, STR("v1,")) &&
			    read_base64(item, HMAC_BYTES, signature)) ||
			(str_cut_prefix(&item, STR("v1a,")) &&
				read_base64(item, ED25519_BYTES, signature)))
			signatures->count++;
	}
	return signatures->count > 0;
}

static bool read_signatures(
	enum webhook_scheme scheme, struct str text, struct signatures *ret_signatures)
{
	struct signature *first = &ret_signatures->all[0];
	ret_signatures->count = 0;
	if (scheme == WEBHOOK_STANDARD)
		return read_list(text, ret_signatures);
	bool has_prefix = str_cut_prefix(&text, STR("sha256="));
	ret_signatures->count = 1;
	if (scheme == WEBHOOK_GITHUB)
		return has_prefix && read_hex(text, first);
	return read_hex(text, first) || read_base64(text, HMAC_BYTES, first);
}

// What is signed, in front of the body.
static bool write_prefix(enum webhook_scheme scheme,
	const struct webhook_delivery *delivery, struct buf *out)
{
	if (scheme == WEBHOOK_STANDARD)
		buf_printf(out, "%.*s.%.*s.", STR_ARG(delivery->id),
			STR_ARG(delivery->timestamp));
	return !out->is_failed;
}

static bool compute(const struct webhook_key *key, struct str prefix, struct str body,
	uint8_t ret_code[HMAC_BYTES])
{
	size_t length;
	EVP_MAC_CTX *mac = EVP_MAC_CTX_dup(key->mac);
	bool is_done =
		mac &&
		EVP_MAC_update(mac, (const uint8_t *)prefix.data, prefix.length) == 1 &&
		EVP_MAC_update(mac, (const uint8_t *)body.data, body.length) == 1 &&
		EVP_MAC_final(mac, ret_code, &length, HMAC_BYTES) == 1;
	EVP_MAC_CTX_free(mac);
	return is_done;
}

static bool is_made_with_secret(const struct webhook_key *key,
	const struct signatures *signatures, struct str prefix, struct str body)
{
	uint8_t code[HMAC_BYTES];
	bool is_found = false;
	if (!compute(key, prefix, body, code))
		return false;
	for (size_t i = 0; i < signatures->count; i++) {
		const struct signature *each = &signatures->all[i];
		is_found |= each->length == HMAC_BYTES &&
			    CRYPTO_memcmp(each->bytes, code, HMAC_BYTES) == 0;
	}
	return is_found;
}

static bool is_made_with_ed25519(const struct webhook_key *key,
	const struct signature *signature, struct str content)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool is_good =
		context &&
		EVP_DigestVerifyInit(context, NULL, NULL, NULL, key->ed25519) == 1 &&
		EVP_DigestVerify(context, signature->bytes, signature->length,
			(const uint8_t *)content.data, content.length) == 1;
	EVP_MD_CTX_free(context);
	return is_good;
}

// Ed25519 is of the whole content in one piece (RFC 8032 section 5.1). content holds the
// prefix; the body is put behind it when it is needed first.
static bool is_made_with_private_key(const struct webhook_key *key,
	const struct signatures *signatures, struct buf *content, size_t prefix_length,
	struct str body)
{
	bool is_found = false;
	for (size_t i = 0; i < signatures->count; i++) {
		if (signatures->all[i].length != ED25519_BYTES)
			continue;
		if (content->length == prefix_length)
			buf_append_str(content, body);
		is_found |=
			!content->is_failed &&
			is_made_with_ed25519(key, &signatures->all[i], buf_str(content));
	}
	return is_found;
}

static enum webhook_signature_result try_keys(const struct webhook_keys *keys,
	const struct webhook_delivery *delivery, const struct signatures *signatures)
{
	struct buf content = BUF_INIT;
	bool is_found = false;
	bool is_written = write_prefix(keys->scheme, delivery, &content);
	size_t prefix_length = content.length;
	for (size_t i = 0; i < keys->count && is_written; i++) {
		const struct webhook_key *key = &keys->keys[i];
		if (key->mac)
			is_found |= is_made_with_secret(key, signatures,
				(struct str){content.data, prefix_length},
				delivery->body);
		else
			is_found |= is_made_with_private_key(
				key, signatures, &content, prefix_length, delivery->body);
	}
	bool has_memory = !content.is_failed;
	buf_finish(&content);
	ERR_clear_error(); // whoever uses TLS next must not find it
	if (is_found)
		return WEBHOOK_SIGNATURE_OK;
	return has_memory ? WEBHOOK_SIGNATURE_WRONG : WEBHOOK_SIGNATURE_MEMORY;
}

// A dot in the id would let it run into the timestamp.
static bool is_id(struct str id)
{
	for (size_t i = 0; i < id.length; i++) {
		if (id.data[i] <= ' ' || id.data[i] > '~' || id.data[i] == '.')
			return false;
	}
	return id.length <= WEBHOOK_SIGNATURE_MAX_ID;
}

#define LATEST_S (UINT64_C(1) << 40) // in ms, it is far from overflowing

static enum webhook_signature_result check_head(
	const struct webhook_delivery *delivery, uint64_t now_ms, uint64_t tolerance_ms)
{
	uint64_t seconds;
	if (delivery->id.length == 0 || delivery->timestamp.length == 0)
		return WEBHOOK_SIGNATURE_MISSING;
	if (!is_id(delivery->id) ||
		!str_parse_u64(delivery->timestamp, LATEST_S, &seconds))
		return WEBHOOK_SIGNATURE_BAD;
	uint64_t sent_ms = seconds * 1000;
	uint64_t distance_ms = sent_ms > now_ms ? sent_ms - now_ms : now_ms - sent_ms;
	return distance_ms > tolerance_ms ? WEBHOOK_SIGNATURE_STALE
					  : WEBHOOK_SIGNATURE_OK;
}

enum webhook_signature_result webhook_signature_verify(const struct webhook_keys *keys,
	const struct webhook_delivery *delivery, uint64_t now_ms, uint64_t tolerance_ms)
{
	struct signatures signatures;
	enum webhook_signature_result result = WEBHOOK_SIGNATURE_OK;
	if (delivery->signature.length == 0)
		return WEBHOOK_SIGNATURE_MISSING;
	if (keys->scheme == WEBHOOK_STANDARD)
		result = check_head(delivery, now_ms, tolerance_ms);
	if (result != WEBHOOK_SIGNATURE_OK)
		return result;
	if (!read_signatures(keys->scheme, delivery->signature, &signatures))
		return WEBHOOK_SIGNATURE_BAD;
	return try_keys(keys, delivery, &signatures);
}

struct scheme {
	const char *signature, *id, *timestamp;
};

static const struct scheme schemes[] = {
	[WEBHOOK_STANDARD] = {"webhook-signature", "webhook-id", "webhook-timestamp"},
	[WEBHOOK_GITHUB] = {"x-hub-signature-256", "x-github-delivery", NULL},
	[WEBHOOK_HMAC_SHA256] = {NULL, NULL, NULL},
};

const char *webhook_signature_field(enum webhook_scheme scheme)
{
	return schemes[scheme].signature;
}

const char *webhook_signature_id_field(enum webhook_scheme scheme)
{
	return schemes[scheme].id;
}

const char *webhook_signature_timestamp_field(enum webhook_scheme scheme)
{
	return schemes[scheme].timestamp;
}

const char *webhook_signature_text(enum webhook_signature_result result)
{
	switch (result) {
	case WEBHOOK_SIGNATURE_OK:
		break;
	case WEBHOOK_SIGNATURE_MISSING:
		return "the webhook is not signed";
	case WEBHOOK_SIGNATURE_BAD:
		return "the webhook's signature can't be read";
	case WEBHOOK_SIGNATURE_STALE:
		return "the webhook was not sent just now";
	case WEBHOOK_SIGNATURE_WRONG:
		return "the webhook's signature is wrong";
	case WEBHOOK_SIGNATURE_MEMORY:
		return "out of memory";
	}
	return "";
}
