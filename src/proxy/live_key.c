// SPDX-License-Identifier: MIT
// A key is a text of these lines, short as each poll is looked up by it:
//
//   host path query               what the client asks for, and what logs show of it
//   upstream
//   host                          that the route names; "*" for the server's own
//   target                        as the backend gets it, if the route writes it anew
//   fields                        that the route sets or removes in responses
//   fields                        that the route sets in requests
//   fields                        of the request that tell answers apart
//   codings scheme
//
// The head that the backend gets (live_key_write_head) follows from these alone.
#include "wherry/proxy/live_key.h"

#include <string.h>

#include "wherry/proto/http_write.h"
#include "wherry/proxy/head_fields.h"

enum coding {
	CODING_BR = 1,
	CODING_GZIP = 2,
	CODING_ZSTD = 4,
};

static const struct {
	struct str name;
	enum coding coding;
} CODINGS[] = {
	{STR("br"), CODING_BR},
	{STR("gzip"), CODING_GZIP},
	{STR("zstd"), CODING_ZSTD},
};

enum {
	CODING_COUNT = sizeof(CODINGS) / sizeof(CODINGS[0])
};

// "gzip;q=0.5" is gzip; with a q of zero it is not wanted (RFC 9110 section 12.4.2).
static unsigned read_coding(struct str item)
{
	const char *semicolon = memchr(item.data, ';', item.length);
	struct str name = item, weight = {0};
	if (semicolon) {
		name.length = (size_t)(semicolon - item.data);
		weight = str_trim(
			(struct str){semicolon + 1, item.length - name.length - 1});
		name = str_trim(name);
	}
	bool is_refused = weight.length >= 3 && (weight.data[0] | 0x20) == 'q';
	for (size_t i = 2; is_refused && i < weight.length; i++)
		is_refused = weight.data[i] == '0' || weight.data[i] == '.';
	for (size_t i = 0; i < CODING_COUNT && !is_refused; i++) {
		if (str_equal_nocase(name, CODINGS[i].name))
			return CODINGS[i].coding;
	}
	return 0;
}

static bool is_coding_field(struct str name)
{
	return str_equal_nocase(name, STR("Accept-Encoding"));
}

// As few values as there can be, whatever browsers write.
static void write_codings(struct buf *out, unsigned codings)
{
	bool is_first = true;
	buf_append_str(out, STR("Accept-Encoding: "));
	for (size_t i = 0; i < CODING_COUNT; i++) {
		if (!(codings & CODINGS[i].coding))
			continue;
		if (!is_first)
			buf_append_str(out, STR(", "));
		buf_append_str(out, CODINGS[i].name);
		is_first = false;
	}
	buf_append_str(out, codings == 0 ? STR("identity\r\n") : STR("\r\n"));
}

// Of what is pushed neither coding nor type is the client's to choose: it accepts an
// event stream.
static unsigned find_codings(const struct live_key_question *question)
{
	const struct http_message *message = question->message;
	unsigned codings = 0;
	for (size_t i = 0; i < message->field_count && !question->is_pushed; i++) {
		struct str list = message->fields[i].value, item;
		if (!is_coding_field(message->fields[i].name))
			continue;
		while (str_next_item(&list, &item))
			codings |= read_coding(item);
	}
	return codings;
}

static bool varies(
	const struct live_key_question *question, const struct http_field *field)
{
	const struct conf_route *route = question->choice->route;
	bool is_choice = !(question->is_pushed && field->id == HTTP_FIELD_ACCEPT) &&
			 !is_coding_field(field->name) && !field->is_dropped;
	return is_choice && head_fields_is_named(&route->live.vary, field->name) &&
	       !head_fields_is_removed(&route->request_headers, field->name);
}

// Fields that tell answers apart, as the client sent them.
static void write_varying(struct buf *out, const struct live_key_question *question)
{
	const struct http_message *message = question->message;
	bool has_accept = false;
	for (size_t i = 0; i < message->field_count; i++) {
		const struct http_field *field = &message->fields[i];
		if (!varies(question, field))
			continue;
		http_write_field(out, field->name, field->value);
		has_accept |= field->id == HTTP_FIELD_ACCEPT;
	}
	if (!has_accept)
		buf_append_str(out, STR("Accept: */*\r\n"));
}

// "name=value" of a query; for us, on a live route?
static bool is_own_parameter(struct str parameter)
{
	static const struct str NAMES[] = {
		STR("wait"), STR("last_event_id"), STR("envelope"), STR("patch")};
	const char *equals = parameter.length > 0
				     ? memchr(parameter.data, '=', parameter.length)
				     : NULL;
	if (equals)
		parameter.length = (size_t)(equals - parameter.data);
	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
		if (str_equal(parameter, NAMES[i]))
			return true;
	}
	return false;
}

// "?a=1&wait=30&b=2" becomes "?a=1&b=2".
static void write_others(struct buf *out, struct str query)
{
	char separator = '?';
	while (query.length > 1) {
		struct str rest = {query.data + 1, query.length - 1}; // behind ? or &
		const char *end = memchr(rest.data, '&', rest.length);
		struct str one = {
			rest.data, end ? (size_t)(end - rest.data) : rest.length};
		if (!is_own_parameter(one)) {
			buf_append(out, &separator, 1);
			buf_append_str(out, one);
			separator = '&';
		}
		query = (struct str){one.data + one.length, rest.length - one.length};
	}
}

static void write_query(struct buf *out, const struct live_key_question *question)
{
	if (question->is_ours)
		write_others(out, question->message->query);
	else
		buf_append_str(out, question->message->query);
}

// With the client's own query in its place.
static void write_target(struct buf *out, const struct live_key_question *question)
{
	route_write_target(out, question->conf, question->choice, question->message);
	if (!out->is_failed)
		out->length -= question->message->query.length; // which stands at the end
	write_query(out, question);
}

// What Wherry says of itself, as it asks for itself.
static void write_own_fields(struct buf *out, const struct live_key_question *question)
{
	const struct request *request = question->request;
	head_fields_write_set(out, &question->choice->route->request_headers);
	buf_append_str(out, request->is_https ? STR("X-Forwarded-Proto: https\r\n")
					      : STR("X-Forwarded-Proto: http\r\n"));
	if (question->message->host.length > 0)
		http_write_field(out, STR("X-Forwarded-Host"), question->message->host);
	buf_append_str(out, STR("Via: 1.1 wherry\r\n"));
}

static void write_response_rules(struct buf *out, const struct conf_headers *headers)
{
	for (size_t i = 0; i < headers->remove_count; i++) {
		buf_append_str(out, str_from(headers->remove[i].name));
		buf_append_str(out, STR(","));
	}
	head_fields_write_set(out, headers);
}

static void write_route(struct buf *out, const struct live_key_question *question)
{
	const struct conf_route *route = question->choice->route;
	buf_append_str(out, str_from(question->conf->upstreams[route->upstream].name));
	buf_append_str(out, STR("\n"));
	if (route->host == CONF_HOST_NAME)
		buf_append_str(out, str_from(route->host_name));
	else if (route->host == CONF_HOST_BACKEND)
		buf_append_str(out, STR("*"));
	buf_append_str(out, STR("\n"));
	if (route->path_strip || route->path_add ||
		question->conf->paths.forward_canonical)
		write_target(out, question);
	buf_append_str(out, STR("\n"));
	write_response_rules(out, &route->response_headers);
	buf_append_str(out, STR("\n"));
	head_fields_write_set(out, &route->request_headers);
	buf_append_str(out, STR("\n"));
}

void live_key_write(struct live_key *key, const struct live_key_question *question)
{
	unsigned codings = find_codings(question);
	char last[] = {
		'\n', (char)('0' + codings), question->request->is_https ? 's' : 'p'};
	struct buf *out = &key->text;
	buf_clear(out);
	buf_append_str(out, question->message->host);
	key->url = out->length;
	buf_append_str(out, question->message->path);
	write_query(out, question);
	buf_append_str(out, STR("\n"));
	write_route(out, question);
	if (question->choice->route->live.vary.count > 0)
		write_varying(out, question);
	buf_append(out, last, sizeof(last));
	key->is_plain = codings == 0;
}

void live_key_write_head(struct buf *out, const struct live_key_question *question)
{
	buf_append_str(out, STR("GET "));
	write_target(out, question);
	buf_append_str(out, STR(" HTTP/1.1\r\n"));
	write_varying(out, question);
	write_codings(out, find_codings(question));
	write_own_fields(out, question);
}

struct str live_key_url(const struct live_key *key)
{
	const char *text = key->text.data + key->url;
	const char *end = memchr(text, '\n', key->text.length - key->url);
	return (struct str){text, end ? (size_t)(end - text) : 0};
}

struct str live_key_host(const struct live_key *key)
{
	return (struct str){key->text.data, key->url};
}
