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

// All that is needed to open and seal the same tickets in another process. A secret.
struct tls_tickets_keys {
	uint8_t ring[3][80];
	uint64_t has_before; // 0: ring[0] holds no key
	uint64_t rotated_ms; // of now_ms(), which all processes of a machine share
};

enum {
	// A ticket is taken for this long at least, and for twice as long at most.
	TLS_TICKETS_ROTATE_MS = 3600 * 1000
};

// NULL when memory or randomness is short. Counted by reference, any thread.
MUST_CHECK struct tls_tickets *tls_tickets_create(void);
struct tls_tickets *tls_tickets_ref(struct tls_tickets *tickets);
void tls_tickets_unref(struct tls_tickets *tickets); // NULL is allowed

// A copy of the keys, to be cleansed, and the keys of such a copy. Any thread.
void tls_tickets_copy(struct tls_tickets *tickets, struct tls_tickets_keys *ret_keys);
void tls_tickets_adopt(struct tls_tickets *tickets, const struct tls_tickets_keys *keys);

// Once for each period of TLS_TICKETS_ROTATE_MS that has gone by: new tickets get a new
// key, those of the last one are taken and renewed, and older ones are forgotten. Without
// randomness the keys stay as they are. Any thread.
void tls_tickets_rotate_if_due(struct tls_tickets *tickets, uint64_t now_ms);

// Makes the context use the keys, which outlive its connections; takes its app data. A
// ticket that can't be opened, for whatever reason, leads to a full handshake.
MUST_CHECK bool tls_tickets_use(struct tls_tickets *tickets, SSL_CTX *context);
