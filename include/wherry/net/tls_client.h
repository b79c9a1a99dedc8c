// SPDX-License-Identifier: MIT
// TLS toward the servers of an upstream: whom to trust, what to show, and the SSL object
// of each connection. The bytes are the stream's business.
#pragma once

#include <openssl/ssl.h>

#include "wherry/base/attributes.h"
#include "wherry/base/buf.h"
#include "wherry/conf/conf.h"

// What the `tls` block means, loaded: immutable, counted by reference, shared by all
// workers.
struct tls_client_set;

// Blocks on the disk. NULL if a file can't be read or does not fit: *ret_text then gets
// one line for each problem.
MUST_CHECK struct tls_client_set *tls_client_set_load(
	const struct conf_upstream_tls *conf, struct buf *ret_text);
// Any thread; NULL is allowed.
struct tls_client_set *tls_client_set_ref(struct tls_client_set *set);
void tls_client_set_unref(struct tls_client_set *set);

// One worker's use of it; the rest is for that worker's thread.
struct tls_client;

// Takes a reference to the set. NULL when memory is short.
MUST_CHECK struct tls_client *tls_client_create(struct tls_client_set *set);
// NULL is allowed. Connections it made live on.
void tls_client_destroy(struct tls_client *client);
const struct tls_client_set *tls_client_get_set(const struct tls_client *client);

// For a connection to the server of that name or address: connect state, no BIO yet, its
// certificate to be checked as configured. *session is offered, and becomes the newest
// that the server gives; it is the caller's, and outlives the connection. NULL when
// memory is short.
MUST_CHECK SSL *tls_client_connect(
	struct tls_client *client, struct str host, SSL_SESSION **session);
