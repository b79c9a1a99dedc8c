// SPDX-License-Identifier: MIT
// Deliveries of webhooks; see the header.
#include "wherry/proxy/push_delivery.h"

#include <string.h>

#include <openssl/evp.h>

#include "wherry/base/base64.h"
#include "wherry/proxy/webhooks.h"

// Of a field that stands twice nobody knows which was meant.
static void take_field(
	const struct http_message *message, const char *name, struct buf *out)
{
	size_t count = 0;
	for (size_t i = 0; name && i < message->field_count; i++) {
		if (!str_equal_nocase(message->fields[i].name, str_from(name)))
			continue;
		buf_append_str(out, message->fields[i].value);
		count++;
	}
	if (count > 1)
		buf_clear(out);
}

bool push_delivery_take_head(struct push_delivery *delivery,
	const struct conf_verify *rules, const struct http_message *message)
{
	enum webhook_scheme scheme = webhooks_scheme(rules);
	const char *signature =
		rules->header ? rules->header : webhook_signature_field(scheme);
	take_field(message, signature, &delivery->signature);
	take_field(message, webhook_signature_id_field(scheme), &delivery->id);
	take_field(
		message, webhook_signature_timestamp_field(scheme), &delivery->timestamp);
	return !delivery->signature.is_failed && !delivery->id.is_failed &&
	       !delivery->timestamp.is_failed;
}

void push_delivery_finish(struct push_delivery *delivery)
{
	buf_finish(&delivery->signature);
	buf_finish(&delivery->id);
	buf_finish(&delivery->timestamp);
}

enum webhook_signature_result push_delivery_verify(const struct push_delivery *delivery,
	const struct conf_verify *rules, const struct webhook_keys *keys, struct str body,
	uint64_t now_ms)
{
	const struct webhook_delivery what = {
		.signature = buf_str(&delivery->signature),
		.id = buf_str(&delivery->id),
		.timestamp = buf_str(&delivery->timestamp),
		.body = body,
	};
	return webhook_signature_verify(keys, &what, now_ms, rules->tolerance_ms);
}

static enum push_content_result find_id(const struct push_delivery *delivery,
	const struct conf_verify *rules, const struct push_content *content,
	struct buf *out, struct push_content_error *error)
{
	if (rules->id)
		return push_content_name(content, rules->id, out, error);
	if (!webhook_signature_id_field(webhooks_scheme(rules))) {
		buf_append_str(out, content->body);
		return PUSH_CONTENT_OK;
	}
	if (delivery->id.length == 0) {
		*error = (struct push_content_error){
			"the webhook has no header with its id", NULL};
		return PUSH_CONTENT_MISSING;
	}
	buf_append_str(out, buf_str(&delivery->id));
	return PUSH_CONTENT_OK;
}

// Hashed with the file whose secrets prove it: another sender's ids are others.
static bool write_digest(const struct conf_verify *rules, struct str id, struct buf *out)
{
	struct buf text = BUF_INIT;
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	buf_append(&text, rules->secret.path, strlen(rules->secret.path) + 1);
	buf_append_str(&text, id);
	bool is_made = !text.is_failed && EVP_Digest(text.data, text.length, digest,
						  &length, EVP_sha256(), NULL) == 1;
	if (is_made)
		base64_encode(out, (struct str){(const char *)digest, length});
	buf_finish(&text);
	return is_made && !out->is_failed;
}

enum push_content_result push_delivery_write_claim(const struct push_delivery *delivery,
	const struct conf_verify *rules, const struct push_content *content,
	struct buf *out, struct push_content_error *reterr)
{
	struct buf id = BUF_INIT;
	enum push_content_result result = find_id(delivery, rules, content, &id, reterr);
	if (result == PUSH_CONTENT_OK &&
		(id.is_failed || !write_digest(rules, buf_str(&id), out))) {
		*reterr = (struct push_content_error){"out of memory", NULL};
		result = PUSH_CONTENT_MEMORY;
	}
	buf_finish(&id);
	return result;
}
