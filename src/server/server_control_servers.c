// SPDX-License-Identifier: MIT
// `wherry server`: the list of servers, and changes to it while the process runs.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "server_control_priv.h"
#include "wherry/base/log.h"
#include "wherry/upstream/directory_change.h"
#include "wherry/upstream/directory_override.h"

// The members of an entry, which are one for each address.
struct sum {
	uint64_t connections;
	const struct upstream_member *present; // NULL: no address is known
	uint64_t *ids;                         // of the members; NULL: not wanted
	size_t count;
};

struct change {
	enum directory_verb verb;
	const char *group;
	const char *text; // the server's URL as it is known
};

static uint64_t load(const struct upstream_server *server)
{
	return atomic_load_explicit(&server->active, memory_order_relaxed);
}

static void sum_up(const struct upstream *upstream, const char *text, struct sum *sum)
{
	for (size_t i = 0; i < upstream->member_count; i++) {
		const struct upstream_member *member = &upstream->members[i];
		if (strcmp(member->server->text, text) != 0)
			continue;
		sum->connections += load(member->server);
		if (!member->is_gone)
			sum->present = member;
		if (sum->ids)
			sum->ids[sum->count++] = member->server->id;
	}
}

// What is not as the file says; "" if all is.
static const char *name_change(const struct directory_override *override)
{
	if (!override)
		return "";
	if (override->is_added)
		return "added";
	if (override->is_removed)
		return "removed";
	if (override->weight != 0)
		return override->has_state ? "weight, state" : "weight";
	return "state";
}

// "zone=a, rack=7"
static json_t *write_labels(const struct conf_server *conf)
{
	struct buf text = BUF_INIT;
	for (size_t i = 0; i < conf->label_count; i++)
		buf_printf(&text, "%s%s=%s", i > 0 ? ", " : "", conf->labels[i].name,
			conf->labels[i].value);
	json_t *labels = json_stringn(text.data ? text.data : "", text.length);
	buf_finish(&text);
	return labels;
}

static const char *name_state(
	const struct directory_entry *entry, const struct upstream_member *member)
{
	if (entry->is_removed)
		return "removed";
	return member ? upstream_state_name(member) : "unresolved";
}

// Of the entry at one of its addresses, or at all of them; NULL: none is known.
static json_t *make_row(const struct upstream *upstream, const char *name,
	const struct upstream_member *member, const struct directory_entry *entry,
	uint64_t connections)
{
	return json_pack("{ss ss ss si sI ss so}", "upstream", upstream->conf->name,
		"server", name, "state", name_state(entry, member), "weight",
		(int)entry->weight, "connections", (json_int_t)connections, "changed",
		name_change(entry->override), "labels", write_labels(entry->conf));
}

// What the peer has not read yet is kept, as of a page of metrics. Takes the row.
static void write_row(struct control_call *call, json_t *row)
{
	char *text = row ? json_dumps(row, JSON_COMPACT) : NULL;
	struct buf line = BUF_INIT;
	if (text)
		buf_printf(&line, "%s\n", text);
	bool has_room = control_call_write(call, buf_str(&line));
	(void)has_room;
	buf_finish(&line);
	free(text);
	json_decref(row);
}

static void list_entry(struct control_call *call, const struct upstream *upstream,
	const struct directory_entry *entry)
{
	const char *text = entry->conf->text;
	size_t count = 0;
	for (size_t i = 0; i < upstream->member_count; i++) {
		const struct upstream_member *member = &upstream->members[i];
		if (strcmp(member->server->text, text) != 0 ||
			upstream_is_forgotten(member))
			continue;
		count++;
		write_row(call, make_row(upstream, member->server->name, member, entry,
					load(member->server)));
	}
	if (count == 0)
		write_row(call, make_row(upstream, text, NULL, entry, 0));
}

static void list_group(const struct server *server, struct control_call *call,
	const struct upstream *upstream)
{
	struct directory_entry entry;
	size_t cursor = 0;
	while (directory_override_next_entry(
		server->directory, upstream->conf, &cursor, &entry))
		list_entry(call, upstream, &entry);
}

const struct upstream *server_control_find_group(
	const struct server *server, struct control_call *call, const char *name)
{
	const struct upstream_set *set = server->snapshot->upstreams;
	const struct upstream *group = upstream_find_group(set, name);
	struct buf error = BUF_INIT;
	if (group)
		return group;
	directory_change_refuse_group(set->conf, str_from(name), &error);
	control_call_refuse(call, "%.*s", STR_ARG(buf_str(&error)));
	buf_finish(&error);
	return NULL;
}

void server_control_server_list(void *arg, struct control_call *call)
{
	const struct server *server = arg;
	const struct upstream_set *set = server->snapshot->upstreams;
	const char *name = NULL;
	if (!control_call_unpack(call, "{s?s}", "upstream", &name))
		return;
	const struct upstream *group =
		name ? server_control_find_group(server, call, name) : NULL;
	if (name && !group)
		return;
	for (size_t i = 0; i < set->upstream_count; i++) {
		if (!group || group == &set->upstreams[i])
			list_group(server, call, &set->upstreams[i]);
	}
	control_call_answer(call, NULL);
}

// The server as it is now; one that is no more is told by what it was.
static void answer(const struct server *server, struct control_call *call,
	const char *name, const char *text)
{
	const struct upstream *upstream =
		upstream_find_group(server->snapshot->upstreams, name);
	struct directory_entry entry;
	struct sum sum = {0};
	size_t cursor = 0;
	while (directory_override_next_entry(
		server->directory, upstream->conf, &cursor, &entry)) {
		if (strcmp(entry.conf->text, text) != 0 || entry.is_removed)
			continue;
		sum_up(upstream, text, &sum);
		control_call_answer(call,
			make_row(upstream, text, sum.present, &entry, sum.connections));
		return;
	}
	control_call_answer(call, json_pack("{ss ss ss}", "upstream", name, "server",
					  text, "state", "removed"));
}

// The connections of a server that was removed go at its pace. Without memory for that
// they stay until their ends.
static void drain_removed(struct server *server, const struct sum *sum, const char *text)
{
	const struct conf_drain_pace *pace = &server->conf->drain.server;
	struct drain_plan_options options = {
		.scope = DRAIN_PLAN_SERVERS,
		.servers = sum->ids,
		.server_count = sum->count,
		.reason = CLOSE_REASON_SERVER_DRAINED,
		.window_ms = pace->window_ms,
		.timeout_ms = pace->timeout_ms,
	};
	char what[SERVER_DRAIN_TEXT_SIZE];
	(void)snprintf(what, sizeof(what), "removed server %s", text);
	if (sum->connections > 0 && !server_drain_run(server, &options, what))
		log_error("drain of %s: no memory", what);
}

// Puts the change in force. False: the call was refused, and it is as it was.
static bool publish(struct server *server, struct control_call *call)
{
	struct buf text = BUF_INIT;
	bool is_published = server_names_publish(server, &text);
	struct str why = buf_str(&text); // ends a line
	if (is_published) {
		directory_settle(server->directory, server->snapshot->upstreams);
	} else {
		directory_change_undo(server->directory);
		why.length -= why.length > 0;
		control_call_refuse(call, "%.*s", STR_ARG(why));
	}
	buf_finish(&text);
	return is_published;
}

static void run_change(
	struct server *server, struct control_call *call, const struct change *change)
{
	const struct upstream *upstream =
		upstream_find_group(server->snapshot->upstreams, change->group);
	struct sum before = {.ids = calloc(upstream->member_count + 1, sizeof(uint64_t))};
	char *text = str_copy(str_from(change->text));
	if (!before.ids || !text) {
		directory_change_undo(server->directory);
		control_call_refuse(call, "out of memory");
	} else {
		sum_up(upstream, text, &before); // which publishing may free
		if (publish(server, call)) {
			if (change->verb == DIRECTORY_REMOVE)
				drain_removed(server, &before, text);
			answer(server, call, change->group, text);
		}
	}
	free(before.ids);
	free(text);
}

static void make_change(void *arg, struct control_call *call, enum directory_verb verb,
	const char *group, const char *url, json_int_t weight)
{
	struct server *server = arg;
	struct directory_order order = {
		.verb = verb,
		.group = str_from(group),
		.url = str_from(url),
		.weight = weight < 0 ? UINT64_MAX : (uint64_t)weight,
	};
	struct buf error = BUF_INIT;
	const char *text;
	if (server->reload) { // whose names would be forgotten
		control_call_refuse(call, "a reload is under way");
		return;
	}
	if (directory_change_make(server->directory, server->snapshot->upstreams, &order,
		    &text, &error)) {
		struct change change = {verb, group, text};
		run_change(server, call, &change);
	} else {
		control_call_refuse(call, "%.*s", STR_ARG(buf_str(&error)));
	}
	buf_finish(&error);
}

void server_control_server_add(void *arg, struct control_call *call)
{
	const char *group, *url;
	json_int_t weight = 0;
	if (control_call_unpack(call, "{ss, ss, s?I}", "upstream", &group, "url", &url,
		    "weight", &weight))
		make_change(arg, call, DIRECTORY_ADD, group, url, weight);
}

static void make_plain_change(
	void *arg, struct control_call *call, enum directory_verb verb)
{
	const char *group, *url;
	if (control_call_unpack(call, "{ss, ss}", "upstream", &group, "url", &url))
		make_change(arg, call, verb, group, url, 0);
}

void server_control_server_remove(void *arg, struct control_call *call)
{
	make_plain_change(arg, call, DIRECTORY_REMOVE);
}

void server_control_server_down(void *arg, struct control_call *call)
{
	make_plain_change(arg, call, DIRECTORY_DOWN);
}

void server_control_server_up(void *arg, struct control_call *call)
{
	make_plain_change(arg, call, DIRECTORY_UP);
}

void server_control_server_weight(void *arg, struct control_call *call)
{
	const char *group, *url;
	json_int_t weight;
	if (control_call_unpack(call, "{ss, ss, sI}", "upstream", &group, "url", &url,
		    "weight", &weight))
		make_change(arg, call, DIRECTORY_WEIGH, group, url, weight);
}
