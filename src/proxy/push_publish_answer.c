// SPDX-License-Identifier: MIT
// Answers to who publishes; see the header.
#include "push_publish_priv.h"

// Ends it.
static void reply(
	struct push_publish *publish, struct reply reply, enum close_reason reason)
{
	struct push *push = &publish->push;
	if (reply.fields.length == 0)
		reply.fields = buf_str(&publish->fields);
	push->handler->on_reply(push->arg, &reply, reason);
}

void push_publish_answer_refuse(struct push_publish *publish, unsigned status,
	const char *detail, enum close_reason reason)
{
	reply(publish,
		(struct reply){
			.status = status,
			.detail = detail,
			.field = status == 503 ? "Retry-After: 1" : NULL,
		},
		reason);
}

void push_publish_answer_signature(
	struct push_publish *publish, enum webhook_signature_result result)
{
	if (result == WEBHOOK_SIGNATURE_MEMORY)
		push_publish_answer_refuse(publish, 503, webhook_signature_text(result),
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

void push_publish_answer_content(struct push_publish *publish,
	enum push_content_result result, const struct push_content_error *error)
{
	struct reply refusal = push_content_refusal(result, error, &publish->text);
	push_publish_answer_refuse(publish, refusal.status, refusal.detail,
		result == PUSH_CONTENT_MEMORY ? CLOSE_REASON_NO_MEMORY
					      : CLOSE_REASON_REFUSED);
}

static void refuse_publication(
	struct push_publish *publish, enum publication_result result)
{
	switch (result) {
	case PUBLICATION_DONE:
	case PUBLICATION_DUPLICATE:
		return;
	case PUBLICATION_REFUSED:
		push_publish_answer_refuse(publish, 503,
			"the hub has no room for it (hub.channels, hub.memory)",
			CLOSE_REASON_OVERLOAD);
		return;
	case PUBLICATION_AWAY:
		push_publish_answer_refuse(publish, 503,
			"Redis can't be reached, or takes nothing (hub.url)",
			CLOSE_REASON_OVERLOAD);
		return;
	case PUBLICATION_MEMORY:
		break;
	}
	push_publish_answer_refuse(publish, 503, "out of memory", CLOSE_REASON_NO_MEMORY);
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
		push_publish_answer_refuse(
			publish, 503, "out of memory", CLOSE_REASON_NO_MEMORY);
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

void push_publish_answer_published(struct push_publish *publish,
	enum publication_result result, const struct publication_receipt *receipts)
{
	if (result == PUBLICATION_DONE || result == PUBLICATION_DUPLICATE)
		accept_it(publish, receipts);
	else
		refuse_publication(publish, result);
}

void push_publish_answer_rate(struct push_publish *publish, const struct reply *refusal)
{
	reply(publish, *refusal, CLOSE_REASON_POLICY);
}
