// SPDX-License-Identifier: MIT
// From a body to its answer; see the header.
#include "wherry/proxy/push_publish.h"

#include <stdlib.h>

#include "push_publish_priv.h"
#include "wherry/base/now.h"
#include "wherry/hub/feeds.h"
#include "wherry/proxy/origins.h"
#include "wherry/proxy/route.h"
#include "wherry/proxy/webhooks.h"

static struct push_publish *from(struct push *push)
{
	return (struct push_publish *)push;
}

static void on_published(void *arg, enum publication_result result,
	const struct publication_receipt *receipts)
{
	struct push_publish *publish = arg;
	publish->publication = NULL;
	push_publish_answer_published(publish, result, receipts);
}

// The sender may come again with what was not published: then its claim was let go.
static void publish_all(struct push_publish *publish,
	const struct push_messages *messages, struct str claim)
{
	const struct conf_publish *rules = publish->rules;
	struct reply refusal;
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
		push_publish_answer_rate(publish, &refusal);
		return;
	}
	publish->count = messages->count;
	publish->publication =
		feeds_publish(publish->push.site->feeds, &options, on_published, publish);
	if (!publish->publication)
		push_publish_answer_refuse(
			publish, 503, "out of memory", CLOSE_REASON_NO_MEMORY);
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
		push_publish_answer_content(publish, result, &error);
	push_messages_finish(&messages);
	buf_finish(&claim);
}

// GitHub sends its JSON in a form, if it is told to; what it signs is the form. False if
// it is not in it.
static bool open_form(struct push_publish *publish)
{
	const struct conf_publish *rules = publish->rules;
	struct buf query = BUF_INIT, event = BUF_INIT;
	bool is_form = str_equal_nocase(buf_str(&publish->content_type),
		STR("application/x-www-form-urlencoded"));
	if (!rules->has_verify || rules->verify.scheme != CONF_WEBHOOK_GITHUB || !is_form)
		return true;
	buf_append_str(&query, STR("?"));
	buf_append_str(&query, buf_str(&publish->body));
	bool is_found =
		push_values_read_parameter(buf_str(&query), STR("payload"), &event);
	buf_finish(&query);
	buf_finish(&publish->body);
	buf_clear(&publish->content_type);
	publish->body = event;
	return is_found && !event.is_failed;
}

// All of the body is there.
static void finish_body(struct push *push)
{
	struct push_publish *publish = from(push);
	const struct rules *rules = push->edition->rules;
	size_t route = (size_t)(push->request->route - push->edition->conf->routes);
	enum webhook_signature_result result = WEBHOOK_SIGNATURE_OK;
	if (publish->body.is_failed || publish->values.entries.is_failed) {
		push_publish_answer_refuse(
			publish, 503, "out of memory", CLOSE_REASON_NO_MEMORY);
		return;
	}
	if (publish->rules->has_verify)
		result = push_delivery_verify(&publish->delivery, &publish->rules->verify,
			webhooks_keys(rules->webhooks, route), buf_str(&publish->body),
			now_calendar_ms());
	if (result == WEBHOOK_SIGNATURE_OK && open_form(publish))
		make_messages(publish);
	else if (result == WEBHOOK_SIGNATURE_OK)
		push_publish_answer_refuse(publish, 400,
			"a form without the event in its \"payload\"",
			CLOSE_REASON_REFUSED);
	else
		push_publish_answer_signature(publish, result);
}

static const char too_long[] = "the body is longer than this route allows";

static void take_body(struct push *push, struct str piece)
{
	struct push_publish *publish = from(push);
	if (publish->body.length + piece.length > publish->rules->max_message)
		push_publish_answer_refuse(publish, 413, too_long, CLOSE_REASON_TOO_BIG);
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
				question->message, question->choice->path);
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
