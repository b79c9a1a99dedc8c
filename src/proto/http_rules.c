// SPDX-License-Identifier: MIT
// Decides framing and hop-by-hop matters from all fields of a head. Where parsers are
// known to differ the message is refused (RFC 9112 section 6.3, and stricter).
#include "http_rules_priv.h"

#include "http_hop_priv.h"
#include "http_scan_priv.h"
#include "http_syntax_priv.h"
#include "wherry/base/url.h"

#define BIT(id) (UINT64_C(1) << (id))

enum {
	OPTION_LIMIT = 32 // of Connection; each is compared with each field
};

static const uint64_t SINGLE_IN_REQUEST =
	BIT(HTTP_FIELD_HOST) | BIT(HTTP_FIELD_CONTENT_LENGTH) |
	BIT(HTTP_FIELD_TRANSFER_ENCODING) | BIT(HTTP_FIELD_CONTENT_TYPE) |
	BIT(HTTP_FIELD_AUTHORIZATION) | BIT(HTTP_FIELD_SEC_WEBSOCKET_KEY) |
	BIT(HTTP_FIELD_SEC_WEBSOCKET_VERSION) | BIT(HTTP_FIELD_ORIGIN) |
	BIT(HTTP_FIELD_X_REQUEST_ID);
static const uint64_t SINGLE_IN_RESPONSE =
	BIT(HTTP_FIELD_CONTENT_LENGTH) | BIT(HTTP_FIELD_TRANSFER_ENCODING) |
	BIT(HTTP_FIELD_SEC_WEBSOCKET_ACCEPT) | BIT(HTTP_FIELD_SEC_WEBSOCKET_PROTOCOL);

// What was read so far, over all fields.
struct facts {
	uint64_t ids; // those that stood there
	unsigned option_count;
	bool says_close;
	bool says_keep_alive;
	bool says_upgrade; // Connection: upgrade
	bool is_websocket; // the one Upgrade is "websocket"
};

static bool has(const struct facts *facts, enum http_field_id id)
{
	return facts->ids & BIT(id);
}

static bool read_content_length(
	struct http_scan *scan, struct str value, struct http_message *message)
{
	if (!str_parse_u64(value, INT64_MAX, &message->content_length))
		return http_scan_refuse(
			scan, 400, "bad Content-Length; expected digits, below 2^63");
	message->has_content_length = true;
	return true;
}

static bool check_transfer_encoding(struct http_scan *scan, struct str value)
{
	if (str_equal_nocase(value, STR("chunked")))
		return true;
	// RFC 9112 section 6.1: 501 for a coding nobody here knows. "identity" was one
	// once, and means trouble now (section 7).
	bool is_coding = value.length > 0 &&
			 http_syntax_span(value, HTTP_SYNTAX_TOKEN) == value.length &&
			 !str_equal_nocase(value, STR("identity"));
	return http_scan_refuse(scan, is_coding ? 501 : 400,
		"bad Transfer-Encoding; expected \"chunked\" alone");
}

static bool read_connection(struct http_scan *scan, struct str list,
	struct http_message *message, struct facts *facts)
{
	struct str option;

	while (str_next_item(&list, &option)) {
		if (++facts->option_count > OPTION_LIMIT)
			return http_scan_refuse(
				scan, 400, "more than 32 options in Connection");
		if (str_equal_nocase(option, STR("close")))
			facts->says_close = true;
		else if (str_equal_nocase(option, STR("keep-alive")))
			facts->says_keep_alive = true;
		else if (str_equal_nocase(option, STR("upgrade")))
			facts->says_upgrade = true;
		else if (!http_hop_nominate(scan, option, message))
			return false;
	}
	return true;
}

static bool read_field(struct http_scan *scan, const struct http_field *field,
	struct http_message *message, struct facts *facts)
{
	uint64_t single =
		scan->kind == HTTP_REQUEST ? SINGLE_IN_REQUEST : SINGLE_IN_RESPONSE;
	bool is_repeated = has(facts, field->id);

	if (is_repeated && (single & BIT(field->id)))
		return http_scan_refuse(
			scan, 400, "a field that may stand once is there twice");
	facts->ids |= BIT(field->id);
	if (field->id == HTTP_FIELD_CONTENT_LENGTH)
		return read_content_length(scan, field->value, message);
	if (field->id == HTTP_FIELD_TRANSFER_ENCODING)
		return check_transfer_encoding(scan, field->value);
	if (field->id == HTTP_FIELD_CONNECTION)
		return read_connection(scan, field->value, message, facts);
	if (field->id == HTTP_FIELD_UPGRADE)
		facts->is_websocket =
			!is_repeated && str_equal_nocase(field->value, STR("websocket"));
	return true;
}

static void set_keep_alive(struct http_message *message, const struct facts *facts)
{
	message->is_keep_alive = !facts->says_close &&
				 (message->minor_version == 1 || facts->says_keep_alive);
}

// RFC 9112 section 3.2.
static bool check_host(
	struct http_scan *scan, struct http_message *message, const struct facts *facts)
{
	uint16_t port;

	if (has(facts, HTTP_FIELD_HOST)) {
		struct str value = http_message_find(message, HTTP_FIELD_HOST)->value;
		if (message->host.length > 0 && !str_equal_nocase(message->host, value))
			return http_scan_refuse(
				scan, 400, "target and Host name different authorities");
		message->host = value;
	} else if (message->minor_version == 1) {
		return http_scan_refuse(scan, 400, "no Host");
	} else if (message->host.length == 0) {
		return true;
	}
	if (!url_split_authority(message->host, &message->host_name, &port))
		return http_scan_refuse(
			scan, 400, "bad Host; expected host or host:port");
	return true;
}

static bool check_expect(
	struct http_scan *scan, struct http_message *message, const struct facts *facts)
{
	// RFC 9110 section 10.1.1: ignored in HTTP/1.0.
	if (!has(facts, HTTP_FIELD_EXPECT) || message->minor_version == 0)
		return true;
	for (size_t i = 0; i < message->field_count; i++) {
		const struct http_field *field = &message->fields[i];
		if (field->id == HTTP_FIELD_EXPECT &&
			!str_equal_nocase(field->value, STR("100-continue")))
			return http_scan_refuse(
				scan, 417, "Expect other than 100-continue");
	}
	message->expects_continue = message->body_kind != HTTP_BODY_NONE;
	return true;
}

static bool apply_to_request(
	struct http_scan *scan, struct http_message *message, const struct facts *facts)
{
	bool is_chunked = has(facts, HTTP_FIELD_TRANSFER_ENCODING);

	if (is_chunked && message->minor_version == 0)
		return http_scan_refuse(scan, 400, "Transfer-Encoding in HTTP/1.0");
	if (is_chunked)
		message->body_kind = HTTP_BODY_CHUNKED;
	else if (message->content_length > 0)
		message->body_kind = HTTP_BODY_LENGTH;
	set_keep_alive(message, facts);
	// RFC 9110 section 7.8: ignored in HTTP/1.0.
	message->is_websocket_upgrade =
		message->minor_version == 1 && facts->says_upgrade && facts->is_websocket;
	if (message->is_websocket_upgrade) {
		if (message->body_kind != HTTP_BODY_NONE)
			return http_scan_refuse(
				scan, 400, "WebSocket upgrade with a body");
		message->has_content_length = false;
	}
	return check_host(scan, message, facts) && check_expect(scan, message, facts);
}

static bool apply_to_response(
	struct http_scan *scan, struct http_message *message, const struct facts *facts)
{
	unsigned status = message->status;
	bool is_chunked = has(facts, HTTP_FIELD_TRANSFER_ENCODING);
	bool is_framed = is_chunked || message->has_content_length;

	set_keep_alive(message, facts);
	if (is_chunked && message->minor_version == 0)
		message->is_keep_alive = false;
	message->is_websocket_upgrade = status == 101 && message->minor_version == 1 &&
					facts->says_upgrade && facts->is_websocket;
	// The only protocol that is ever asked for.
	if (status == 101 && (is_framed || !message->is_websocket_upgrade))
		return http_scan_refuse(scan, 502, "101 that does not open a WebSocket");
	if (status < 200 || status == 204) {
		// RFC 9110 section 8.6: no such field here. Who sends it may send a body
		// too.
		if (is_framed)
			message->is_keep_alive = false;
		message->has_content_length = false;
	} else if (status == 304) {
		return true;
	} else if (is_chunked) {
		message->body_kind = HTTP_BODY_CHUNKED;
	} else if (!message->has_content_length) {
		message->body_kind = HTTP_BODY_UNTIL_CLOSE;
		message->is_keep_alive = false;
	} else if (message->content_length > 0) {
		message->body_kind = HTTP_BODY_LENGTH;
	}
	return true;
}

bool http_rules_apply(struct http_scan *scan, struct http_message *message)
{
	struct facts facts = {0};

	for (size_t i = 0; i < message->field_count; i++) {
		const struct http_field *field = &message->fields[i];
		if (field->id != HTTP_FIELD_OTHER &&
			!read_field(scan, field, message, &facts))
			return false;
	}
	// RFC 9112 section 6.1: of all smuggling the first.
	if (has(&facts, HTTP_FIELD_CONTENT_LENGTH) &&
		has(&facts, HTTP_FIELD_TRANSFER_ENCODING))
		return http_scan_refuse(
			scan, 400, "Content-Length beside Transfer-Encoding");
	if (message->kind == HTTP_REQUEST)
		return apply_to_request(scan, message, &facts);
	return apply_to_response(scan, message, &facts);
}
