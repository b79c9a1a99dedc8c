// SPDX-License-Identifier: MIT
// The names that stop here, as sets of field ids.
#include "http_hop_priv.h"

#include "http_scan_priv.h"

#define BIT(id) (UINT64_C(1) << (id))

enum {
	FOLDED_SIZE = 32 // longer than any known name
};

// Content-Length is written anew for each hop, too.
static const uint64_t DROPPED =
	BIT(HTTP_FIELD_CONNECTION) | BIT(HTTP_FIELD_CONTENT_LENGTH) |
	BIT(HTTP_FIELD_HTTP2_SETTINGS) | BIT(HTTP_FIELD_KEEP_ALIVE) |
	BIT(HTTP_FIELD_PROXY) | BIT(HTTP_FIELD_PROXY_AUTHENTICATE) |
	BIT(HTTP_FIELD_PROXY_AUTHORIZATION) | BIT(HTTP_FIELD_TE) |
	BIT(HTTP_FIELD_TRAILER) | BIT(HTTP_FIELD_TRANSFER_ENCODING) |
	BIT(HTTP_FIELD_UPGRADE);
// What a backend believes because Wherry vouches for it.
static const uint64_t VOUCHED =
	BIT(HTTP_FIELD_FORWARDED) | BIT(HTTP_FIELD_VIA) |
	BIT(HTTP_FIELD_X_FORWARDED_FOR) | BIT(HTTP_FIELD_X_FORWARDED_HOST) |
	BIT(HTTP_FIELD_X_FORWARDED_PROTO) | BIT(HTTP_FIELD_X_REQUEST_ID);
// Without them the next hop would read another message.
static const uint64_t UNREMOVABLE =
	BIT(HTTP_FIELD_HOST) | BIT(HTTP_FIELD_CONTENT_LENGTH) | BIT(HTTP_FIELD_COOKIE);

bool http_hop_is_dropped(enum http_field_id id)
{
	return DROPPED & BIT(id);
}

bool http_hop_check_folded(struct http_scan *scan, struct http_field *field)
{
	char text[FOLDED_SIZE];
	size_t length = 0;

	for (; length < field->name.length && length < FOLDED_SIZE; length++) {
		char c = field->name.data[length];
		text[length] = c == '_' ? '-' : c;
	}
	struct str folded = {text, length};
	enum http_field_id id = http_message_field_id(folded);
	if (id == HTTP_FIELD_CONTENT_LENGTH || id == HTTP_FIELD_TRANSFER_ENCODING)
		return http_scan_refuse(
			scan, 400, "framing field spelled with \"_\"; expected \"-\"");
	if (((DROPPED | VOUCHED) & BIT(id)) ||
		str_has_prefix_nocase(folded, STR("x-forwarded-")))
		field->is_dropped = true;
	return true;
}

bool http_hop_nominate(
	struct http_scan *scan, struct str name, struct http_message *message)
{
	enum http_field_id id = http_message_field_id(name);

	if ((UNREMOVABLE & BIT(id)) || str_has_prefix_nocase(name, STR("sec-websocket-")))
		return http_scan_refuse(
			scan, 400, "Connection names a field that is not hop-by-hop");
	if ((VOUCHED & BIT(id)) || id == HTTP_FIELD_AUTHORIZATION ||
		str_has_prefix_nocase(name, STR("x-forwarded-")))
		return true;
	for (size_t i = 0; i < message->field_count; i++) {
		if (str_equal_nocase(message->fields[i].name, name))
			message->fields[i].is_dropped = true;
	}
	return true;
}
