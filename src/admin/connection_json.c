// SPDX-License-Identifier: MIT
// Connections as JSON; see the header.
#include "wherry/admin/connection_json.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "wherry/base/log.h"
#include "wherry/conf/conf_value.h"
#include "wherry/hub/subscriber.h"

static bool read_kind(const char *text, struct conn_facts_filter *filter)
{
	filter->has_kind = true;
	filter->kind =
		strcmp(text, "websocket") == 0 ? CONN_FACTS_WEBSOCKET : CONN_FACTS_HTTP;
	return filter->kind == CONN_FACTS_WEBSOCKET || strcmp(text, "http") == 0;
}

// A lone address is a network of one.
static bool read_source(const char *text, struct addr_network *ret_network)
{
	char network[ADDR_TEXT_SIZE + sizeof("/128")];
	struct addr address;
	struct str whole = str_from(text);
	if (addr_network_parse(whole, ret_network))
		return true;
	if (whole.length >= ADDR_TEXT_SIZE || !addr_parse_ip(whole, 0, &address))
		return false;
	bool is_v4 = address.any.sa_family == AF_INET;
	(void)snprintf(network, sizeof(network), "%s%s", text, is_v4 ? "/32" : "/128");
	return addr_network_parse(str_from(network), ret_network);
}

const char *connection_json_read(
	const struct connection_json_choice *choice, struct conn_facts_filter *filter)
{
	static const char bad_time[] =
		"age and idle are times (expected 500ms, 5s, 5m or 5h)";
	if (choice->kind && !read_kind(choice->kind, filter))
		return "there is no such kind (expected websocket or http)";
	filter->has_source = choice->source != NULL;
	if (choice->source && !read_source(choice->source, &filter->source))
		return "source is no network (expected an address, 10.0.0.0/8, or unix)";
	if (choice->age &&
		!conf_value_parse_duration(str_from(choice->age), &filter->age_ms))
		return bad_time;
	if (choice->idle &&
		!conf_value_parse_duration(str_from(choice->idle), &filter->idle_ms))
		return bad_time;
	if (choice->bytes &&
		!conf_value_parse_size(str_from(choice->bytes), &filter->bytes))
		return "bytes is no size (expected 1000, 64KiB or 1MiB)";
	return NULL;
}

// What a client wrote need not be UTF-8; then it is escaped as in the log.
static json_t *write_text(struct str text)
{
	struct buf escaped = BUF_INIT;
	if (!text.data || text.length == 0)
		return json_null();
	json_t *value = json_stringn(text.data, text.length);
	if (value)
		return value;
	log_escape(&escaped, LOG_FORMAT_TEXT, text);
	value = json_stringn(escaped.data, escaped.length);
	buf_finish(&escaped);
	return value;
}

static json_t *write_name(const char *name)
{
	return name ? write_text(str_from(name)) : json_null();
}

// Of one who subscribes: where, and how much waits for it in the hub.
static bool add_subscriber(json_t *line, const struct conn_facts *facts)
{
	size_t messages = 0;
	uint64_t bytes = 0;
	struct str name;
	json_t *channels = json_array();
	for (size_t i = 0; conn_facts_find_channel(facts, i, &name); i++)
		(void)json_array_append_new(channels, write_text(name));
	if (facts->subscriber)
		subscriber_lag(facts->subscriber, &messages, &bytes);
	return json_object_set_new(line, "channels", channels) == 0 &&
	       json_object_set_new(line, "waiting", json_integer((json_int_t)messages)) ==
		       0 &&
	       json_object_set_new(
		       line, "waiting_bytes", json_integer((json_int_t)bytes)) == 0;
}

static json_t *write_facts(const struct conn_facts *facts)
{
	char peer[ADDR_TEXT_SIZE];
	bool is_websocket = facts->kind == CONN_FACTS_WEBSOCKET;
	return json_pack("{sI ss so ss ss so so so so so so sI sI sI sI sI sI sI so}",
		"id", (json_int_t)facts->id, "peer", addr_format(&facts->peer, peer),
		"client", write_text(facts->client), "kind",
		is_websocket ? "websocket" : "http", "state", facts->state, "listener",
		write_name(facts->listener), "route", write_name(facts->route),
		"upstream", write_name(facts->upstream), "server",
		write_name(facts->server), "user", write_name(facts->user), "tls",
		write_name(facts->tls), "age_ms", (json_int_t)facts->age_ms, "idle_ms",
		(json_int_t)facts->idle_ms, "bytes_in", (json_int_t)facts->bytes_in,
		"bytes_out", (json_int_t)facts->bytes_out, "messages_in",
		(json_int_t)facts->messages_in, "messages_out",
		(json_int_t)facts->messages_out, "buffered_bytes",
		(json_int_t)facts->buffered_bytes, "push", write_name(facts->push));
}

void connection_json_write(struct buf *out, const struct conn_facts *facts)
{
	json_t *line = write_facts(facts);
	bool is_whole = line && add_subscriber(line, facts);
	char *text = is_whole ? json_dumps(line, JSON_COMPACT) : NULL;
	if (text) {
		buf_append_str(out, str_from(text));
		buf_append_str(out, STR("\n"));
	}
	free(text);
	json_decref(line);
}
