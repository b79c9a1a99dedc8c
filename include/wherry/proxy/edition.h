// SPDX-License-Identifier: MIT
// A snapshot as one worker uses it, with its TLS contexts. The site has the newest one;
// each connection holds the one that its request began with until that ends, and so an
// older one lives on for a while. All for the worker's own thread.
#pragma once

#include "wherry/proxy/snapshot.h"

struct tls_server;

struct edition {
	struct snapshot *snapshot;
	const struct conf *conf; // the snapshot's, as the next two
	const struct rules *rules;
	struct upstream_set *upstreams;
	struct tls_server **tls; // of each listener, by its index; NULL = it is plain
	size_t users;
};

// With one user, the caller. Takes over one of the snapshot's users, also when it fails
// (NULL: no memory). TLS contexts of the former edition go on where their set does; it
// may be NULL.
MUST_CHECK struct edition *edition_create(
	struct snapshot *snapshot, const struct edition *former);
struct edition *edition_ref(struct edition *edition);
void edition_unref(struct edition *edition); // NULL is allowed

// The listener of this address; NULL if there is none.
const struct conf_listener *edition_find_listener(
	const struct edition *edition, const struct addr *address);
