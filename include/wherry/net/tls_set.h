// SPDX-License-Identifier: MIT
// What the `tls` block of one listener means, loaded: certificates with their keys, the
// authorities for clients, options. Immutable, shared by all workers, counted by
// reference. It makes no connections: that is tls_server's.
#pragma once

#include <stdbool.h>

#include "wherry/base/attributes.h"
#include "wherry/base/buf.h"
#include "wherry/conf/conf.h"

struct tls_set;
struct tls_tickets;

// Blocks on the disk. NULL if a file can't be read or does not fit: then, and also for
// what is only worth a warning, *ret_text gets one line for each problem, as in
// "wherry.yaml:12:5: key.pem is not the key of cert.pem". Takes a reference to tickets;
// what it needs of the configuration is copied.
MUST_CHECK struct tls_set *tls_set_load(const struct conf_listener *listener,
	struct tls_tickets *tickets, struct buf *ret_text);
struct tls_set *tls_set_ref(struct tls_set *set);
void tls_set_unref(struct tls_set *set); // NULL is allowed

// For logs: "a.example.com, *.example.com until 2027-01-31", for each certificate.
void tls_set_describe(const struct tls_set *set, struct buf *out);
// SHA-256 of the first certificate, as in "AB:CD:...".
void tls_set_write_fingerprint(const struct tls_set *set, struct buf *out);
