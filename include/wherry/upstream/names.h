// SPDX-License-Identifier: MIT
// The host names of servers and the addresses each has now. The last good answer stands
// until a better one. Control thread only.
#pragma once

#include "wherry/conf/conf.h"
#include "wherry/net/loop.h"

struct names;

// An answer has changed something: a name has other addresses, or its first answer, which
// may say that it has none. Never called before names_follow returns.
typedef void (*names_change_cb)(void *arg);

// changed may be NULL, and loop where no name is ever followed. NULL when memory is
// short.
MUST_CHECK struct names *names_create(
	struct loop *loop, names_change_cb changed, void *arg);
// Nothing is asked and no change called any more. NULL is allowed.
void names_stop(struct names *names);
void names_destroy(struct names *names); // the same

// Whom to ask from now on; once before the first is followed. What is known stands. False
// when memory is short or conf->servers is no list of addresses: then nothing changes.
MUST_CHECK bool names_configure(struct names *names, const struct conf_resolver *conf);
// Asks for it until it is forgotten; a second time changes nothing. False when memory is
// short.
MUST_CHECK bool names_follow(struct names *names, struct str host, uint16_t port);
// Forgets the names that were not followed (again) between the two. Not within a change.
void names_begin(struct names *names);
void names_end(struct names *names);
// How many of those followed wait for their first answer.
size_t names_unanswered(const struct names *names);

// Where a name is now: lent until the next answer or names_set. NULL with *ret_count 0 if
// nothing is known.
const struct addr *names_find(
	const struct names *names, struct str host, uint16_t port, size_t *ret_count);
// As if this had been answered; copied. False when memory is short.
MUST_CHECK bool names_set(struct names *names, struct str host, uint16_t port,
	const struct addr *addresses, size_t count);
