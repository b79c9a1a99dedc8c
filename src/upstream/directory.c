// SPDX-License-Identifier: MIT
// The servers and groups there are, by what identifies them; see the header.
#include "directory_priv.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "wherry/base/siphash.h"
#include "wherry/upstream/session_table.h"
#include "wherry/upstream/wait_queue.h"

enum {
	SLOTS_MIN = 16
};

struct directory *directory_create(struct names *names)
{
	struct directory *directory = calloc(1, sizeof(*directory));
	if (!directory)
		return NULL;
	directory->names = names;
	directory->servers = map_create();
	directory->groups = map_create();
	LIST_INIT(&directory->all_servers);
	LIST_INIT(&directory->all_groups);
	LIST_INIT(&directory->changes);
	if (directory->servers && directory->groups)
		return directory;
	directory_destroy(directory);
	return NULL;
}

void directory_destroy(struct directory *directory)
{
	if (!directory)
		return;
	directory_override_forget(directory);
	directory_sweep(directory);
	assert(LIST_EMPTY(&directory->all_servers) && LIST_EMPTY(&directory->all_groups));
	map_destroy(directory->servers);
	map_destroy(directory->groups);
	free(directory->used_slots);
	free(directory);
}

// A slot that no server has; SIZE_MAX when memory is short.
static size_t take_slot(struct directory *directory)
{
	size_t slot = directory->free_slot;

	while (slot < directory->slot_count && directory->used_slots[slot])
		slot++;
	if (slot == directory->slot_count) {
		size_t count = slot == 0 ? SLOTS_MIN : slot * 2;
		bool *slots = realloc(directory->used_slots, count * sizeof(*slots));
		if (!slots)
			return SIZE_MAX;
		memset(slots + slot, 0, (count - slot) * sizeof(*slots));
		directory->used_slots = slots;
		directory->slot_count = count;
	}
	directory->used_slots[slot] = true;
	directory->free_slot = slot + 1;
	return slot;
}

static void give_slot(struct directory *directory, size_t slot)
{
	directory->used_slots[slot] = false;
	if (slot < directory->free_slot)
		directory->free_slot = slot;
}

// Neither a name nor a URL has a NUL in it.
static void write_key(
	struct buf *key, const char *group, const char *text, const struct addr *address)
{
	char address_text[ADDR_TEXT_SIZE];

	buf_append(key, group, strlen(group) + 1);
	buf_append(key, text, strlen(text) + 1);
	buf_append_str(key, str_from(addr_format(address, address_text)));
}

bool directory_is_name(const struct url *url)
{
	struct addr address;

	return url->scheme != URL_UNIX && !addr_parse_ip(url->host, 0, &address);
}

static void free_server(struct directory_server *one)
{
	wait_queue_unref(atomic_load(&one->server.queue));
	free((char *)one->server.group);
	free((char *)one->server.text);
	free((char *)one->server.name);
	free(one);
}

static char *make_name(const struct conf_server *conf, const struct addr *address)
{
	struct buf name = BUF_INIT;
	char ip[ADDR_TEXT_SIZE];

	buf_append_str(&name, str_from(conf->text));
	if (directory_is_name(&conf->url))
		buf_printf(&name, "@%s", addr_format_ip(address, ip));
	char *copy = name.is_failed ? NULL : str_copy(buf_str(&name));
	buf_finish(&name);
	return copy;
}

// The same in every process, so that all choose the same server for a key.
static uint64_t hash_name(const char *name)
{
	static const struct siphash_seed seed = {{1, 1}};

	return siphash(&seed, name, strlen(name));
}

static struct directory_server *make_server(
	const char *group, const struct conf_server *conf, const struct addr *address)
{
	struct directory_server *one = calloc(1, sizeof(*one));
	if (!one)
		return NULL;
	struct upstream_server *server = &one->server;
	const char *expected;
	server->group = str_copy(str_from(group));
	server->text = str_copy(str_from(conf->text));
	server->name = make_name(conf, address);
	server->address = *address;
	if (server->group && server->text && server->name &&
		url_parse(str_from(server->text), &server->url, &expected)) {
		server->hash = hash_name(server->name);
		return one;
	}
	free_server(one);
	return NULL;
}

// Gives it its slot and its place in the map.
static bool register_server(
	struct directory *directory, struct directory_server *one, struct str key)
{
	one->server.slot = take_slot(directory);
	if (one->server.slot == SIZE_MAX)
		return false;
	uintptr_t *place = map_put(directory->servers, key.data, key.length);
	if (!place) {
		give_slot(directory, one->server.slot);
		return false;
	}
	*place = (uintptr_t)one;
	one->server.id = ++directory->last_id;
	LIST_INSERT_HEAD(&directory->all_servers, one, entry);
	return true;
}

struct directory_server *directory_put_server(struct directory *directory,
	const char *group, const struct conf_server *conf, const struct addr *address)
{
	struct buf key = BUF_INIT;
	struct directory_server *one = NULL;

	write_key(&key, group, conf->text, address);
	if (!key.is_failed) {
		uintptr_t *place = map_find(directory->servers, key.data, key.length);

		one = place ? (struct directory_server *)*place
			    : make_server(group, conf, address);
		if (one && !place && !register_server(directory, one, buf_str(&key))) {
			free_server(one);
			one = NULL;
		}
	}
	buf_finish(&key);
	return one;
}

struct directory_group *directory_put_group(struct directory *directory, const char *name)
{
	uintptr_t *place = map_put(directory->groups, name, strlen(name));
	struct directory_group *one = NULL;

	if (place && *place != 0)
		return (struct directory_group *)*place;
	if (place)
		one = calloc(1, sizeof(*one));
	if (one)
		one->group.name = str_copy(str_from(name));
	if (!one || !one->group.name) {
		map_remove(directory->groups, name, strlen(name));
		free(one);
		return NULL;
	}
	*place = (uintptr_t)one;
	LIST_INSERT_HEAD(&directory->all_groups, one, entry);
	return one;
}

static void drop_server(struct directory *directory, struct directory_server *one)
{
	struct buf key = BUF_INIT;

	write_key(&key, one->server.group, one->server.text, &one->server.address);
	if (key.is_failed) { // at the next sweep, then
		buf_finish(&key);
		return;
	}
	map_remove(directory->servers, key.data, key.length);
	buf_finish(&key);
	give_slot(directory, one->server.slot);
	LIST_REMOVE(one, entry);
	free_server(one);
}

static void drop_group(struct directory *directory, struct directory_group *one)
{
	map_remove(directory->groups, one->group.name, strlen(one->group.name));
	LIST_REMOVE(one, entry);
	wait_queue_unref(one->queue);
	session_table_destroy(one->sessions);
	explicit_bzero(&one->key, sizeof(one->key));
	free((char *)one->group.name);
	free(one);
}

static bool is_unreachable(const struct upstream_server *server)
{
	return server->sets == 0 &&
	       atomic_load_explicit(&server->active, memory_order_acquire) == 0;
}

void directory_sweep(struct directory *directory)
{
	struct directory_server *server = LIST_FIRST(&directory->all_servers);
	while (server) {
		struct directory_server *next = LIST_NEXT(server, entry);

		if (is_unreachable(&server->server))
			drop_server(directory, server);
		server = next;
	}
	struct directory_group *group = LIST_FIRST(&directory->all_groups);
	while (group) {
		struct directory_group *next = LIST_NEXT(group, entry);

		if (group->group.sets == 0)
			drop_group(directory, group);
		group = next;
	}
}

bool directory_follow(struct directory *directory, const struct conf *conf)
{
	struct directory_entry entry;

	for (size_t i = 0; i < conf->upstream_count; i++) {
		size_t cursor = 0;

		while (directory_override_next_entry(
			directory, &conf->upstreams[i], &cursor, &entry)) {
			const struct url *url = &entry.conf->url;

			if (!entry.is_removed && directory_is_name(url) &&
				!names_follow(directory->names, url->host, url->port))
				return false;
		}
	}
	return true;
}

void directory_settle(struct directory *directory, const struct upstream_set *set)
{
	directory_override_settle(directory);
	names_begin(directory->names);
	// Without memory to follow one, none is forgotten.
	if (directory_follow(directory, set->conf))
		names_end(directory->names);
}

void directory_cancel(struct directory *directory, const struct upstream_set *set)
{
	directory_override_judge(directory, set->conf, set->conf);
	directory_settle(directory, set);
}
