// SPDX-License-Identifier: MIT
// The messages that one body becomes by the rules of its route: one, or those of a batch,
// {"messages":[{"data":...},...]}. Nothing is published here.
#pragma once

#include "wherry/conf/conf_push.h"
#include "wherry/proxy/push_content.h"

struct message;

enum {
	PUSH_MESSAGES_MAX = 1000 // of one batch
};

struct push_messages {
	struct message **list; // a reference to each
	size_t count;
};

// The Content-Type is kept if it is JSON or octets. content.json is filled in here, for
// whoever asks afterwards. Each message of a batch is looked at as if it were the body
// alone: {json.NAME} is a member of it, and {body} its data. It may name its channel,
// which must be the route's if the route does not ask it
// ({json.channel}); and its key, if the route makes none. PUSH_CONTENT_OK: *ret_messages
// has at least one; else it has none.
MUST_CHECK enum push_content_result push_messages_make(const struct conf_publish *rules,
	struct push_content *content, struct str content_type, bool is_batch,
	struct push_messages *ret_messages, struct push_content_error *reterr);
void push_messages_finish(struct push_messages *messages);
