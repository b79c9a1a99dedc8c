// SPDX-License-Identifier: MIT
// What differs from the configuration, server by server; see the header. Each is one
// object that is never changed: the next change of the same server replaces it.
#include "wherry/upstream/directory_override.h"

#include <stdlib.h>
#include <string.h>

#include "directory_priv.h"
#include "wherry/conf/conf_server.h"

void directory_override_free(struct directory_change *change)
{
	if (!change)
		return;
	free((char *)change->override.group);
	free((char *)change->override.text);
	conf_unref(change->conf);
	free(change);
}

static void confirm(struct directory *directory)
{
	directory_override_free(directory->replaced);
	directory->replaced = directory->made = NULL;
}

struct directory_change *directory_override_find(
	const struct directory *directory, const char *group, const char *text)
{
	struct directory_change *change;

	LIST_FOREACH (change, &directory->changes, entry) {
		if (strcmp(change->override.group, group) == 0 &&
			strcmp(change->override.text, text) == 0)
			return change;
	}
	return NULL;
}

static bool is_added_to(
	const struct directory_change *change, const struct conf_upstream *group)
{
	return change->override.is_added && !change->override.is_overruled &&
	       strcmp(change->override.group, group->name) == 0;
}

static const struct directory_change *find_added(
	const struct directory *directory, const struct conf_upstream *group, size_t rank)
{
	const struct directory_change *change;

	LIST_FOREACH (change, &directory->changes, entry) {
		if (is_added_to(change, group) && rank-- == 0)
			return change;
	}
	return NULL;
}

bool directory_override_next_entry(const struct directory *directory,
	const struct conf_upstream *group, size_t *cursor,
	struct directory_entry *ret_entry)
{
	const struct conf_server *conf;
	const struct directory_change *change;
	size_t index = (*cursor)++;

	if (index < group->server_count) {
		conf = &group->servers[index];
		change = directory_override_find(directory, group->name, conf->text);
		if (change && change->override.is_overruled)
			change = NULL;
	} else {
		change = find_added(directory, group, index - group->server_count);
		if (!change)
			return false;
		conf = &change->conf->upstreams[0].servers[0];
	}
	*ret_entry = (struct directory_entry){
		.conf = conf, .weight = conf->weight, .is_down = conf->is_down};
	if (!change)
		return true;
	ret_entry->override = &change->override;
	ret_entry->is_removed = change->override.is_removed;
	if (change->override.weight != 0)
		ret_entry->weight = change->override.weight;
	if (change->override.has_state)
		ret_entry->is_down = change->override.is_down;
	return true;
}

// Else it only stands for one that was taken back, until it is confirmed.
static bool is_effective(const struct directory_override *override)
{
	return override->is_added || override->is_removed || override->weight != 0 ||
	       override->has_state;
}

void directory_override_each(
	const struct directory *directory, directory_override_cb fn, void *arg)
{
	const struct directory_change *change;

	LIST_FOREACH (change, &directory->changes, entry) {
		if (is_effective(&change->override))
			fn(arg, &change->override);
	}
}

static const struct conf_server *find_in_file(
	const struct conf_upstream *group, const char *text)
{
	for (size_t i = 0; group && i < group->server_count; i++) {
		if (strcmp(group->servers[i].text, text) == 0)
			return &group->servers[i];
	}
	return NULL;
}

bool directory_override_is_service(const struct conf_upstream *group)
{
	return group->name == group->servers[0].text;
}

const struct conf_upstream *directory_override_find_group(
	const struct conf *conf, struct str name)
{
	for (size_t i = 0; i < conf->upstream_count; i++) {
		const struct conf_upstream *group = &conf->upstreams[i];

		if (!directory_override_is_service(group) &&
			str_equal(name, str_from(group->name)))
			return group;
	}
	return NULL;
}

void directory_override_judge(
	struct directory *directory, const struct conf *former, const struct conf *next)
{
	struct directory_change *change;

	LIST_FOREACH (change, &directory->changes, entry) {
		struct directory_override *override = &change->override;
		struct str name = str_from(override->group);
		const struct conf_upstream *group =
			directory_override_find_group(next, name);
		const struct conf_server *was = find_in_file(
			directory_override_find_group(former, name), override->text);

		override->is_overruled =
			!is_effective(override) || !group ||
			!conf_server_equal(was, find_in_file(group, override->text));
	}
}

void directory_override_settle(struct directory *directory)
{
	struct directory_change *change = LIST_FIRST(&directory->changes);

	confirm(directory);
	while (change) {
		struct directory_change *next = LIST_NEXT(change, entry);

		if (change->override.is_overruled) {
			LIST_REMOVE(change, entry);
			directory_override_free(change);
		}
		change = next;
	}
}

void directory_override_forget(struct directory *directory)
{
	confirm(directory);
	while (!LIST_EMPTY(&directory->changes)) {
		struct directory_change *change = LIST_FIRST(&directory->changes);

		LIST_REMOVE(change, entry);
		directory_override_free(change);
	}
}

bool directory_override_put(struct directory *directory,
	const struct directory_override *next, struct conf *conf)
{
	struct directory_change *former =
		directory_override_find(directory, next->group, next->text);
	struct directory_change *change = calloc(1, sizeof(*change));
	if (!change) {
		conf_unref(conf);
		return false;
	}
	change->override = *next;
	change->override.group = str_copy(str_from(next->group));
	change->override.text = str_copy(str_from(next->text));
	change->conf = conf;
	if (!change->override.group || !change->override.text) {
		directory_override_free(change);
		return false;
	}
	confirm(directory);
	if (former) {
		LIST_INSERT_AFTER(former, change, entry);
		LIST_REMOVE(former, entry);
	} else {
		LIST_INSERT_HEAD(&directory->changes, change, entry);
	}
	directory->replaced = former;
	directory->made = change;
	return true;
}
