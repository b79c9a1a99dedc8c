// SPDX-License-Identifier: MIT
// Reads extension lists:
//
//   list      = element *( "," element ), elements may be empty
//   element   = token *( ";" parameter )
//   parameter = token [ "=" ( token / DQUOTE token DQUOTE ) ], spaces around all of them
#include "wherry/proto/ws_extension.h"

#include "http_syntax_priv.h"

enum {
	MIN_WINDOW_BITS = 8, // RFC 7692 section 7.1.2
	MAX_WINDOW_BITS = 15,
};

struct parameter {
	struct str name;
	struct str value;
	bool has_value;
};

static void skip_spaces(struct str *rest)
{
	while (rest->length > 0 && (rest->data[0] == ' ' || rest->data[0] == '\t'))
		str_cut(rest, 1);
}

static bool take_byte(struct str *rest, char byte)
{
	if (rest->length == 0 || rest->data[0] != byte)
		return false;
	str_cut(rest, 1);
	return true;
}

static bool take_token(struct str *rest, struct str *ret_token)
{
	size_t length = http_syntax_span(*rest, HTTP_SYNTAX_TOKEN);
	*ret_token = (struct str){rest->data, length};
	if (length > 0)
		str_cut(rest, length);
	return length > 0;
}

// With the spaces on both sides; rest stands behind the ";".
static bool take_parameter(struct str *rest, struct parameter *ret_parameter)
{
	*ret_parameter = (struct parameter){0};
	skip_spaces(rest);
	if (!take_token(rest, &ret_parameter->name))
		return false;
	skip_spaces(rest);
	if (!take_byte(rest, '='))
		return true;
	skip_spaces(rest);
	ret_parameter->has_value = true;
	bool is_quoted = take_byte(rest, '"');
	if (!take_token(rest, &ret_parameter->value))
		return false;
	if (is_quoted && !take_byte(rest, '"'))
		return false;
	skip_spaces(rest);
	return true;
}

enum ws_extension_result ws_extension_next(
	struct str *list, struct ws_extension *ret_extension)
{
	do
		skip_spaces(list);
	while (take_byte(list, ','));
	if (list->length == 0)
		return WS_EXTENSION_END;

	const char *start = list->data;
	if (!take_token(list, &ret_extension->name))
		return WS_EXTENSION_BAD;
	skip_spaces(list);
	const char *parameters = list->data;
	while (take_byte(list, ';')) {
		struct parameter parameter;
		if (!take_parameter(list, &parameter))
			return WS_EXTENSION_BAD;
	}
	ret_extension->parameters =
		(struct str){parameters, (size_t)(list->data - parameters)};
	ret_extension->text = str_trim((struct str){start, (size_t)(list->data - start)});
	if (list->length > 0 && !take_byte(list, ','))
		return WS_EXTENSION_BAD;
	return WS_EXTENSION_OK;
}

static bool is_window_bits(struct str value)
{
	uint64_t bits;
	return value.length > 0 && value.data[0] != '0' &&
	       str_parse_u64(value, MAX_WINDOW_BITS, &bits) && bits >= MIN_WINDOW_BITS;
}

// Which parameter of RFC 7692 this is, as one bit; 0 if none, or not with this value.
static unsigned parameter_bit(
	const struct parameter *parameter, enum ws_extension_direction direction)
{
	if (str_equal(parameter->name, STR("server_no_context_takeover")))
		return parameter->has_value ? 0 : 1 << 0;
	if (str_equal(parameter->name, STR("client_no_context_takeover")))
		return parameter->has_value ? 0 : 1 << 1;
	if (str_equal(parameter->name, STR("server_max_window_bits")))
		return is_window_bits(parameter->value) ? 1 << 2 : 0;
	if (!str_equal(parameter->name, STR("client_max_window_bits")))
		return 0;
	// Only a client may leave the value out (section 7.1.2.2).
	if (!parameter->has_value)
		return direction == WS_EXTENSION_OFFER ? 1 << 3 : 0;
	return is_window_bits(parameter->value) ? 1 << 3 : 0;
}

bool ws_extension_is_deflate(
	const struct ws_extension *extension, enum ws_extension_direction direction)
{
	if (!str_equal(extension->name, STR("permessage-deflate")))
		return false;
	unsigned seen = 0;
	struct str rest = extension->parameters;
	while (take_byte(&rest, ';')) {
		struct parameter parameter;
		if (!take_parameter(&rest, &parameter))
			return false;
		unsigned bit = parameter_bit(&parameter, direction);
		if (bit == 0 || seen & bit)
			return false;
		seen |= bit;
	}
	return true;
}
