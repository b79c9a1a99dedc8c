// SPDX-License-Identifier: MIT
// Runs llhttp once over a head and stops it before the body.
#include "wherry/proto/http_parse.h"

// llhttp.h has enumerators of the same names as http_message.h.
#define HTTP_REQUEST LLHTTP_REQUEST
#define HTTP_RESPONSE LLHTTP_RESPONSE
#include <llhttp.h>
#undef HTTP_REQUEST
#undef HTTP_RESPONSE

// What callbacks saw; the rest is in the parser itself.
struct reading {
	struct str target;
	size_t field_count;
	bool is_complete;
};

static int on_target(llhttp_t *parser, const char *at, size_t length)
{
	struct reading *reading = parser->data;

	if (reading->target.length == 0)
		reading->target.data = at;
	reading->target.length += length;
	return 0;
}

static int on_field(llhttp_t *parser)
{
	struct reading *reading = parser->data;

	reading->field_count++;
	return 0;
}

static int on_head(llhttp_t *parser)
{
	struct reading *reading = parser->data;

	reading->is_complete = true;
	return HPE_PAUSED;
}

static const llhttp_settings_t SETTINGS = {
	.on_url = on_target,
	.on_header_value_complete = on_field,
	.on_headers_complete = on_head,
};

static const struct str METHODS[] = {
#define X(number, name, string) [number] = STR(#string),
	HTTP_METHOD_MAP(X)
#undef X
};

enum {
	METHOD_COUNT = sizeof(METHODS) / sizeof(METHODS[0])
};

bool http_parse_knows_method(struct str method)
{
	for (size_t i = 0; i < METHOD_COUNT; i++) {
		if (str_equal(METHODS[i], method))
			return true;
	}
	return false;
}

static bool agrees_on_start_line(const llhttp_t *parser, const struct reading *reading,
	const struct http_message *message)
{
	if (parser->http_major != 1 || parser->http_minor != message->minor_version)
		return false;
	if (message->kind == HTTP_RESPONSE)
		return parser->status_code == message->status;
	// Both targets are slices of the same bytes.
	return parser->method < METHOD_COUNT &&
	       str_equal(METHODS[parser->method], message->method) &&
	       reading->target.data == message->target.data &&
	       reading->target.length == message->target.length;
}

// By the fields, since message->body_kind also knows of statuses without a body.
static bool agrees_on_framing(const llhttp_t *parser, const struct http_message *message)
{
	bool has_length = http_message_find(message, HTTP_FIELD_CONTENT_LENGTH);
	bool is_chunked = http_message_find(message, HTTP_FIELD_TRANSFER_ENCODING);

	return has_length == ((parser->flags & F_CONTENT_LENGTH) != 0) &&
	       is_chunked == ((parser->flags & F_CHUNKED) != 0) &&
	       parser->content_length == message->content_length;
}

bool http_parse_agrees(struct str head, const struct http_message *message)
{
	struct reading reading = {{NULL, 0}, 0, false};
	llhttp_t parser;

	llhttp_init(&parser,
		message->kind == HTTP_REQUEST ? LLHTTP_REQUEST : LLHTTP_RESPONSE,
		&SETTINGS);
	parser.data = &reading;
	llhttp_errno_t result = llhttp_execute(&parser, head.data, head.length);
	return result == HPE_PAUSED && reading.is_complete &&
	       llhttp_get_error_pos(&parser) == head.data + head.length &&
	       reading.field_count == message->field_count &&
	       agrees_on_start_line(&parser, &reading, message) &&
	       agrees_on_framing(&parser, message);
}
