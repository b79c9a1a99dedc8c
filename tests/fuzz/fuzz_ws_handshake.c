// SPDX-License-Identifier: MIT
// Both halves of the handshake over any fields, extension lists and origins.
// Input: "Name: value" lines. The values of Origin and Host are compared too.
#include <string.h>

#include "fuzz.h"

#include "wherry/base/buf.h"
#include "wherry/proto/ws_extension.h"
#include "wherry/proto/ws_handshake.h"

static struct str cut_line(struct str *rest)
{
	size_t length = 0;
	while (length < rest->length && rest->data[length] != '\n')
		length++;
	struct str line = {rest->data, length};
	length += length < rest->length;
	rest->data += length;
	rest->length -= length;
	return line;
}

static struct http_message read_message(struct str text, enum http_message_kind kind)
{
	struct http_message message = {
		.kind = kind, .minor_version = 1, .method = STR("GET"), .status = 101};
	while (text.length > 0 && message.field_count < HTTP_MESSAGE_MAX_FIELDS) {
		struct str line = cut_line(&text);
		size_t colon = 0;
		while (colon < line.length && line.data[colon] != ':')
			colon++;
		if (colon == line.length)
			continue;
		struct http_field *field = &message.fields[message.field_count++];
		field->name = (struct str){line.data, colon};
		field->value = str_trim(
			(struct str){line.data + colon + 1, line.length - colon - 1});
		field->id = http_message_field_id(field->name);
	}
	return message;
}

static struct str value_of(const struct http_message *message, enum http_field_id id)
{
	const struct http_field *field = http_message_find(message, id);
	return field ? field->value : STR("");
}

static size_t count_of(const struct http_message *message, enum http_field_id id)
{
	size_t count = 0;
	for (size_t i = 0; i < message->field_count; i++)
		count += message->fields[i].id == id;
	return count;
}

static void check_request(const struct http_message *request)
{
	const char *text = NULL;
	char accept[WS_HANDSHAKE_ACCEPT_LENGTH + 1];
	struct str key = value_of(request, HTTP_FIELD_SEC_WEBSOCKET_KEY);
	if (ws_handshake_check_request(request, &text) != WS_HANDSHAKE_OK) {
		FUZZ_REQUIRE(text);
		return;
	}
	FUZZ_REQUIRE(count_of(request, HTTP_FIELD_SEC_WEBSOCKET_KEY) == 1);
	FUZZ_REQUIRE(count_of(request, HTTP_FIELD_SEC_WEBSOCKET_VERSION) == 1);
	FUZZ_REQUIRE(key.length == WS_HANDSHAKE_KEY_LENGTH);
	FUZZ_REQUIRE(ws_handshake_accept(key, accept));
	FUZZ_REQUIRE(strlen(accept) == WS_HANDSHAKE_ACCEPT_LENGTH);
}

static void check_response(const struct http_message *response, bool offers_deflate)
{
	static const struct ws_handshake_offer OFFER = {
		"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", STR("chat, superchat"), false};
	struct ws_handshake_offer offer = OFFER;
	offer.offers_deflate = offers_deflate;
	bool uses_deflate = false;
	const char *text = NULL;
	if (!ws_handshake_check_response(response, &offer, &uses_deflate, &text)) {
		FUZZ_REQUIRE(text);
		return;
	}
	struct str subprotocol = value_of(response, HTTP_FIELD_SEC_WEBSOCKET_PROTOCOL);
	FUZZ_REQUIRE(offers_deflate || !uses_deflate);
	FUZZ_REQUIRE(str_equal(value_of(response, HTTP_FIELD_SEC_WEBSOCKET_ACCEPT),
		str_from(offer.accept)));
	FUZZ_REQUIRE(count_of(response, HTTP_FIELD_UPGRADE) == 1);
	FUZZ_REQUIRE(count_of(response, HTTP_FIELD_CONTENT_LENGTH) == 0);
	FUZZ_REQUIRE(!count_of(response, HTTP_FIELD_SEC_WEBSOCKET_PROTOCOL) ||
		     str_equal(subprotocol, STR("chat")) ||
		     str_equal(subprotocol, STR("superchat")));
}

// What was filtered is filtered: only deflate, and the same once more.
static void check_extensions(struct str offered)
{
	struct buf once = BUF_INIT;
	struct buf twice = BUF_INIT;
	ws_handshake_filter_extensions(offered, &once);
	ws_handshake_filter_extensions(buf_str(&once), &twice);
	FUZZ_REQUIRE(str_equal(buf_str(&once), buf_str(&twice)));
	struct str list = buf_str(&once);
	struct ws_extension extension;
	enum ws_extension_result result;
	while ((result = ws_extension_next(&list, &extension)) == WS_EXTENSION_OK)
		FUZZ_REQUIRE(ws_extension_is_deflate(&extension, WS_EXTENSION_OFFER));
	FUZZ_REQUIRE(result == WS_EXTENSION_END);
	buf_finish(&once);
	buf_finish(&twice);
}

// The two ways to ask about an origin agree.
static void check_origin(struct str origin, struct str host)
{
	char listed[1024];
	if (host.length > sizeof(listed) / 2 || memchr(host.data, '\0', host.length))
		return;
	for (size_t i = 0; i < 2; i++) {
		const char *scheme = i == 0 ? "http" : "https";
		const char *list[] = {listed};
		snprintf(listed, sizeof(listed), "%s://%.*s", scheme, STR_ARG(host));
		FUZZ_REQUIRE(ws_handshake_is_same_origin(origin, host, scheme) ==
			     ws_handshake_is_origin_listed(origin, list, 1));
	}
	FUZZ_REQUIRE(!ws_handshake_is_same_origin(STR("null"), host, "http"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	if (size == 0)
		return 0;
	struct http_message message = read_message(text, HTTP_REQUEST);
	check_request(&message);
	check_extensions(value_of(&message, HTTP_FIELD_SEC_WEBSOCKET_EXTENSIONS));
	check_origin(value_of(&message, HTTP_FIELD_ORIGIN),
		value_of(&message, HTTP_FIELD_HOST));
	message.kind = HTTP_RESPONSE;
	check_response(&message, true);
	check_response(&message, false);
	return 0;
}
