// SPDX-License-Identifier: MIT
// A snapshot in the making, out of a backend's answer: the fields that clients get, and
// the body.
#pragma once

#include "wherry/base/buf.h"
#include "wherry/conf/conf.h"
#include "wherry/hub/live_snapshot.h"
#include "wherry/proto/http_message.h"

struct live_draft {
	struct buf fields, short_fields; // see live_snapshot
	struct buf cache_control, validator, modified, type;
	struct buf body;
};

void live_draft_finish(struct live_draft *draft);

void live_draft_take_fields(struct live_draft *draft, const struct conf_headers *rules,
	const struct http_message *message);
// The whole of it. Where the body is that of newest, which may be NULL, so is the
// message. NULL when memory is short.
MUST_CHECK struct live_snapshot *live_draft_make(struct live_draft *draft, struct str url,
	const struct live_snapshot *newest, bool merges_patches);
