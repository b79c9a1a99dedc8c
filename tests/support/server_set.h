// SPDX-License-Identifier: MIT
// The servers of a configuration, with the addresses that the test says.
#pragma once

#include "wherry/upstream/directory.h"

struct server_set {
	struct conf *conf;
	struct names *names;
	struct directory *directory;
	struct upstream_set *set; // the newest
};

// Takes the reference of conf.
void server_set_start(struct server_set *servers, struct conf *conf);
// What stands reserved in the newest set is forgotten.
void server_set_finish(struct server_set *servers);
// Says where a name is, and makes a new set.
void server_set_place(struct server_set *servers, struct str host, uint16_t port,
	const struct addr *addresses, size_t count);
// A new set, for another configuration if it is not NULL; its reference is taken.
void server_set_rebuild(struct server_set *servers, struct conf *conf);
// A server of the group in the newest set.
struct upstream_server *server_set_get(
	const struct server_set *servers, size_t group, size_t index);
