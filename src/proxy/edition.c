// SPDX-License-Identifier: MIT
// One worker's view of a snapshot; see the header.
#include "wherry/proxy/edition.h"

#include <stdlib.h>

#include "wherry/net/tls_server.h"

const struct conf_listener *edition_find_listener(
	const struct edition *edition, const struct addr *address)
{
	for (size_t i = 0; i < edition->conf->listener_count; i++) {
		const struct conf_listener *one = &edition->conf->listeners[i];
		if (addr_equal(&one->address, address))
			return one;
	}
	return NULL;
}

static struct tls_server *take_over(const struct edition *former, struct tls_set *set)
{
	for (size_t i = 0; former && i < former->conf->listener_count; i++) {
		if (former->snapshot->tls[i] == set)
			return tls_server_ref(former->tls[i]);
	}
	return tls_server_create(set);
}

struct edition *edition_create(struct snapshot *snapshot, const struct edition *former)
{
	size_t count = snapshot->rules->conf->listener_count;
	struct edition *edition = calloc(1, sizeof(*edition));
	struct tls_server **tls = calloc(count + 1, sizeof(struct tls_server *));
	if (!edition || !tls) {
		free(edition);
		free(tls);
		atomic_fetch_sub(&snapshot->users, 1);
		return NULL;
	}
	*edition = (struct edition){
		.snapshot = snapshot,
		.conf = snapshot->rules->conf,
		.rules = snapshot->rules,
		.upstreams = snapshot->upstreams,
		.tls = tls,
		.users = 1,
	};
	bool is_complete = true;
	for (size_t i = 0; i < count; i++) {
		if (snapshot->tls[i])
			tls[i] = take_over(former, snapshot->tls[i]);
		is_complete &= !snapshot->tls[i] || tls[i];
	}
	if (is_complete)
		return edition;
	edition_unref(edition);
	return NULL;
}

struct edition *edition_ref(struct edition *edition)
{
	edition->users++;
	return edition;
}

void edition_unref(struct edition *edition)
{
	if (!edition || --edition->users > 0)
		return;
	for (size_t i = 0; i < edition->conf->listener_count; i++)
		tls_server_unref(edition->tls[i]);
	free(edition->tls);
	// The control loop may free it from here on.
	atomic_fetch_sub(&edition->snapshot->users, 1);
	free(edition);
}
