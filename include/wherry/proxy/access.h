// SPDX-License-Identifier: MIT
// Who may make a request: the rules of its route, one after the other, before a backend
// hears of it. Most are decided at once; those that take their time end in one callback.
// Order: networks, limits, JWT, basic authentication, an auth service.
#pragma once

#include "wherry/proxy/forward.h"
#include "wherry/proxy/push.h"
#include "wherry/proxy/reply.h"
#include "wherry/proxy/request.h"
#include "wherry/proxy/site.h"

// A decision that is being waited for.
struct access;

enum access_result {
	ACCESS_ALLOWED = 0,
	ACCESS_REFUSED, // the reply says how
	ACCESS_PENDING, // the callback will tell
};

struct access_question {
	struct site *site;
	const struct edition *edition;      // that the request goes by
	struct request *request;            // with its route; the user is filled in
	const struct http_message *message; // lent until access_start returns
	const struct addr *peer;
	const SSL *tls;          // of the client's connection; NULL = it is plain
	struct forward *forward; // prepared: rules add fields to it. NULL: the route asks
				 // no backend
	struct push *push;       // prepared: is shown the token. NULL: nothing is pushed
};

// By the client's address: deny wins; where there is a list of those allowed, nobody else
// is.
bool access_allows_client(
	const struct conf_access *access, const struct request *request);

// Never before access_start returns; on the loop's thread. reply is NULL for ALLOWED,
// else lent until this returns.
typedef void (*access_done_cb)(
	void *arg, enum access_result result, const struct reply *reply);

// PENDING: *ret_access is to be destroyed once done was called, and before that to forget
// the question. REFUSED: *ret_reply has status, detail and further fields, which live as
// long as the configuration.
MUST_CHECK enum access_result access_start(const struct access_question *question,
	access_done_cb done, void *arg, struct access **ret_access,
	struct reply *ret_reply);
// NULL is allowed, and so is calling it from done.
void access_destroy(struct access *access);
