// SPDX-License-Identifier: MIT
// Privacy decides what a live route shares: which requests may be answered with what the
// backend said to nobody in particular, and which of its answers may be given to many.
// Pure; where something is unclear, it is not shared.
#pragma once

#include "wherry/conf/conf.h"
#include "wherry/proto/http_message.h"

// Why the request is the backend's alone; NULL: it is one of many alike. It is not if it
// carries what says whose it is, by itself or by access rules, unless the route shares
// all, or that field tells answers apart. has_certificate: the client showed one. Static
// text, for clients, and for who configures the route.
const char *live_rules_find_own(const struct conf_route *route,
	const struct http_message *request, bool has_certificate);

// Why this answer, 200 or 304, to the key's request is for nobody else; NULL: it may be
// shared. Static text. is_plain: no coding was asked for.
const char *live_rules_find_private(
	const struct conf_live *live, const struct http_message *response, bool is_plain);
// How long it is good for, as its backend says; 0 = it does not say.
uint64_t live_rules_fresh_ms(const struct http_message *response);
