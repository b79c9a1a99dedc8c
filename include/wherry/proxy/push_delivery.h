// SPDX-License-Identifier: MIT
// One delivery of a webhook: who signed it, and what it is known by, so that it is
// published once however often it comes.
#pragma once

#include "wherry/conf/conf_push.h"
#include "wherry/proto/webhook_signature.h"
#include "wherry/proxy/push_content.h"

// Zeroed, it is not signed.
struct push_delivery {
	struct buf signature; // values of the request's fields; empty: there is none, or
			      // more than one
	struct buf id;
	struct buf timestamp;
};

// Remembers the fields that the scheme looks at. False when memory is short.
MUST_CHECK bool push_delivery_take_head(struct push_delivery *delivery,
	const struct conf_verify *rules, const struct http_message *message);
void push_delivery_finish(struct push_delivery *delivery);

// now_ms is now_calendar_ms.
MUST_CHECK enum webhook_signature_result push_delivery_verify(
	const struct push_delivery *delivery, const struct conf_verify *rules,
	const struct webhook_keys *keys, struct str body, uint64_t now_ms);

// Appends what a delivery that was verified is known by, wherever it is sent to: a short
// text, the same for all who share a secret file. By its id, or, where neither the scheme
// nor the route has one, by its body.
MUST_CHECK enum push_content_result push_delivery_write_claim(
	const struct push_delivery *delivery, const struct conf_verify *rules,
	const struct push_content *content, struct buf *out,
	struct push_content_error *reterr);
