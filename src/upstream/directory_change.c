// SPDX-License-Identifier: MIT
// Judges what is asked for and makes it an override; see the header.
#include "wherry/upstream/directory_change.h"

#include <string.h>

#include "directory_priv.h"
#include "wherry/conf/conf_complaint.h"
#include "wherry/conf/conf_server.h"

void directory_change_refuse_group(
	const struct conf *conf, struct str name, struct buf *ret_error)
{
	struct conf_complaint complaint;

	conf_complaint_init(&complaint, name);
	for (size_t i = 0; i < conf->upstream_count; i++) {
		if (!directory_override_is_service(&conf->upstreams[i]))
			conf_complaint_offer(&complaint, conf->upstreams[i].name);
	}
	conf_complaint_write(&complaint, "upstream", ret_error);
}

static void refuse_server(const struct directory *directory,
	const struct conf_upstream *group, struct str url, struct buf *ret_error)
{
	struct conf_complaint complaint;
	struct directory_entry entry;
	size_t cursor = 0;

	conf_complaint_init(&complaint, url);
	while (directory_override_next_entry(directory, group, &cursor, &entry)) {
		if (!entry.is_removed)
			conf_complaint_offer(&complaint, entry.conf->text);
	}
	buf_printf(ret_error, "%s: ", group->name);
	conf_complaint_write(&complaint, "server", ret_error);
}

// What an order is about.
struct subject {
	struct directory *directory;
	const struct conf_upstream *group;
	struct directory_entry entry;
	bool is_known;       // entry is meant
	size_t server_count; // of the group, but for removed ones
};

// The URL as it is written, or another spelling of it.
static void find_entry(struct subject *subject, struct str url)
{
	struct directory_entry entry;
	struct url parsed;
	const char *expected;
	bool is_exact = false, is_url = url_parse(url, &parsed, &expected);
	size_t cursor = 0;

	while (directory_override_next_entry(
		subject->directory, subject->group, &cursor, &entry)) {
		bool is_this = str_equal(url, str_from(entry.conf->text));

		subject->server_count += !entry.is_removed;
		if (is_exact || (!is_this && !(is_url && conf_server_is_same_url(&parsed,
								 &entry.conf->url))))
			continue;
		is_exact = is_this;
		subject->entry = entry;
		subject->is_known = true;
	}
}

// What there is to say after the order that was not said before it.
static struct directory_override apply(
	const struct subject *subject, const struct directory_order *order)
{
	struct directory_override next = {0};
	const struct conf_server *conf = subject->entry.conf;

	if (subject->is_known && subject->entry.override)
		next = *subject->entry.override;
	switch (order->verb) {
	case DIRECTORY_ADD:
		next = (struct directory_override){.is_added = !subject->is_known};
		if (subject->is_known && order->weight != 0 &&
			order->weight != conf->weight)
			next.weight = (unsigned)order->weight;
		break;
	case DIRECTORY_REMOVE:
		next = (struct directory_override){.is_removed = !next.is_added};
		break;
	case DIRECTORY_DOWN:
	case DIRECTORY_UP:
		next.is_down = order->verb == DIRECTORY_DOWN;
		next.has_state = next.is_down != conf->is_down;
		break;
	case DIRECTORY_WEIGH:
		next.weight = order->weight == conf->weight ? 0 : (unsigned)order->weight;
		break;
	}
	next.group = subject->group->name;
	next.text = conf->text;
	return next;
}

static bool may_be_made(const struct subject *subject,
	const struct directory_order *order, struct buf *ret_error)
{
	const char *group = subject->group->name;
	bool is_there = subject->is_known && !subject->entry.is_removed;

	if (order->verb == DIRECTORY_ADD) {
		if (is_there)
			buf_printf(ret_error, "%s has %s already", group,
				subject->entry.conf->text);
		else if (subject->server_count >= conf_server_max_count())
			buf_printf(ret_error, "%s has %zu servers, as many as it may",
				group, subject->server_count);
	} else if (!is_there) {
		refuse_server(subject->directory, subject->group, order->url, ret_error);
	} else if (order->verb == DIRECTORY_REMOVE && subject->server_count == 1) {
		buf_printf(ret_error,
			"%s is the last server of %s (expected another one "
			"to be added first, or \"down\" instead)",
			subject->entry.conf->text, group);
	}
	bool has_weight = order->verb == DIRECTORY_WEIGH ||
			  (order->verb == DIRECTORY_ADD && order->weight != 0);
	return ret_error->length == 0 &&
	       (!has_weight || conf_server_check_weight(order->weight, ret_error));
}

// The configuration of a server that the file does not have: a reference, NULL for one
// that it has. False with what is wrong.
static bool make_conf(const struct subject *subject, const struct directory_order *order,
	struct conf **ret_conf, struct buf *ret_error)
{
	*ret_conf = NULL;
	if (!subject->is_known) {
		*ret_conf = conf_server_create(
			order->url, order->weight != 0 ? order->weight : 1, ret_error);
		return *ret_conf != NULL;
	}
	const struct directory_change *former = directory_override_find(
		subject->directory, subject->group->name, subject->entry.conf->text);
	if (former && former->conf)
		*ret_conf = conf_ref(former->conf);
	return true;
}

bool directory_change_make(struct directory *directory, const struct upstream_set *now,
	const struct directory_order *order, const char **ret_text, struct buf *ret_error)
{
	struct subject subject = {.directory = directory,
		.group = directory_override_find_group(now->conf, order->group)};
	struct conf *conf;

	if (!subject.group) {
		directory_change_refuse_group(now->conf, order->group, ret_error);
		return false;
	}
	find_entry(&subject, order->url);
	if (!may_be_made(&subject, order, ret_error) ||
		!make_conf(&subject, order, &conf, ret_error))
		return false;
	if (!subject.is_known)
		subject.entry.conf = &conf->upstreams[0].servers[0];
	struct directory_override next = apply(&subject, order);
	if (!directory_override_put(directory, &next, conf)) {
		buf_append_str(ret_error, STR("out of memory"));
		return false;
	}
	*ret_text = directory->made->override.text;
	return true;
}

void directory_change_undo(struct directory *directory)
{
	struct directory_change *made = directory->made;

	if (!made)
		return;
	if (directory->replaced)
		LIST_INSERT_AFTER(made, directory->replaced, entry);
	LIST_REMOVE(made, entry);
	directory_override_free(made);
	directory->replaced = directory->made = NULL;
}
