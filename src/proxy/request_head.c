// SPDX-License-Identifier: MIT
// The request's head toward the backend; see the header.
#include "wherry/proxy/request_head.h"

#include <string.h>

#include "wherry/net/tls_server.h"
#include "wherry/proto/http_write.h"
#include "wherry/proto/ws_handshake.h"
#include "wherry/proto/ws_subprotocol.h"
#include "wherry/proxy/client_certificate.h"
#include "wherry/proxy/head_fields.h"

void request_head_write_line(struct buf *out, const struct request_head *head)
{
	buf_append_str(out, head->message->method);
	buf_append_str(out, STR(" "));
	route_write_target(out, head->conf, head->choice, head->message);
	buf_append_str(out, STR(" HTTP/1.1\r\n"));
}

void request_head_write_server_host(struct buf *out, const struct url *url)
{
	buf_append_str(out, STR("Host: "));
	url_write_authority(out, url);
	buf_append_str(out, STR("\r\n"));
}

void request_head_write_host(struct buf *out, const struct conf_route *route,
	struct str host, const struct upstream_server *server)
{
	buf_append_str(out, STR("Host: "));
	if (route->host == CONF_HOST_NAME)
		buf_append_str(out, str_from(route->host_name));
	else if (route->host == CONF_HOST_PASS && host.length > 0)
		buf_append_str(out, host);
	else
		url_write_authority(out, &server->url);
	buf_append_str(out, STR("\r\n"));
}

// The list of those before us, if a trusted proxy sent it, and its sender's address.
static void write_forwarded_for(struct buf *out, const struct http_message *message,
	struct str peer, bool is_trusted)
{
	buf_append_str(out, STR("X-Forwarded-For: "));
	if (is_trusted)
		head_fields_write_list(out, message, HTTP_FIELD_X_FORWARDED_FOR);
	buf_append_str(out, peer);
	buf_append_str(out, STR("\r\n"));
}

static void write_between(
	struct buf *out, const char *before, struct str text, const char *after)
{
	buf_append_str(out, str_from(before));
	buf_append_str(out, text);
	buf_append_str(out, str_from(after));
}

// RFC 7239: IPv6 addresses in brackets and quotes, hosts with a port in quotes.
static void write_forwarded(struct buf *out, const struct request_head *head,
	struct str peer, bool is_trusted)
{
	const struct http_message *message = head->message;
	buf_append_str(out, STR("Forwarded: "));
	if (is_trusted)
		head_fields_write_list(out, message, HTTP_FIELD_FORWARDED);
	bool is_v6 = peer.length > 0 && memchr(peer.data, ':', peer.length) != NULL;
	buf_append_str(out, STR("for="));
	if (addr_is_unix(head->peer))
		buf_append_str(out, STR("unknown"));
	else
		write_between(out, is_v6 ? "\"[" : "", peer, is_v6 ? "]\"" : "");
	if (message->host.length > 0)
		write_between(out, ";host=\"", message->host, "\"");
	buf_append_str(out,
		head->request->is_tls ? STR(";proto=https\r\n") : STR(";proto=http\r\n"));
}

// A trusted proxy's own word stands; else ours.
static void write_or_pass(struct buf *out, const struct http_message *message,
	enum http_field_id id, struct str name, struct str ours, bool is_trusted)
{
	const struct http_field *theirs = http_message_find(message, id);
	bool passes = is_trusted && theirs && !theirs->is_dropped;
	struct str value = passes ? theirs->value : ours;
	if (value.length > 0)
		http_write_field(out, name, value);
}

void request_head_write_identity(struct buf *out, const struct request_head *head)
{
	const struct http_message *message = head->message;
	bool is_trusted = request_head_is_trusted(head);
	char text[ADDR_TEXT_SIZE];
	struct str peer = str_from(addr_format_ip(head->peer, text));
	write_forwarded_for(out, message, peer, is_trusted);
	write_or_pass(out, message, HTTP_FIELD_X_FORWARDED_PROTO,
		STR("X-Forwarded-Proto"),
		head->request->is_tls ? STR("https") : STR("http"), is_trusted);
	write_or_pass(out, message, HTTP_FIELD_X_FORWARDED_HOST, STR("X-Forwarded-Host"),
		message->host, is_trusted);
	write_forwarded(out, head, peer, is_trusted);
	head_fields_write_via(out, message);
	if (head->tls)
		client_certificate_write(out, head->tls);
}

bool request_head_is_trusted(const struct request_head *head)
{
	return addr_network_has(
		head->conf->trusted_proxies, head->conf->trusted_proxy_count, head->peer);
}

bool request_head_is_claim(struct str name)
{
	static const char *texts[] = {"X-Real-IP"}; // in any spelling with "_"
	static const struct conf_names others = {texts, 1};
	struct str prefix = STR("X-Forwarded-");
	struct str start = {
		name.data, name.length < prefix.length ? name.length : prefix.length};
	return str_equal_nocase(start, prefix) || head_fields_is_named(&others, name);
}

static bool is_ours(enum http_field_id id)
{
	switch ((int)id) {
	case HTTP_FIELD_HOST:
	case HTTP_FIELD_CONTENT_LENGTH:
	case HTTP_FIELD_EXPECT: // answered by us, once the backend takes the body
	case HTTP_FIELD_FORWARDED:
	case HTTP_FIELD_VIA:
	case HTTP_FIELD_X_FORWARDED_FOR:
	case HTTP_FIELD_X_FORWARDED_HOST:
	case HTTP_FIELD_X_FORWARDED_PROTO:
	case HTTP_FIELD_SEC_WEBSOCKET_EXTENSIONS: // filtered, on an upgrade
		return true;
	default:
		return false;
	}
}

// Those of a trusted proxy, which has ended the client's TLS itself, pass; but not with
// "_", and not if we ask for certificates ourselves.
static bool is_false_certificate(const struct request_head *head, struct str name)
{
	if (!client_certificate_is_field(name))
		return false;
	bool asks = head->tls && tls_server_asks_client(head->tls);
	return asks || memchr(name.data, '_', name.length) ||
	       !request_head_is_trusted(head);
}

bool request_head_is_rewritten(
	const struct request_head *head, const struct http_field *field)
{
	return is_ours(field->id) || is_false_certificate(head, field->name);
}

static void write_framing(struct buf *out, const struct http_message *message)
{
	if (message->body_kind == HTTP_BODY_CHUNKED)
		http_write_field(out, STR("Transfer-Encoding"), STR("chunked"));
	else if (message->has_content_length && !message->is_websocket_upgrade)
		http_write_field_u64(out, STR("Content-Length"), message->content_length);
}

// Only permessage-deflate may be offered: other extensions would change what frames mean.
static void write_upgrade(struct buf *out, const struct http_message *message)
{
	http_write_field(out, STR("Connection"), STR("Upgrade"));
	http_write_field(out, STR("Upgrade"), STR("websocket"));
	struct buf offered = BUF_INIT;
	for (size_t i = 0; i < message->field_count; i++) {
		if (message->fields[i].id == HTTP_FIELD_SEC_WEBSOCKET_EXTENSIONS)
			ws_handshake_filter_extensions(
				message->fields[i].value, &offered);
	}
	if (offered.length > 0)
		http_write_field(out, STR("Sec-WebSocket-Extensions"), buf_str(&offered));
	out->is_failed |= offered.is_failed;
	buf_finish(&offered);
}

// What is offered, without the token that a route takes from there.
static void write_subprotocols(
	struct buf *out, const struct http_message *message, const char *name)
{
	struct ws_subprotocol_token token;
	struct buf rest = BUF_INIT;
	ws_subprotocol_split(message, str_from(name), &rest, &token);
	if (rest.length > 0)
		http_write_field(out, STR("Sec-WebSocket-Protocol"), buf_str(&rest));
	out->is_failed |= rest.is_failed;
	buf_finish(&rest);
}

static bool is_coding(struct str name)
{
	return str_equal_nocase(name, STR("Accept-Encoding"));
}

void request_head_write_fields(struct buf *out, const struct request_head *head)
{
	const struct http_message *message = head->message;
	const struct conf_headers *headers = &head->choice->route->request_headers;
	const struct conf_names *added = &head->choice->route->added_fields;
	bool is_trusted = request_head_is_trusted(head);
	const char *token_name = head->choice->route->jwt.subprotocol;
	for (size_t i = 0; i < message->field_count; i++) {
		const struct http_field *field = &message->fields[i];
		if (field->is_dropped || request_head_is_rewritten(head, field) ||
			head_fields_is_removed(headers, field->name) ||
			head_fields_is_named(added, field->name) ||
			(!is_trusted && request_head_is_claim(field->name)) ||
			(token_name && field->id == HTTP_FIELD_SEC_WEBSOCKET_PROTOCOL) ||
			(head->wants_plain && is_coding(field->name)))
			continue;
		http_write_field(out, field->name, field->value);
	}
	if (head->wants_plain)
		http_write_field(out, STR("Accept-Encoding"), STR("identity"));
	if (token_name && message->is_websocket_upgrade)
		write_subprotocols(out, message, token_name);
	head_fields_write_set(out, headers);
	request_head_write_identity(out, head);
	write_framing(out, message);
	if (message->is_websocket_upgrade)
		write_upgrade(out, message);
}
