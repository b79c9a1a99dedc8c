// SPDX-License-Identifier: MIT
// The keys that session tickets are sealed with: shared by all workers, so that a client
// resumes wherever it lands, and kept when certificates are loaded again. Nothing about a
// session is kept here.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "wherry/base/attributes.h"

struct tls_tickets;

enum {
	// A ticket is taken for this long at least, and for twice as long at most.
	TLS_TICKETS_ROTATE_MS = 3600 * 1000
};

// NULL when memory or randomness is short. Counted by reference, any thread.
MUST_CHECK struct tls_tickets *tls_tickets_create(void);
struct tls_tickets *tls_tickets_ref(struct tls_tickets *tickets);
void tls_tickets_unref(struct tls_tickets *tickets); // NULL is allowed

// New tickets get a new key, those of the last one are taken and renewed, and older ones
// are forgotten. Without randomness the keys stay as they are: false. Any thread.
MUST_CHECK bool tls_tickets_rotate(struct tls_tickets *tickets);
// The same, once for each period of TLS_TICKETS_ROTATE_MS that has gone by.
void tls_tickets_rotate_if_due(struct tls_tickets *tickets, uint64_t now_ms);

// Makes the context use the keys, which outlive its connections; takes its app data. A
// ticket that can't be opened, for whatever reason, leads to a full handshake.
MUST_CHECK bool tls_tickets_use(struct tls_tickets *tickets, SSL_CTX *context);
