// SPDX-License-Identifier: MIT
// Finds tokens in requests; see the header.
#include "wherry/proxy/token_place.h"

#include "wherry/proto/ws_subprotocol.h"

// "Bearer" SP TOKEN (RFC 6750 section 2.1). Another scheme is somebody else's.
static size_t find_bearer(const struct http_message *message, struct str *ret_token)
{
	const struct http_field *field =
		http_message_find(message, HTTP_FIELD_AUTHORIZATION);
	struct str scheme = STR("Bearer ");
	if (!field || field->value.length < scheme.length)
		return 0;
	struct str start = {field->value.data, scheme.length};
	if (!str_equal_nocase(start, scheme))
		return 0;
	*ret_token = str_trim((struct str){
		field->value.data + scheme.length, field->value.length - scheme.length});
	return 1;
}

// Cuts "name=value" off a list; a part without "=" is all name.
static bool cut_pair(
	struct str *list, char separator, struct str *ret_name, struct str *ret_value)
{
	if (list->length == 0)
		return false;
	*ret_value = str_cut_until(list, separator);
	*ret_name = str_cut_until(ret_value, '=');
	return true;
}

// RFC 6265 section 4.1.1 lets a value stand in quotes.
static struct str unquote(struct str value)
{
	if (value.length >= 2 && value.data[0] == '"' &&
		value.data[value.length - 1] == '"')
		return (struct str){value.data + 1, value.length - 2};
	return value;
}

static size_t find_cookie(
	const struct http_message *message, struct str wanted, struct str *ret_token)
{
	size_t count = 0;
	for (size_t i = 0; i < message->field_count; i++) {
		struct str list = message->fields[i].value;
		struct str name;
		struct str value;
		if (message->fields[i].id != HTTP_FIELD_COOKIE)
			continue;
		while (cut_pair(&list, ';', &name, &value)) {
			if (!str_equal(str_trim(name), wanted))
				continue;
			*ret_token = unquote(str_trim(value));
			count++;
		}
	}
	return count;
}

// Compared as it stands: a token needs no escapes, and neither do the names that may be
// configured.
static size_t find_parameter(
	const struct http_message *message, struct str wanted, struct str *ret_token)
{
	size_t count = 0;
	struct str list = message->query;
	struct str name;
	struct str value;
	if (list.length == 0)
		return 0;
	list.data++; // its "?"
	list.length--;
	while (cut_pair(&list, '&', &name, &value)) {
		if (!str_equal(name, wanted))
			continue;
		*ret_token = value;
		count++;
	}
	return count;
}

size_t token_place_find(const struct conf_token_place *place,
	const struct http_message *message, struct str *ret_token)
{
	struct ws_subprotocol_token found;
	switch (place->kind) {
	case CONF_TOKEN_AUTHORIZATION:
		return find_bearer(message, ret_token);
	case CONF_TOKEN_COOKIE:
		return find_cookie(message, str_from(place->name), ret_token);
	case CONF_TOKEN_QUERY:
		return find_parameter(message, str_from(place->name), ret_token);
	case CONF_TOKEN_SUBPROTOCOL:
		break;
	}
	ws_subprotocol_split(message, str_from(place->name), NULL, &found);
	*ret_token = found.token;
	return found.count;
}
