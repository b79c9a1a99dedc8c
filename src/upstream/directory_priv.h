// SPDX-License-Identifier: MIT
// The directory as its parts see it: directory.c (servers and groups), directory_build.c
// (sets of them), directory_share.c (what the groups in a set have besides servers),
// directory_override.c (what differs from the configuration) and directory_change.c (how
// that comes about).
#pragma once

#include <sys/queue.h>

#include "wherry/base/map.h"
#include "wherry/upstream/directory_override.h"

struct directory_server {
	struct upstream_server server; // first: a pointer to it is one to all
	LIST_ENTRY(directory_server) entry;
	uint64_t build; // the last one that made it a member
};

struct directory_group {
	struct upstream_group group; // first
	LIST_ENTRY(directory_group) entry;
	const struct upstream *former;  // within a build: of the set in force
	struct wait_queue *queue;       // once a server has a maximum
	struct session_table *sessions; // once they are asked for
	struct sticky_key key;          // random, for who names no secret
	bool has_key;
};

struct directory_change {
	LIST_ENTRY(directory_change) entry;
	struct directory_override override;
	struct conf *conf; // a reference: the server that was added
};

struct directory {
	struct names *names;
	struct map *servers; // by group, URL and address
	struct map *groups;  // by name
	LIST_HEAD(, directory_server) all_servers;
	LIST_HEAD(, directory_group) all_groups;
	bool *used_slots;
	size_t slot_count;
	size_t free_slot; // none below it is free
	uint64_t last_id;
	uint64_t build;
	LIST_HEAD(, directory_change) changes;
	struct directory_change *made;     // the last one, while it may be taken back
	struct directory_change *replaced; // by it; not listed
};

// directory.c

// Finds or makes it. text is a URL as the configuration has it. NULL when memory is
// short.
MUST_CHECK struct directory_server *directory_put_server(struct directory *directory,
	const char *group, const struct conf_server *conf, const struct addr *address);
MUST_CHECK struct directory_group *directory_put_group(
	struct directory *directory, const char *name);
// Frees what nobody can reach any more.
void directory_sweep(struct directory *directory);

// Is it a host name, which has addresses only by names?
bool directory_is_name(const struct url *url);

// directory_share.c

// The queue, sessions and tokens of a group whose members are complete. is_same_conf: the
// former one is of the same configuration. False when memory is short, or with one line
// of text when a file can't be read.
MUST_CHECK bool directory_share(struct upstream *upstream, struct directory_group *one,
	bool is_same_conf, struct buf *ret_text);

// directory_override.c

// NULL if there is none.
struct directory_change *directory_override_find(
	const struct directory *directory, const char *group, const char *text);
void directory_override_free(struct directory_change *change);
// In the place of what was about that server, which is kept for directory_change_undo;
// group and text are copied. conf is taken: of a server that the file does not have.
// False when memory is short.
MUST_CHECK bool directory_override_put(struct directory *directory,
	const struct directory_override *next, struct conf *conf);
// Is it a service that is asked about requests? That is no group of the user's: its name
// is its server's text itself.
bool directory_override_is_service(const struct conf_upstream *group);
// One of the user's; NULL if there is none.
const struct conf_upstream *directory_override_find_group(
	const struct conf *conf, struct str name);

// Which of them a next configuration overrules.
void directory_override_judge(
	struct directory *directory, const struct conf *former, const struct conf *next);
// Those are forgotten, and the last one can't be taken back any more.
void directory_override_settle(struct directory *directory);
void directory_override_forget(struct directory *directory);
