// SPDX-License-Identifier: MIT
// Facts are lines of a head: what reads heads reads them, too.
#include "wherry/proxy/request_facts.h"

#include "wherry/proto/http_reader.h"
#include "wherry/proto/http_write.h"

enum {
	VALUE_MAX = 1024
};

// Is this the first field of its name? Routes look at no other one.
static bool is_first(const struct http_message *message, const struct http_field *field)
{
	return http_message_find_name(message, field->name) == field;
}

static bool is_asked_for(const struct conf *conf, struct str name)
{
	for (size_t i = 0; i < conf->route_count; i++) {
		const struct conf_match *match = &conf->routes[i].match;
		for (size_t j = 0; j < match->header_count; j++) {
			if (str_equal_nocase(str_from(match->headers[j].name), name))
				return true;
		}
	}
	return false;
}

static void write_subprotocols(
	struct buf *out, const struct conf *conf, const struct http_message *message)
{
	for (size_t i = 0; i < conf->route_count; i++) {
		const char *name = conf->routes[i].match.subprotocol;
		if (name && http_message_has_token(message,
				    HTTP_FIELD_SEC_WEBSOCKET_PROTOCOL, str_from(name)))
			http_write_field(
				out, STR("Sec-WebSocket-Protocol"), str_from(name));
	}
}

// No route asks for a longer value than that, but for any.
static struct str cut(struct str value)
{
	return (struct str){
		value.data, value.length < VALUE_MAX ? value.length : VALUE_MAX};
}

void request_facts_write_fields(
	struct buf *out, const struct conf *conf, const struct http_message *message)
{
	for (size_t i = 0; i < message->field_count; i++) {
		const struct http_field *field = &message->fields[i];
		if (field->id != HTTP_FIELD_HOST && is_asked_for(conf, field->name) &&
			is_first(message, field))
			http_write_field(out, field->name, cut(field->value));
	}
	write_subprotocols(out, conf, message);
}

static void write_head(struct buf *text, const struct request_facts *facts)
{
	buf_clear(text);
	http_write_request_line(text, facts->method, facts->target);
	http_write_field(text, STR("Host"), facts->host);
	buf_append_str(text, facts->fields);
	http_write_end(text);
}

bool request_facts_read(const struct request_facts *facts, struct buf *text,
	struct http_message *ret_message, unsigned *reterr_status,
	const char **reterr_text)
{
	struct http_reader reader;
	size_t length = 0;
	*reterr_status = 400;
	*reterr_text = "one of its parts holds the end of the head";
	write_head(text, facts);
	if (text->is_failed) {
		*reterr_status = 500;
		*reterr_text = "out of memory";
		return false;
	}
	http_reader_init(&reader, HTTP_REQUEST, HTTP_SCAN_LIMITS_DEFAULT);
	if (http_reader_next(&reader, (const uint8_t *)text->data, text->length,
		    ret_message, &length) == HTTP_READER_HEAD)
		return length == text->length;
	if (reader.scan.status != 0) {
		*reterr_status = reader.scan.status;
		*reterr_text = reader.scan.error;
	}
	return false;
}
