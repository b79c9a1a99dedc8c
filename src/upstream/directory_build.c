// SPDX-License-Identifier: MIT
// A set from a configuration and from where its servers are now.
#include <stdlib.h>
#include <string.h>

#include "directory_priv.h"
#include "wherry/base/now.h"
#include "wherry/net/tls_client.h"
#include "wherry/upstream/balance.h"

struct build {
	struct directory *directory;
	const struct upstream_set *former; // NULL at first
	struct upstream_set *set;
	struct buf *text; // of problems
};

// A group under construction.
struct group {
	struct build *build;
	struct upstream *upstream;
	size_t capacity; // of its members
	bool is_known;   // it had servers before
};

static bool grow(struct group *group)
{
	struct upstream *upstream = group->upstream;
	if (upstream->member_count < group->capacity)
		return true;
	size_t capacity = group->capacity == 0 ? 4 : group->capacity * 2;
	struct upstream_member *members =
		realloc(upstream->members, capacity * sizeof(*members));
	if (!members)
		return false;
	upstream->members = members;
	group->capacity = capacity;
	return true;
}

static bool add_member(struct group *group, const struct upstream_member *member)
{
	if (!grow(group))
		return false;
	group->upstream->members[group->upstream->member_count++] = *member;
	((struct directory_server *)member->server)->build =
		group->build->directory->build;
	member->server->sets++;
	return true;
}

// A URL that stands twice in a group is one server that weighs more.
static void add_weight(
	struct upstream *upstream, const struct upstream_server *server, unsigned weight)
{
	for (size_t i = 0; i < upstream->member_count; i++) {
		if (upstream->members[i].server == server)
			upstream->members[i].weight += weight;
	}
}

static bool add_address(struct group *group, const struct directory_entry *entry,
	const struct addr *address)
{
	struct directory *directory = group->build->directory;
	struct directory_server *one = directory_put_server(
		directory, group->upstream->conf->name, entry->conf, address);
	if (!one)
		return false;
	if (one->build == 0 && group->is_known) // later than others
		atomic_store(&one->server.came_ms, now_ms());
	if (one->build == directory->build) {
		if (!entry->override)
			add_weight(group->upstream, &one->server, entry->weight);
		return true;
	}
	struct upstream_member member = {
		.server = &one->server,
		.conf = entry->conf,
		.weight = entry->weight,
		.is_down = entry->is_down,
	};
	return add_member(group, &member);
}

static bool add_entry(struct group *group, const struct directory_entry *entry)
{
	const struct url *url = &entry->conf->url;
	struct addr literal;
	const struct addr *addresses = &literal;
	size_t count = 1;

	if (url->scheme == URL_UNIX) {
		if (!addr_parse(str_from(entry->conf->text), &literal))
			return false;
	} else if (!addr_parse_ip(url->host, url->port, &literal)) {
		addresses = names_find(
			group->build->directory->names, url->host, url->port, &count);
	}
	for (size_t i = 0; i < count; i++) {
		if (!add_address(group, entry, &addresses[i]))
			return false;
	}
	return true;
}

static bool find_entry(
	const struct group *group, const char *text, struct directory_entry *ret_entry)
{
	const struct directory *directory = group->build->directory;
	size_t cursor = 0;

	while (directory_override_next_entry(
		directory, group->upstream->conf, &cursor, ret_entry)) {
		if (!ret_entry->is_removed && strcmp(ret_entry->conf->text, text) == 0)
			return true;
	}
	return false;
}

// Only the set in force may have one that is gone already, and nothing be on it: then no
// set is left through which it could be chosen.
static bool may_be_in_use(const struct upstream_member *former)
{
	const struct upstream_server *server = former->server;

	return !former->is_gone || server->sets > 1 ||
	       atomic_load_explicit(&server->active, memory_order_acquire) > 0;
}

// Where the names of the group's servers led to and do not any more.
static bool add_gone(struct group *group, const struct upstream *former)
{
	for (size_t i = 0; former && i < former->member_count; i++) {
		const struct upstream_member *member = &former->members[i];
		struct upstream_server *server = member->server;
		struct directory_entry entry;

		if (((struct directory_server *)server)->build ==
				group->build->directory->build ||
			!directory_is_name(&server->url) ||
			!find_entry(group, server->text, &entry) ||
			!may_be_in_use(member))
			continue;
		struct upstream_member gone = {
			.server = server,
			.conf = entry.conf,
			.weight = entry.weight,
			.is_gone = true,
		};
		if (!add_member(group, &gone))
			return false;
	}
	return true;
}

// Of the members that take traffic.
static bool make_order(struct upstream *upstream)
{
	size_t count = 0;
	size_t *indices = calloc(upstream->member_count + 1, sizeof(*indices));
	unsigned *weights = calloc(upstream->member_count + 1, sizeof(*weights));

	for (size_t i = 0; indices && weights && i < upstream->member_count; i++) {
		if (!upstream_takes_traffic(&upstream->members[i]))
			continue;
		indices[count] = i;
		weights[count++] = upstream->members[i].weight;
	}
	if (count > 0)
		upstream->order = balance_order(weights, count, &upstream->order_length);
	for (size_t i = 0; upstream->order && i < upstream->order_length; i++)
		upstream->order[i] = (uint16_t)indices[upstream->order[i]];
	bool is_made = indices && weights && (count == 0 || upstream->order);
	free(indices);
	free(weights);
	return is_made;
}

static bool needs_tls(struct build *build, const struct conf_upstream *group)
{
	struct directory_entry entry;
	size_t cursor = 0;

	while (directory_override_next_entry(build->directory, group, &cursor, &entry)) {
		if (entry.conf->url.scheme == URL_HTTPS)
			return true;
	}
	return false;
}

static bool load_tls(struct build *build, size_t index)
{
	struct upstream *upstream = &build->set->upstreams[index];
	const struct upstream_set *former = build->former;

	if (!needs_tls(build, upstream->conf))
		return true;
	if (former && former->conf == build->set->conf)
		upstream->tls = tls_client_set_ref(former->upstreams[index].tls);
	if (!upstream->tls)
		upstream->tls = tls_client_set_load(&upstream->conf->tls, build->text);
	return upstream->tls != NULL;
}

static bool add_servers(struct build *build, size_t index)
{
	struct upstream *upstream = &build->set->upstreams[index];
	struct group group = {.build = build, .upstream = upstream};
	struct directory_group *one =
		directory_put_group(build->directory, upstream->conf->name);

	if (!one)
		return false;
	upstream->group = &one->group;
	one->group.sets++;
	group.is_known = one->former && one->former->member_count > 0;
	struct directory_entry entry;
	size_t cursor = 0;
	while (directory_override_next_entry(
		build->directory, upstream->conf, &cursor, &entry)) {
		if (!entry.is_removed && !add_entry(&group, &entry))
			return false;
	}
	return add_gone(&group, one->former) && make_order(upstream);
}

static void note_former(const struct upstream_set *former, bool is_wanted)
{
	for (size_t i = 0; former && i < former->upstream_count; i++) {
		const struct upstream *upstream = &former->upstreams[i];

		((struct directory_group *)upstream->group)->former =
			is_wanted ? upstream : NULL;
	}
}

// What members may point to besides the set's configuration.
static bool hold_added(struct build *build)
{
	const struct directory_change *change;
	size_t count = 0;

	LIST_FOREACH (change, &build->directory->changes, entry)
		count += change->conf != NULL;
	build->set->added = calloc(count + 1, sizeof(struct conf *));
	if (!build->set->added)
		return false;
	LIST_FOREACH (change, &build->directory->changes, entry) {
		if (change->conf)
			build->set->added[build->set->added_count++] =
				conf_ref(change->conf);
	}
	return true;
}

static struct upstream_set *create_set(struct conf *conf)
{
	struct upstream_set *set = calloc(1, sizeof(*set));
	if (!set)
		return NULL;
	set->references = 1;
	set->conf = conf_ref(conf);
	set->upstreams = calloc(conf->upstream_count + 1, sizeof(*set->upstreams));
	if (!set->upstreams) {
		upstream_set_unref(set);
		return NULL;
	}
	set->upstream_count = conf->upstream_count;
	for (size_t i = 0; i < conf->upstream_count; i++)
		set->upstreams[i].conf = &conf->upstreams[i];
	return set;
}

static bool share(struct build *build, size_t index, bool is_same_conf)
{
	struct upstream *upstream = &build->set->upstreams[index];

	return directory_share(upstream, (struct directory_group *)upstream->group,
		is_same_conf, build->text);
}

struct upstream_set *directory_build(struct directory *directory, struct conf *conf,
	const struct upstream_set *former, struct buf *ret_text)
{
	struct build build = {directory, former, create_set(conf), ret_text};
	bool has_memory = build.set && hold_added(&build), has_files = true;
	bool is_same_conf = former && former->conf == conf;

	directory_sweep(directory);
	directory->build++;
	directory_override_judge(directory, former ? former->conf : conf, conf);
	note_former(former, true);
	for (size_t i = 0; has_memory && i < conf->upstream_count; i++) {
		// Of all groups, to tell of all at once.
		has_files &= load_tls(&build, i);
		has_memory = add_servers(&build, i);
		has_files &= has_memory && share(&build, i, is_same_conf);
	}
	note_former(former, false);
	if (!has_memory)
		buf_append_str(ret_text, STR("out of memory for the upstreams\n"));
	if (has_memory && has_files)
		return build.set;
	upstream_set_unref(build.set);
	return NULL;
}
