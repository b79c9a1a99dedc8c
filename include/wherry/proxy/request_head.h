// SPDX-License-Identifier: MIT
// The request's head as it leaves for the backend, rebuilt from parsed fields. The rules
// on which fields pass stand here and in response_head (RFC 9110 section 7.6, SECURITY
// T21, T22).
#pragma once

#include <openssl/ssl.h>

#include "wherry/base/buf.h"
#include "wherry/proxy/request.h"
#include "wherry/proxy/route.h"
#include "wherry/upstream/upstream.h"

struct request_head {
	const struct conf *conf;
	const struct addr *peer;
	const SSL *tls; // of the client's connection; NULL = it is plain
	const struct request *request;
	const struct http_message *message;
	const struct route_choice *choice;
	bool wants_plain; // the answer will be read here: it must not be compressed
};

// The request's head in two halves around the Host field, which depends on the server
// that takes it; without the empty line at its end.
void request_head_write_line(struct buf *out, const struct request_head *head);
void request_head_write_host(struct buf *out, const struct conf_route *route,
	struct str host, const struct upstream_server *server);
// "Host: " of the server itself.
void request_head_write_server_host(struct buf *out, const struct url *url);
// Who the client is: X-Forwarded-*, Forwarded, Via, its certificate. Asks no choice.
void request_head_write_identity(struct buf *out, const struct request_head *head);
// Is the peer one of trusted_proxies?
bool request_head_is_trusted(const struct request_head *head);
// A field in which proxies say who the client is, and which backends believe: passed on
// from a trusted one alone (SECURITY T22).
bool request_head_is_claim(struct str name);
// Is this field written anew, whatever the client sent? Asks no choice.
bool request_head_is_rewritten(
	const struct request_head *head, const struct http_field *field);
void request_head_write_fields(struct buf *out, const struct request_head *head);
