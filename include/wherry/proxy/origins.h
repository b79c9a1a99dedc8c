// SPDX-License-Identifier: MIT
// Whose pages may use what is pushed (WHATWG Fetch, CORS): a browser says which page
// asks, and is told whether that page may read the answer.
#pragma once

#include "wherry/base/buf.h"
#include "wherry/conf/conf_push.h"
#include "wherry/proto/http_message.h"

// May the page that asks use it? What comes without Origin is no other site's page that
// could read the answer; but a WebSocket's page could, so that where there is a list it
// must say who it is. is_https is how the client sees the connection.
bool origins_allow(const struct conf_origin_rule *rule,
	const struct http_message *request, bool is_https);

// The fields that let the page read the answer, each with its CRLF; none, if the page is
// of the same host, or nobody's. Of a request that is allowed.
void origins_write_fields(struct buf *out, const struct conf_origin_rule *rule,
	const struct http_message *request, bool is_https);

// Does a browser ask whether a page may send what it is about to send? It does so without
// any credentials.
bool origins_is_preflight(const struct http_message *request);
// The method of what it is about to send.
struct str origins_preflight_method(const struct http_message *preflight);
// The fields of the answer, 204, to one that is allowed; methods as "GET, POST".
void origins_write_preflight(struct buf *out, const struct conf_origin_rule *rule,
	const struct http_message *request, bool is_https, const char *methods);
