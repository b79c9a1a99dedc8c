// SPDX-License-Identifier: MIT
// Facts of connections; see the header.
#include "wherry/proxy/conn_facts.h"

#include <string.h>

#include <openssl/ssl.h>

#include "conn_priv.h"

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static const char *name_state(const struct conn *conn)
{
	switch (conn->state) {
	case CONN_PREFACE:
	case CONN_HEAD:
		return "open";
	case CONN_ACCESS:
	case CONN_FORWARD:
		return "request";
	case CONN_PUSH: // an event stream, once it has begun
		return conn->push->has_head ? "open" : "request";
	case CONN_SOCKET:
		return conn->push->is_closing ? "closing" : "open";
	case CONN_RELAY:
		return relay_is_closing(conn->relay) ? "closing" : "open";
	case CONN_LINGER:
	case CONN_CLOSED:
		break;
	}
	return "closing";
}

// In the middle of an exchange it is no matter which side moves.
static uint64_t last_byte_ms(const struct conn *conn)
{
	uint64_t at = stream_last_read_ms(conn->client);
	if (conn->state == CONN_FORWARD && conn->forward->exchange.stream)
		at = later(at, stream_last_read_ms(conn->forward->exchange.stream));
	return at;
}

static void read_relay(const struct conn *conn, uint64_t now, struct conn_facts *facts)
{
	struct relay_result so_far;
	relay_measure(conn->relay, &so_far);
	facts->bytes_in = so_far.bytes_in;
	facts->bytes_out = so_far.bytes_out;
	facts->messages_in = so_far.messages_in;
	facts->messages_out = so_far.messages_out;
	facts->idle_ms = now - relay_last_message_ms(conn->relay);
}

static void read_http(const struct conn *conn, uint64_t now, struct conn_facts *facts)
{
	facts->bytes_in = stream_bytes_in(conn->client);
	facts->bytes_out = stream_bytes_out(conn->client);
	facts->idle_ms = now - last_byte_ms(conn);
}

static void read_push(const struct conn *conn, uint64_t now, struct conn_facts *facts)
{
	struct relay_result so_far = {0};
	conn_push_measure(conn, &so_far);
	facts->messages_in = so_far.messages_in;
	facts->messages_out = so_far.messages_out;
	facts->idle_ms = now - conn->push->methods->last_message_ms(conn->push);
	facts->push = conn->push->methods->name;
	facts->pushed = conn->push;
	if (conn->push->methods->find_subscriber)
		facts->subscriber = conn->push->methods->find_subscriber(conn->push);
}

static void read_request(const struct request *request, const struct edition *edition,
	struct conn_facts *facts)
{
	const struct conf_route *route = request->route;
	facts->client = request->client;
	facts->server = request->server;
	facts->user = request->user;
	if (!route)
		return;
	facts->route = route->name;
	if (conf_route_forwards(route))
		facts->upstream = edition->conf->upstreams[route->upstream].name;
}

void conn_facts_read(const struct conn *conn, uint64_t now, struct conn_facts *ret_facts)
{
	bool is_relay = conn->state == CONN_RELAY;
	const struct stream *client = is_relay ? relay_client(conn->relay) : conn->client;
	const SSL *ssl = client ? stream_tls(client) : NULL;
	*ret_facts = (struct conn_facts){
		.id = conn->id,
		.kind = is_relay || conn->state == CONN_SOCKET ? CONN_FACTS_WEBSOCKET
							       : CONN_FACTS_HTTP,
		.state = name_state(conn),
		.peer = conn->peer,
		.listener = conn->listener ? conn->listener->name : NULL,
		.tls = ssl ? SSL_get_version(ssl) : NULL,
		.age_ms = now - conn->accepted_ms,
		.buffered_bytes = client ? stream_queued_length(client) : 0,
	};
	if (conn->has_request)
		read_request(&conn->request, conn->edition, ret_facts);
	if (is_relay)
		read_relay(conn, now, ret_facts);
	else
		read_http(conn, now, ret_facts);
	if (conn->state == CONN_PUSH || conn->state == CONN_SOCKET)
		read_push(conn, now, ret_facts);
}

static bool is_same(const char *wanted, const char *found)
{
	return !wanted || (found && strcmp(wanted, found) == 0);
}

static bool find_line(
	const struct conn_facts *facts, size_t index, struct push_line *ret_line)
{
	const struct push *push = facts->pushed;
	return push && push->methods->find_line &&
	       push->methods->find_line(push, index, ret_line);
}

static struct str public_name(const struct push_line *line)
{
	const char *query =
		line->is_url ? memchr(line->name.data, '?', line->name.length) : NULL;
	size_t length = query ? (size_t)(query - line->name.data) : line->name.length;
	return (struct str){line->name.data, length};
}

bool conn_facts_find_channel(
	const struct conn_facts *facts, size_t index, struct str *ret_name)
{
	struct push_line line;
	if (!find_line(facts, index, &line))
		return false;
	*ret_name = public_name(&line);
	return true;
}

static bool is_channel(const struct push_line *line, const char *channel)
{
	struct str wanted = str_from(channel);
	return str_equal(line->name, wanted) || str_equal(public_name(line), wanted);
}

static bool subscribes_to(const struct conn_facts *facts, const char *channel)
{
	struct push_line line;
	for (size_t i = 0; find_line(facts, i, &line); i++) {
		if (is_channel(&line, channel))
			return true;
	}
	return false;
}

static bool is_from(const struct conn_facts *facts, const struct addr_network *source)
{
	struct addr client;
	return addr_network_has(source, 1, &facts->peer) ||
	       (facts->client.length > 0 && addr_parse_ip(facts->client, 0, &client) &&
		       addr_network_has(source, 1, &client));
}

static bool is_request_same(
	const struct conn_facts *facts, const struct conn_facts_filter *filter)
{
	return is_same(filter->route, facts->route) &&
	       is_same(filter->upstream, facts->upstream) &&
	       is_same(filter->server, facts->server) &&
	       is_same(filter->user, facts->user);
}

static bool is_line_same(
	const struct push_line *line, const struct conn_facts_filter *filter)
{
	struct conn_facts own = {0};
	if (!line->request)
		return false;
	read_request(line->request, line->edition, &own);
	return is_request_same(&own, filter) &&
	       (!filter->channel || is_channel(line, filter->channel));
}

bool conn_facts_match_line(const struct conn_facts *facts,
	const struct conn_facts_filter *filter, size_t *index)
{
	struct push_line line;
	if (!filter->route && !filter->upstream && !filter->server && !filter->user &&
		!filter->channel)
		return false;
	for (; find_line(facts, *index, &line); (*index)++) {
		if (is_line_same(&line, filter))
			return true;
	}
	return false;
}

static bool has_request(
	const struct conn_facts *facts, const struct conn_facts_filter *filter)
{
	size_t index = 0;
	return conn_facts_match_line(facts, filter, &index) ||
	       (is_request_same(facts, filter) &&
		       (!filter->channel || subscribes_to(facts, filter->channel)));
}

bool conn_facts_match(
	const struct conn_facts *facts, const struct conn_facts_filter *filter)
{
	if (filter->id != 0 && filter->id != facts->id)
		return false;
	if (filter->has_kind && filter->kind != facts->kind)
		return false;
	if (!is_same(filter->listener, facts->listener) || !has_request(facts, filter))
		return false;
	if (filter->has_source && !is_from(facts, &filter->source))
		return false;
	return facts->age_ms >= filter->age_ms && facts->idle_ms >= filter->idle_ms &&
	       facts->bytes_in + facts->bytes_out >= filter->bytes;
}
