// SPDX-License-Identifier: MIT
// The WebSocket of a page that follows several live URLs, which it names as it goes
// (wherry-push(7)). Each is routed and let in as if it were a GET of its own with the
// fields of the handshake.
#pragma once

#include "wherry/proxy/push.h"

#define PUSH_PAGE_PATH "/.wherry/live"

// Does the request ask for it? Its path is Wherry's own wherever the script's is.
bool push_page_is_asked(const struct conf *conf, const struct http_message *message);
// As push_create; the question's request is on no route.
MUST_CHECK enum push_creation push_page_create(const struct push_question *question,
	struct push **ret_push, struct reply *ret_reply);
