// SPDX-License-Identifier: MIT
// The response's head toward the client; see the header.
#include "wherry/proxy/response_head.h"

#include <string.h>

#include "wherry/proto/http_write.h"
#include "wherry/proxy/head_fields.h"
#include "wherry/proxy/route.h"

enum response_head_framing response_head_framing(
	const struct request *request, const struct http_message *response)
{
	if (str_equal(request->method, STR("HEAD")))
		return RESPONSE_HEAD_NO_BODY;
	switch (response->body_kind) {
	case HTTP_BODY_NONE:
		return RESPONSE_HEAD_NO_BODY;
	case HTTP_BODY_LENGTH:
		return RESPONSE_HEAD_LENGTH;
	case HTTP_BODY_CHUNKED:
	case HTTP_BODY_UNTIL_CLOSE:
		break;
	}
	return request->is_http10 ? RESPONSE_HEAD_UNTIL_CLOSE : RESPONSE_HEAD_CHUNKED;
}

// Is this authority the backend's own, or the one the client asked for? A backend that
// sends a client from http to https means it.
static bool is_our_authority(
	const struct response_head *head, struct str authority, bool is_https)
{
	const struct url *url = &head->server->url;
	struct str host;
	uint16_t port;
	if (str_equal_nocase(authority, head->request->host))
		return !is_https || head->request->is_https;
	if (url->scheme != (is_https ? URL_HTTPS : URL_HTTP) ||
		!url_split_authority(authority, &host, &port))
		return false;
	if (port == 0)
		port = is_https ? 443 : 80;
	return str_equal_nocase(host, url->host) && port == url->port;
}

static struct str cut_front(struct str s, size_t length)
{
	return (struct str){s.data + length, s.length - length};
}

// A redirect to the backend's own address would lead the client around us: it becomes a
// path.
static void write_location(
	struct buf *out, const struct response_head *head, struct str value)
{
	struct str rest = value;
	buf_append_str(out, STR("Location: "));
	bool is_https = str_has_prefix(value, STR("https://"));
	if (is_https || str_has_prefix(value, STR("http://"))) {
		rest = cut_front(value, is_https ? 8 : 7);
		const char *slash =
			rest.length > 0 ? memchr(rest.data, '/', rest.length) : NULL;
		size_t length = slash ? (size_t)(slash - rest.data) : rest.length;
		bool is_ours =
			is_our_authority(head, (struct str){rest.data, length}, is_https);
		rest = is_ours && slash ? cut_front(rest, length) : value;
	}
	if (str_has_prefix(rest, STR("/")) && !str_has_prefix(rest, STR("//")))
		route_write_path_back(out, head->request->route, rest);
	else
		buf_append_str(out, value);
	buf_append_str(out, STR("\r\n"));
}

// Set-Cookie: the value of its Path attribute (RFC 6265 section 5.2.4) mapped back.
static void write_cookie(
	struct buf *out, const struct response_head *head, struct str value)
{
	const char *pair = value.data; // the cookie itself, which may be named "Path"
	buf_append_str(out, STR("Set-Cookie: "));
	while (value.length > 0) {
		const char *end = memchr(value.data, ';', value.length);
		size_t length = end ? (size_t)(end - value.data) : value.length;
		struct str part = {value.data, length};
		struct str attribute = str_trim(part);
		bool is_path = part.data != pair && attribute.length > 5 &&
			       str_has_prefix_nocase(attribute, STR("Path="));
		if (is_path) {
			buf_append_str(out, STR(" Path="));
			route_write_path_back(
				out, head->request->route, cut_front(attribute, 5));
		} else {
			buf_append_str(out, part);
		}
		value = cut_front(value, end ? length + 1 : length);
		if (end)
			buf_append_str(out, STR(";"));
	}
	buf_append_str(out, STR("\r\n"));
}

static void write_fields(struct buf *out, const struct response_head *head)
{
	const struct conf_route *route = head->request->route;
	const struct http_message *message = head->message;
	bool is_mapped = route->path_strip || route->path_add;
	for (size_t i = 0; i < message->field_count; i++) {
		const struct http_field *field = &message->fields[i];
		if (field->is_dropped || field->id == HTTP_FIELD_VIA ||
			field->id == HTTP_FIELD_CONTENT_LENGTH ||
			head_fields_is_removed(&route->response_headers, field->name))
			continue;
		if (field->id == HTTP_FIELD_LOCATION)
			write_location(out, head, field->value);
		else if (field->id == HTTP_FIELD_SET_COOKIE && is_mapped)
			write_cookie(out, head, field->value);
		else
			http_write_field(out, field->name, field->value);
	}
	head_fields_write_set(out, &route->response_headers);
}

static void write_framing(struct buf *out, const struct response_head *head)
{
	const struct http_message *message = head->message;
	if (head->framing == RESPONSE_HEAD_CHUNKED)
		http_write_field(out, STR("Transfer-Encoding"), STR("chunked"));
	else if (message->has_content_length)
		http_write_field_u64(out, STR("Content-Length"), message->content_length);
}

void response_head_write(struct buf *out, const struct response_head *head)
{
	const struct http_message *message = head->message;
	http_write_status_line(out, message->status, message->reason);
	write_fields(out, head);
	if (head->affinity)
		affinity_write_cookie(
			head->affinity, head->server, head->request->is_https, out);
	head_fields_write_via(out, message);
	if (message->status == 101) {
		http_write_field(out, STR("Connection"), STR("Upgrade"));
		http_write_field(out, STR("Upgrade"), STR("websocket"));
		if (head->subprotocol.length > 0)
			http_write_field(
				out, STR("Sec-WebSocket-Protocol"), head->subprotocol);
	} else {
		write_framing(out, head);
		if (!head->is_keep_alive)
			http_write_field(out, STR("Connection"), STR("close"));
		else if (head->request->is_http10)
			http_write_field(out, STR("Connection"), STR("keep-alive"));
	}
	http_write_end(out);
}

void response_head_write_interim(struct buf *out, const struct http_message *message)
{
	http_write_status_line(out, message->status, message->reason);
	for (size_t i = 0; i < message->field_count; i++) {
		if (!message->fields[i].is_dropped)
			http_write_field(
				out, message->fields[i].name, message->fields[i].value);
	}
	http_write_end(out);
}
