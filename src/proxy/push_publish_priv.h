// SPDX-License-Identifier: MIT
// A request to publish, as its two parts see it: push_publish (from head to hub) and
// push_publish_answer.
#pragma once

#include "wherry/hub/publication.h"
#include "wherry/proxy/limits.h"
#include "wherry/proxy/push.h"
#include "wherry/proxy/push_delivery.h"
#include "wherry/proxy/push_messages.h"

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

// Each ends the push.
void push_publish_answer_refuse(struct push_publish *publish, unsigned status,
	const char *detail, enum close_reason reason);
void push_publish_answer_rate(struct push_publish *publish, const struct reply *refusal);
void push_publish_answer_signature(
	struct push_publish *publish, enum webhook_signature_result result);
void push_publish_answer_content(struct push_publish *publish,
	enum push_content_result result, const struct push_content_error *error);
// What became of it in the hub. receipts as of publication_done_cb.
void push_publish_answer_published(struct push_publish *publish,
	enum publication_result result, const struct publication_receipt *receipts);
