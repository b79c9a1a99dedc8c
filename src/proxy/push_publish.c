// SPDX-License-Identifier: MIT
// From a body to its answer; see the header.
#include "wherry/proxy/push_publish.h"

#include <stdlib.h>

#include "wherry/base/now.h"
#include "wherry/hub/feeds.h"
#include "wherry/proxy/limits.h"
#include "wherry/proxy/origins.h"
#include "wherry/proxy/push_delivery.h"
#include "wherry/proxy/push_messages.h"
#include "wherry/proxy/webhooks.h"

struct push_publish {
	struct push push;
	const struct conf_publish *rules; // of the edition
	struct push_values values;
	struct push_delivery delivery;
	struct buf content_type;
	struct buf fields; // of every answer: which pages may read it
	struct buf body;
	struct buf text; // of the answer
	size_t count;    // of messages
	bool has_body;
	bool is_batch;
	struct publication *publication; // that is waited for
};

static struct push_publish *from(struct push *push)
{
	return (struct push_publish *)push;
}

// Ends it.
static void reply(
	struct push_publish *publish, struct reply reply, enum close_reason reason)
{
	struct push *push = &publish->push;
	if (reply.fields.length == 0)
		reply.fields = buf_str(&publish->fields);
	push->handler->on_reply(push->arg, &reply, reason);
}

static void refuse(struct push_publish *publish, unsigned status, const char *detail,
	enum close_reason reason)
{
	reply(publish,
		(struct reply){
			.status = status,
			.detail = detail,
			.field = status == 503 ? "Retry-After: 1" : NULL,
		},
		reason);
}

static void refuse_signature(
	struct push_publish *publish, enum webhook_signature_result result)
{
	if (result == WEBHOOK_SIGNATURE_MEMORY)
		refuse(publish, 503, webhook_signature_text(result),
			CLOSE_REASON_NO_MEMORY);
	else
		reply(publish,
			(struct reply){
				.status = 401,
				.detail = webhook_signature_text(result),
				.field = "WWW-Authenticate: Webhook",
			},
			CLOSE_REASON_UNSIGNED);
}

// With the placeholder that has no value.
static void refuse_content(struct push_publish *publish, enum push_content_result result,
	const struct push_content_error *error)
{
	struct buf *text = &publish->text;
	if (result == PUSH_CONTENT_MEMORY) {
		refuse(publish, 503, error->text, CLOSE_REASON_NO_MEMORY);
		return;
	}
	buf_append_str(text, str_from(error->text));
	if (error->part) {
		buf_append_str(text, STR(" "));
		template_write_part(text, error->part);
	}
	buf_append(text, "", 1);
	refuse(publish, result == PUSH_CONTENT_NO_CLAIM ? 403 : 400,
		text->is_failed ? error->text : text->data, CLOSE_REASON_REFUSED);
}

static void refuse_publication(
	struct push_publish *publish, enum publication_result result)
{
	switch (result) {
	case PUBLICATION_DONE:
	case PUBLICATION_DUPLICATE:
		return;
	case PUBLICATION_REFUSED:
		refuse(publish, 503, "there are too many channels (hub.channels)",
			CLOSE_REASON_OVERLOAD);
		return;
	case PUBLICATION_AWAY:
		refuse(publish, 503, "Redis can't be reached (hub.url)",
			CLOSE_REASON_OVERLOAD);
		return;
	case PUBLICATION_MEMORY:
		break;
	}
	refuse(publish, 503, "out of memory", CLOSE_REASON_NO_MEMORY);
}

static void write_receipt(struct buf *out, const struct publication_receipt *receipt)
{
	buf_printf(out, "{\"id\":\"%llu\",\"subscribers\":%zu}",
		(unsigned long long)receipt->id, receipt->subscribers);
}

static void write_receipts(
	struct push_publish *publish, const struct publication_receipt *receipts)
{
	struct buf *out = &publish->text;
	if (!publish->is_batch) {
		write_receipt(out, receipts);
		return;
	}
	buf_append_str(out, STR("{\"messages\":["));
	for (size_t i = 0; i < publish->count; i++) {
		if (i > 0)
			buf_append_str(out, STR(","));
		write_receipt(out, &receipts[i]);
	}
	buf_append_str(out, STR("]}"));
}

static void accept_it(
	struct push_publish *publish, const struct publication_receipt *receipts)
{
	struct buf *fields = &publish->fields;
	if (receipts)
		write_receipts(publish, receipts);
	else
		buf_append_str(&publish->text, STR("{\"duplicate\":true}"));
	buf_append_str(&publish->text, STR("\n"));
	buf_append_str(fields, STR("Content-Type: application/json\r\n"
				   "Cache-Control: no-store\r\n"));
	if (publish->text.is_failed || fields->is_failed) {
		buf_clear(fields);
		refuse(publish, 503, "out of memory", CLOSE_REASON_NO_MEMORY);
		return;
	}
	reply(publish,
		(struct reply){
			.status = 200,
			.log_detail = receipts ? NULL : "delivered before",
			.fields = buf_str(fields),
			.body = buf_str(&publish->text),
			.has_body = true,
		},
		CLOSE_REASON_DONE);
}

static void on_published(void *arg, enum publication_result result,
	const struct publication_receipt *receipts)
{
	struct push_publish *publish = arg;
	publish->publication = NULL;
	if (result == PUBLICATION_DONE || result == PUBLICATION_DUPLICATE)
		accept_it(publish, receipts);
	else
		refuse_publication(publish, result);
}

// The sender may come again with what was not published: then its claim was let go.
static void publish_all(struct push_publish *publish,
	const struct push_messages *messages, struct str claim)
{
	const struct conf_publish *rules = publish->rules;
	struct limits_refusal refusal;
	struct publication_options options = {
		.messages = messages->list,
		.count = messages->count,
		.history = rules->history,
		.is_local_allowed = rules->is_local_allowed,
		.claim = claim,
		.claim_ms = rules->verify.replay_ms,
	};
	if (!limits_enter_publications(publish->push.edition->rules,
		    publish->push.request, messages->count, &refusal)) {
		reply(publish,
			(struct reply){
				.status = refusal.status,
				.detail = refusal.detail,
				.retry_after_s = refusal.retry_after_s,
			},
			CLOSE_REASON_POLICY);
		return;
	}
	publish->count = messages->count;
	publish->publication =
		feeds_publish(publish->push.site->feeds, &options, on_published, publish);
	if (!publish->publication)
		refuse(publish, 503, "out of memory", CLOSE_REASON_NO_MEMORY);
}

static void make_messages(struct push_publish *publish)
{
	struct push_content content = {
		.values = &publish->values, .body = buf_str(&publish->body)};
	struct push_messages messages;
	struct push_content_error error;
	struct buf claim = BUF_INIT;
	enum push_content_result result = push_messages_make(publish->rules, &content,
		buf_str(&publish->content_type), publish->is_batch, &messages, &error);
	if (result == PUSH_CONTENT_OK && publish->rules->has_verify)
		result = push_delivery_write_claim(&publish->delivery,
			&publish->rules->verify, &content, &claim, &error);
	if (result == PUSH_CONTENT_OK)
		publish_all(publish, &messages, buf_str(&claim));
	else
		refuse_content(publish, result, &error);
	push_messages_finish(&messages);
	buf_finish(&claim);
}

// All of the body is there.
static void finish_body(struct push *push)
{
	struct push_publish *publish = from(push);
	const struct rules *rules = push->edition->rules;
	size_t route = (size_t)(push->request->route - push->edition->conf->routes);
	enum webhook_signature_result result = WEBHOOK_SIGNATURE_OK;
	if (publish->body.is_failed || publish->values.entries.is_failed) {
		refuse(publish, 503, "out of memory", CLOSE_REASON_NO_MEMORY);
		return;
	}
	if (publish->rules->has_verify)
		result = push_delivery_verify(&publish->delivery, &publish->rules->verify,
			webhooks_keys(rules->webhooks, route), buf_str(&publish->body),
			now_calendar_ms());
	if (result == WEBHOOK_SIGNATURE_OK)
		make_messages(publish);
	else
		refuse_signature(publish, result);
}

static const char too_long[] = "the body is longer than this route allows";

static void take_body(struct push *push, struct str piece)
{
	struct push_publish *publish = from(push);
	if (publish->body.length + piece.length > publish->rules->max_message)
		refuse(publish, 413, too_long, CLOSE_REASON_TOO_BIG);
	else
		buf_append_str(&publish->body, piece);
}

static void start(struct push *push)
{
	if (!from(push)->has_body)
		finish_body(push);
}

static void take_token(struct push *push, const struct jwt *token)
{
	struct push_publish *publish = from(push);
	const struct conf_publish *rules = publish->rules;
	push_values_take_claims(&publish->values, rules->channel, token);
	if (rules->payload)
		push_values_take_claims(&publish->values, rules->payload, token);
	if (rules->key)
		push_values_take_claims(&publish->values, rules->key, token);
	if (rules->has_verify && rules->verify.id)
		push_values_take_claims(&publish->values, rules->verify.id, token);
}

// What is under way is soon done.
static void close_soon(
	struct push *push, enum close_reason reason, uint16_t code, const char *text)
{
	(void)reason;
	(void)code;
	(void)text;
	push->is_closing = true;
}

static void measure(const struct push *push, struct relay_result *ret_result)
{
	(void)push; // has no messages for its client
	(void)ret_result;
}

static uint64_t last_message_ms(const struct push *push)
{
	return push->request->started_ms;
}

static void destroy(struct push *push)
{
	struct push_publish *publish = from(push);
	if (publish->publication)
		feeds_forget(publish->publication);
	push_values_finish(&publish->values);
	push_delivery_finish(&publish->delivery);
	buf_finish(&publish->content_type);
	buf_finish(&publish->fields);
	buf_finish(&publish->body);
	buf_finish(&publish->text);
	free(publish);
}

static const struct push_methods methods = {
	.take_token = take_token,
	.start = start,
	.body = take_body,
	.end_body = finish_body,
	.close = close_soon,
	.measure = measure,
	.last_message_ms = last_message_ms,
	.destroy = destroy,
};

static void take_templates(
	struct push_publish *publish, const struct push_question *question)
{
	const struct conf_publish *rules = publish->rules;
	const struct template *const templates[] = {rules->channel, rules->payload,
		rules->key, rules->has_verify ? rules->verify.id : NULL};
	for (size_t i = 0; i < sizeof(templates) / sizeof(templates[0]); i++) {
		if (templates[i])
			push_values_take_head(&publish->values, templates[i],
				question->message, question->path);
	}
}

static bool take_head(struct push_publish *publish, const struct push_question *question)
{
	const struct http_message *message = question->message;
	const struct http_field *type =
		http_message_find(message, HTTP_FIELD_CONTENT_TYPE);
	const struct conf_publish *rules = publish->rules;
	struct buf ignored = BUF_INIT;
	if (type)
		buf_append_str(&publish->content_type, type->value);
	origins_write_fields(
		&publish->fields, &rules->origins, message, question->request->is_https);
	take_templates(publish, question);
	publish->has_body = message->body_kind != HTTP_BODY_NONE;
	publish->is_batch =
		push_values_read_parameter(message->query, STR("batch"), &ignored);
	buf_finish(&ignored);
	if (rules->has_verify &&
		!push_delivery_take_head(&publish->delivery, &rules->verify, message))
		return false;
	return !publish->content_type.is_failed && !publish->fields.is_failed &&
	       !publish->values.entries.is_failed;
}

// What stands against it before its body is read.
static struct reply find_refusal(const struct push_question *question)
{
	const struct http_message *message = question->message;
	const struct conf_publish *rules = &question->request->route->publish;
	if (!http_message_is_method(message, "POST"))
		return (struct reply){.status = 405,
			.detail = "messages are published by POST",
			.field = "Allow: POST"};
	if (!origins_allow(&rules->origins, message, question->request->is_https))
		return (struct reply){.status = 403,
			.detail = "this Origin's pages may not publish here"};
	if (http_message_find_name(message, STR("Content-Encoding")))
		return (struct reply){.status = 415,
			.detail = "a body that is encoded (expected none of "
				  "Content-Encoding)"};
	if (message->body_kind == HTTP_BODY_LENGTH &&
		message->content_length > rules->max_message)
		return (struct reply){.status = 413, .detail = too_long};
	return (struct reply){0};
}

enum push_creation push_publish_create(const struct push_question *question,
	struct push **ret_push, struct reply *ret_reply)
{
	*ret_reply = find_refusal(question);
	if (ret_reply->status != 0)
		return PUSH_REFUSED;
	struct push_publish *publish = calloc(1, sizeof(*publish));
	if (!publish)
		return PUSH_MEMORY;
	push_init(&publish->push, &methods, question);
	publish->rules = &question->request->route->publish;
	if (!take_head(publish, question)) {
		destroy(&publish->push);
		return PUSH_MEMORY;
	}
	*ret_push = &publish->push;
	return PUSH_MADE;
}
