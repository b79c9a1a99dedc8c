// SPDX-License-Identifier: MIT
// A set as those see it who make connections of it: tls_server and tls_context.
#pragma once

#include <stdatomic.h>

#include "wherry/base/map.h"
#include "wherry/net/tls_certificate.h"
#include "wherry/net/tls_set.h"
#include "wherry/net/tls_tickets.h"

enum {
	TLS_SET_DIGEST_SIZE = 32,
	TLS_SET_NAME_MAX = 255 // longest host name; RFC 1035 allows 253 and a dot
};

// A virtual host: the certificates that one name has, at most one of each kind.
struct tls_host {
	const struct tls_certificate *certificates[TLS_CERTIFICATE_KINDS];
};

struct tls_set {
	atomic_size_t references;
	struct tls_certificate *certificates;
	size_t certificate_count;
	struct tls_host *hosts; // the first is the default
	size_t host_count;
	struct map *names; // to where it stands in host_of_name, plus 1; read only, once
			   // loaded
	size_t *host_of_name;  // indexes of hosts
	X509_STORE *client_ca; // NULL: no client is asked for a certificate
	STACK_OF(X509_NAME) * client_ca_names;
	struct tls_tickets *tickets;
	char *ciphers, *ciphersuites;
	bool is_client_auth_optional;
	bool refuses_unknown_names;
	bool requires_tls13;
	// Over all that a session must not be carried across.
	uint8_t digest[TLS_SET_DIGEST_SIZE];
};

// The host of that name: exact, else by a wildcard for its first label, in any case and
// with a dot at its end. False if no certificate has it.
MUST_CHECK bool tls_set_find(
	const struct tls_set *set, struct str name, size_t *ret_host);

// tls_set_hosts.c: sorts the certificates by name. False when memory is short.
MUST_CHECK bool tls_set_add_hosts(struct tls_set *set);

// tls_context.c: the context of one host. NULL when memory is short or something does not
// fit; then *reterr_text says what, if it is not NULL.
MUST_CHECK SSL_CTX *tls_context_create(
	const struct tls_set *set, size_t host, const char **reterr_text);
