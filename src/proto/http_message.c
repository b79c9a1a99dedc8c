// SPDX-License-Identifier: MIT
// Known field names, and look-ups in a parsed head.
#include "wherry/proto/http_message.h"

#include <string.h>

struct known_name {
	struct str name;
	enum http_field_id id;
};

enum {
	LONGEST_NAME = 24
};

// By length; FIRST_OF_LENGTH points into it.
static const struct known_name KNOWN_NAMES[] = {
	{STR("te"), HTTP_FIELD_TE},
	{STR("via"), HTTP_FIELD_VIA},
	{STR("host"), HTTP_FIELD_HOST},
	{STR("proxy"), HTTP_FIELD_PROXY},
	{STR("accept"), HTTP_FIELD_ACCEPT},
	{STR("cookie"), HTTP_FIELD_COOKIE},
	{STR("expect"), HTTP_FIELD_EXPECT},
	{STR("origin"), HTTP_FIELD_ORIGIN},
	{STR("referer"), HTTP_FIELD_REFERER},
	{STR("trailer"), HTTP_FIELD_TRAILER},
	{STR("upgrade"), HTTP_FIELD_UPGRADE},
	{STR("location"), HTTP_FIELD_LOCATION},
	{STR("forwarded"), HTTP_FIELD_FORWARDED},
	{STR("connection"), HTTP_FIELD_CONNECTION},
	{STR("keep-alive"), HTTP_FIELD_KEEP_ALIVE},
	{STR("set-cookie"), HTTP_FIELD_SET_COOKIE},
	{STR("user-agent"), HTTP_FIELD_USER_AGENT},
	{STR("content-type"), HTTP_FIELD_CONTENT_TYPE},
	{STR("x-request-id"), HTTP_FIELD_X_REQUEST_ID},
	{STR("authorization"), HTTP_FIELD_AUTHORIZATION},
	{STR("content-length"), HTTP_FIELD_CONTENT_LENGTH},
	{STR("http2-settings"), HTTP_FIELD_HTTP2_SETTINGS},
	{STR("x-forwarded-for"), HTTP_FIELD_X_FORWARDED_FOR},
	{STR("x-forwarded-host"), HTTP_FIELD_X_FORWARDED_HOST},
	{STR("sec-websocket-key"), HTTP_FIELD_SEC_WEBSOCKET_KEY},
	{STR("transfer-encoding"), HTTP_FIELD_TRANSFER_ENCODING},
	{STR("x-forwarded-proto"), HTTP_FIELD_X_FORWARDED_PROTO},
	{STR("proxy-authenticate"), HTTP_FIELD_PROXY_AUTHENTICATE},
	{STR("proxy-authorization"), HTTP_FIELD_PROXY_AUTHORIZATION},
	{STR("sec-websocket-accept"), HTTP_FIELD_SEC_WEBSOCKET_ACCEPT},
	{STR("sec-websocket-version"), HTTP_FIELD_SEC_WEBSOCKET_VERSION},
	{STR("sec-websocket-protocol"), HTTP_FIELD_SEC_WEBSOCKET_PROTOCOL},
	{STR("sec-websocket-extensions"), HTTP_FIELD_SEC_WEBSOCKET_EXTENSIONS},
};

// The first known name of each length, and behind the longest the end.
static const uint8_t FIRST_OF_LENGTH[LONGEST_NAME + 2] = {
	[0] = 0,
	[1] = 0,
	[2] = 0,
	[3] = 1,
	[4] = 2,
	[5] = 3,
	[6] = 4,
	[7] = 8,
	[8] = 11,
	[9] = 12,
	[10] = 13,
	[11] = 17,
	[12] = 17,
	[13] = 19,
	[14] = 20,
	[15] = 22,
	[16] = 23,
	[17] = 24,
	[18] = 27,
	[19] = 28,
	[20] = 29,
	[21] = 30,
	[22] = 31,
	[23] = 32,
	[24] = 32,
	[25] = 33,
};

_Static_assert(sizeof(KNOWN_NAMES) / sizeof(KNOWN_NAMES[0]) == 33, "see FIRST_OF_LENGTH");

static enum http_field_id unknown_id(struct str name)
{
	const struct str proxy = STR("proxy-");

	if (name.length > proxy.length && (name.data[0] | 0x20) == 'p' &&
		str_has_prefix_nocase(name, proxy))
		return HTTP_FIELD_PROXY;
	return HTTP_FIELD_OTHER;
}

static uint64_t load_folded(const char *data)
{
	uint64_t word;

	memcpy(&word, data, sizeof(word));
	return word | UINT64_MAX / 255 * 0x20;
}

// Is the name, as long as the known one, equal to it in any case? Setting bit 5 makes
// capitals small, leaves every byte of the known names as it is, and maps no other token
// character on one of them.
static bool equals_folded(const char *known, const char *name, size_t length)
{
	if (length < sizeof(uint64_t)) {
		for (size_t i = 0; i < length; i++) {
			if ((name[i] | 0x20) != known[i])
				return false;
		}
		return true;
	}
	size_t last = length - sizeof(uint64_t);
	for (size_t i = 0; i < last; i += sizeof(uint64_t)) {
		if (load_folded(name + i) != load_folded(known + i))
			return false;
	}
	return load_folded(name + last) == load_folded(known + last);
}

enum http_field_id http_message_field_id(struct str name)
{
	if (name.length == 0 || name.length > LONGEST_NAME)
		return unknown_id(name);

	char first = (char)(name.data[0] | 0x20);
	size_t end = FIRST_OF_LENGTH[name.length + 1];
	for (size_t i = FIRST_OF_LENGTH[name.length]; i < end; i++) {
		const struct known_name *known = &KNOWN_NAMES[i];
		if (known->name.data[0] == first &&
			equals_folded(known->name.data, name.data, name.length))
			return known->id;
	}
	return unknown_id(name);
}

const struct http_field *http_message_find(
	const struct http_message *message, enum http_field_id id)
{
	for (size_t i = 0; i < message->field_count; i++) {
		if (message->fields[i].id == id)
			return &message->fields[i];
	}
	return NULL;
}

const struct http_field *http_message_find_name(
	const struct http_message *message, struct str name)
{
	for (size_t i = 0; i < message->field_count; i++) {
		if (str_equal_nocase(message->fields[i].name, name))
			return &message->fields[i];
	}
	return NULL;
}

bool http_message_has_token(
	const struct http_message *message, enum http_field_id id, struct str token)
{
	for (size_t i = 0; i < message->field_count; i++) {
		struct str list = message->fields[i].value;
		struct str item;

		if (message->fields[i].id != id)
			continue;
		while (str_next_item(&list, &item)) {
			if (str_equal_nocase(item, token))
				return true;
		}
	}
	return false;
}

bool http_message_accepts(const struct http_message *message, struct str type)
{
	for (size_t i = 0; i < message->field_count; i++) {
		struct str list = message->fields[i].value, item;
		if (message->fields[i].id != HTTP_FIELD_ACCEPT)
			continue;
		while (str_next_item(&list, &item)) {
			const char *end = memchr(item.data, ';', item.length);
			if (end)
				item.length = (size_t)(end - item.data);
			if (str_equal_nocase(str_trim(item), type))
				return true;
		}
	}
	return false;
}

bool http_message_is_method(const struct http_message *message, const char *method)
{
	return str_equal(message->method, str_from(method));
}

bool http_message_is_idempotent(const struct http_message *message)
{
	static const char *const methods[] = {
		"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"};

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (http_message_is_method(message, methods[i]))
			return true;
	}
	return false;
}
