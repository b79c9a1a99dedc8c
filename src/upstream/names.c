// SPDX-License-Identifier: MIT
// Names by host and port, with their last answers.
#include "wherry/upstream/names.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "wherry/base/log.h"
#include "wherry/base/map.h"
#include "wherry/net/resolver.h"

enum {
	HOST_MAX = 255,
	KEY_SIZE = HOST_MAX + sizeof(uint16_t)
};

struct name {
	LIST_ENTRY(name) entry;
	struct names *names;
	struct resolver_name *followed; // NULL: told by names_set alone
	struct resolver_name *next;     // by the resolver that is to come
	struct addr *addresses;
	size_t count;
	uint16_t port;
	bool is_answered;
	bool is_needed; // since names_begin
	char host[];
};

struct names {
	struct loop *loop;
	struct resolver *resolver;
	struct map *by_key;
	LIST_HEAD(, name) all;
	names_change_cb changed;
	void *arg;
};

// The host in lower case and the port. Returns its length; 0 if no name is that long.
static size_t write_key(struct str host, uint16_t port, char key[KEY_SIZE])
{
	if (host.length == 0 || host.length > HOST_MAX)
		return 0;
	for (size_t i = 0; i < host.length; i++) {
		char c = host.data[i];

		key[i] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
	}
	memcpy(key + host.length, &port, sizeof(port));
	return host.length + sizeof(port);
}

static struct name *find(const struct names *names, struct str host, uint16_t port)
{
	char key[KEY_SIZE];
	size_t length = write_key(host, port, key);
	uintptr_t *place = map_find(names->by_key, key, length);

	return place ? (struct name *)*place : NULL;
}

// Finds or makes it; NULL when memory is short.
static struct name *put(struct names *names, struct str host, uint16_t port)
{
	char key[KEY_SIZE];
	size_t length = write_key(host, port, key);
	struct name *name = find(names, host, port);
	if (name || length == 0)
		return name;

	name = calloc(1, sizeof(*name) + host.length + 1);
	uintptr_t *place = name ? map_put(names->by_key, key, length) : NULL;
	if (!place) {
		free(name);
		return NULL;
	}
	*place = (uintptr_t)name;
	name->names = names;
	name->port = port;
	memcpy(name->host, host.data, host.length);
	LIST_INSERT_HEAD(&names->all, name, entry);
	return name;
}

static void forget(struct name *name)
{
	char key[KEY_SIZE];
	size_t length = write_key(str_from(name->host), name->port, key);

	map_remove(name->names->by_key, key, length);
	LIST_REMOVE(name, entry);
	if (name->followed)
		resolver_forget(name->followed);
	free(name->addresses);
	free(name);
}

static bool keep(struct name *name, const struct addr *addresses, size_t count)
{
	struct addr *copy = calloc(count, sizeof(*copy));
	if (!copy)
		return false;
	memcpy(copy, addresses, count * sizeof(*copy));
	free(name->addresses);
	name->addresses = copy;
	name->count = count;
	return true;
}

static void on_answer(
	void *arg, const struct addr *addresses, size_t count, const char *error)
{
	struct name *name = arg;
	struct names *names = name->names;
	bool is_first = !name->is_answered;
	char first[ADDR_TEXT_SIZE] = "";

	name->is_answered = true;
	if (count == 0)
		log_warn("%s has no address: %s", name->host, error);
	else if (!keep(name, addresses, count))
		log_error("%s: no memory for its addresses", name->host);
	else
		log_info("%s is at %s%s", name->host, addr_format(&addresses[0], first),
			count > 1 ? " and others" : "");
	if ((is_first || count > 0) && names->changed)
		names->changed(names->arg);
}

static struct resolver_name *follow(struct name *name, struct resolver *resolver)
{
	return resolver_follow(
		resolver, str_from(name->host), name->port, on_answer, name);
}

struct names *names_create(struct loop *loop, names_change_cb changed, void *arg)
{
	struct names *names = calloc(1, sizeof(*names));
	if (!names)
		return NULL;
	names->loop = loop;
	names->changed = changed;
	names->arg = arg;
	LIST_INIT(&names->all);
	names->by_key = map_create();
	if (names->by_key)
		return names;
	free(names);
	return NULL;
}

void names_stop(struct names *names)
{
	struct name *name;
	if (!names)
		return;
	LIST_FOREACH (name, &names->all, entry)
		name->followed = NULL;
	resolver_destroy(names->resolver); // with all that it followed
	names->resolver = NULL;
}

void names_destroy(struct names *names)
{
	if (!names)
		return;
	names_stop(names);
	while (!LIST_EMPTY(&names->all))
		forget(LIST_FIRST(&names->all));
	map_destroy(names->by_key);
	free(names);
}

bool names_configure(struct names *names, const struct conf_resolver *conf)
{
	struct resolver *resolver = resolver_create(names->loop, conf);
	bool is_good = resolver != NULL;
	struct name *name;

	LIST_FOREACH (name, &names->all, entry) {
		name->next = name->followed && is_good ? follow(name, resolver) : NULL;
		is_good &= !name->followed || name->next;
	}
	if (!is_good) {
		resolver_destroy(resolver);
		return false;
	}
	LIST_FOREACH (name, &names->all, entry)
		name->followed = name->next;
	resolver_destroy(names->resolver); // with all that it followed
	names->resolver = resolver;
	return true;
}

bool names_follow(struct names *names, struct str host, uint16_t port)
{
	struct name *name = put(names, host, port);
	if (!name)
		return false;
	name->is_needed = true;
	if (!name->followed)
		name->followed = follow(name, names->resolver);
	return name->followed != NULL;
}

void names_begin(struct names *names)
{
	struct name *name;

	LIST_FOREACH (name, &names->all, entry)
		name->is_needed = false;
}

void names_end(struct names *names)
{
	struct name *name = LIST_FIRST(&names->all);

	while (name) {
		struct name *next = LIST_NEXT(name, entry);

		if (!name->is_needed)
			forget(name);
		name = next;
	}
}

size_t names_unanswered(const struct names *names)
{
	const struct name *name;
	size_t count = 0;

	LIST_FOREACH (name, &names->all, entry)
		count += name->followed && !name->is_answered;
	return count;
}

const struct addr *names_find(
	const struct names *names, struct str host, uint16_t port, size_t *ret_count)
{
	const struct name *name = find(names, host, port);

	*ret_count = name ? name->count : 0;
	return name ? name->addresses : NULL;
}

bool names_set(struct names *names, struct str host, uint16_t port,
	const struct addr *addresses, size_t count)
{
	struct name *name = put(names, host, port);

	return name && keep(name, addresses, count);
}
