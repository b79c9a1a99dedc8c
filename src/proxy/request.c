// SPDX-License-Identifier: MIT
// The facts of a request; see the header.
#include "wherry/proxy/request.h"

#include <stdlib.h>
#include <string.h>

#include "wherry/base/now.h"
#include "wherry/proxy/request_facts.h"

enum {
	TEXT_MAX = 1024
}; // of each fact; the log cuts there too

static struct str store(char **at, struct str fact)
{
	struct str stored = {*at, fact.length < TEXT_MAX ? fact.length : TEXT_MAX};
	if (stored.length > 0)
		memcpy(*at, fact.data, stored.length);
	*at += stored.length;
	return stored;
}

// "?token=secret&room=1" becomes "?token=*&room=*": WebSocket URLs carry credentials,
// since browsers can't set fields on a handshake.
static struct str mask_query(struct str target)
{
	char *data = (char *)target.data; // our own copy
	size_t length = 0;
	bool is_query = false, is_value = false, is_hidden = false;
	for (size_t i = 0; i < target.length; i++) {
		char byte = data[i];
		is_query |= byte == '?';
		if (byte == '&')
			is_value = false;
		if (!is_value)
			data[length++] = byte;
		else if (!is_hidden)
			data[length++] = '*';
		is_hidden = is_value;
		is_value |= is_query && byte == '=';
	}
	return (struct str){data, length};
}

// Goes through a list of hops from its right end, as long as they are trusted proxies;
// *client is the last one read. False once what is left of it can't be trusted.
static bool read_hops(struct str list, const struct conf *conf, struct str *client,
	char text[ADDR_TEXT_SIZE])
{
	while (list.length > 0) {
		size_t start = list.length;
		while (start > 0 && list.data[start - 1] != ',')
			start--;
		struct str item =
			str_trim((struct str){list.data + start, list.length - start});
		struct addr addr;
		if (!addr_parse_ip(item, 0, &addr) && !addr_parse(item, &addr))
			return false;
		*client = str_from(addr_format_ip(&addr, text));
		if (!addr_network_has(
			    conf->trusted_proxies, conf->trusted_proxy_count, &addr))
			return false;
		list.length = start > 0 ? start - 1 : 0;
	}
	return true;
}

// The right-most address that no trusted proxy wrote (SECURITY T22); the peer if it is
// not one of them itself. A proxy may add a field of its own behind the client's: all
// such fields are one list.
static struct str find_client(const struct http_message *message, const struct conf *conf,
	const struct addr *peer, bool is_trusted, char text[ADDR_TEXT_SIZE])
{
	struct str client = str_from(addr_format_ip(peer, text));
	for (size_t i = message->field_count; is_trusted && i-- > 0;) {
		const struct http_field *field = &message->fields[i];
		if (field->id == HTTP_FIELD_X_FORWARDED_FOR)
			is_trusted = read_hops(field->value, conf, &client, text);
	}
	return client;
}

// A trusted proxy knows better; the first hop of its list is the one that the client
// used.
static bool is_https(const struct http_message *message, bool is_trusted, bool is_tls)
{
	if (!is_trusted)
		return is_tls;
	const struct http_field *field =
		http_message_find(message, HTTP_FIELD_X_FORWARDED_PROTO);
	struct str list = field && !field->is_dropped ? field->value : STR(""), proto;
	return str_next_item(&list, &proto) ? str_equal_nocase(proto, STR("https"))
					    : is_tls;
}

static bool wants_json(const struct http_message *message)
{
	const struct http_field *accept = http_message_find(message, HTTP_FIELD_ACCEPT);
	struct str list = accept ? accept->value : STR(""), item;
	while (str_next_item(&list, &item)) {
		if (str_has_prefix_nocase(item, STR("text/")))
			return false;
		if (str_has_prefix_nocase(item, STR("application/json")))
			return true;
	}
	return false;
}

void request_init_empty(struct request *request)
{
	*request = (struct request){.started_ms = now_ms()};
}

static bool store_facts(struct request *request, const struct http_message *message,
	struct str client, struct str fields)
{
	size_t size = message->method.length + message->host.length +
		      message->target.length + client.length + fields.length;
	request->text = malloc(size + 1);
	if (!request->text)
		return false;
	char *at = request->text;
	request->method = store(&at, message->method);
	request->host = store(&at, message->host);
	request->client = store(&at, client);
	request->target = store(&at, message->target);
	memcpy(at, fields.data ? fields.data : "", fields.length);
	request->fields = (struct str){at, fields.length};
	if (request->is_websocket)
		request_mask_query(request);
	return true;
}

bool request_init(struct request *request, const struct http_message *message,
	const struct conf *conf, const struct addr *peer, bool is_tls)
{
	char client_text[ADDR_TEXT_SIZE];
	bool is_trusted =
		addr_network_has(conf->trusted_proxies, conf->trusted_proxy_count, peer);
	struct str client = find_client(message, conf, peer, is_trusted, client_text);
	struct buf fields = BUF_INIT;
	request_init_empty(request);
	request->is_http10 = message->minor_version == 0;
	request->is_keep_alive = message->is_keep_alive;
	request->wants_json = wants_json(message);
	request->is_websocket = message->is_websocket_upgrade;
	request->is_tls = is_tls;
	request->is_https = is_https(message, is_trusted, is_tls);
	if (request->is_websocket ||
		http_message_accepts(message, STR("text/event-stream")))
		request_facts_write_fields(&fields, conf, message);
	bool is_stored = !fields.is_failed &&
			 store_facts(request, message, client, buf_str(&fields));
	buf_finish(&fields);
	return is_stored;
}

void request_mask_query(struct request *request)
{
	request->target = mask_query(request->target);
}

void request_finish(struct request *request)
{
	free(request->text);
	free(request->user);
	free(request->location);
	*request = (struct request){0};
}

// Kept as text only: hardly a route asks, and an idle WebSocket would pay for it.
void request_client_address(const struct request *request, struct addr *ret_addr)
{
	if (addr_parse_ip(request->client, 0, ret_addr))
		return;
	*ret_addr = (struct addr){.length = 0};
	if (str_has_prefix(request->client, STR("unix:"))) {
		ret_addr->length = sizeof(sa_family_t);
		ret_addr->any.sa_family = AF_UNIX;
	}
}

bool request_set_user(struct request *request, struct str user)
{
	char *copy = str_copy(
		user.length < TEXT_MAX ? user : (struct str){user.data, TEXT_MAX});
	if (!copy)
		return false;
	free(request->user);
	request->user = copy;
	return true;
}

bool request_take_location(struct request *request, struct buf *location)
{
	buf_append(location, "", 1); // terminates it
	if (!location->is_failed) {
		free(request->location);
		request->location = location->data;
		*location = BUF_INIT;
	}
	bool is_taken = request->location != NULL;
	buf_finish(location);
	return is_taken;
}
