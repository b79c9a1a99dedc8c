// SPDX-License-Identifier: MIT
// Cuts a head into lines as they arrive, checks each as soon as it is whole, and fills
// the message on the way. A head that came in pieces is read once more when it is
// complete, since its bytes may have moved: each byte is looked at a fixed number of
// times.
#include "wherry/proto/http_scan.h"

#include <string.h>

#include "http_hop_priv.h"
#include "http_rules_priv.h"
#include "http_scan_priv.h"
#include "http_start_line_priv.h"
#include "http_syntax_priv.h"

enum {
	CRLF_LENGTH = 2,
	TLS_HANDSHAKE = 0x16 // first byte of a TLS client
};

void http_scan_init(struct http_scan *scan, enum http_message_kind kind,
	struct http_scan_limits limits)
{
	*scan = (struct http_scan){.limits = limits, .kind = kind};
}

bool http_scan_refuse(struct http_scan *scan, unsigned status, const char *error)
{
	scan->status = scan->kind == HTTP_REQUEST ? status : 502;
	scan->error = error;
	return false;
}

// Member by member: clearing the 4 KiB of fields would cost more than reading a head.
static void reset_message(struct http_message *message, enum http_message_kind kind)
{
	message->kind = kind;
	message->minor_version = 0;
	message->method = message->target = message->path = STR("");
	message->query = message->host = message->host_name = STR("");
	message->reason = STR("");
	message->status = 0;
	message->body_kind = HTTP_BODY_NONE;
	message->has_content_length = false;
	message->content_length = 0;
	message->is_keep_alive = false;
	message->is_websocket_upgrade = false;
	message->expects_continue = false;
	message->field_count = 0;
}

static bool refuse_line_length(struct http_scan *scan)
{
	if (!scan->has_start_line)
		return http_scan_refuse(scan, 414, "start line longer than the limit");
	return http_scan_refuse(scan, 431, "field line or head longer than the limit");
}

// The next whole line, without its CRLF.
static enum http_scan_result next_line(
	struct http_scan *scan, struct str head, struct str *ret_line)
{
	size_t bound = scan->line_start + scan->limits.line_bytes + CRLF_LENGTH;
	if (bound > scan->limits.head_bytes)
		bound = scan->limits.head_bytes;
	size_t end = head.length < bound ? head.length : bound;

	const char *newline = NULL;
	if (end > scan->searched)
		newline = memchr(head.data + scan->searched, '\n', end - scan->searched);
	if (!newline) {
		scan->searched = (uint32_t)end;
		if (end < bound)
			return HTTP_SCAN_MORE;
		(void)refuse_line_length(scan);
		return HTTP_SCAN_BAD;
	}

	const char *start = head.data + scan->line_start;
	if (newline == start || newline[-1] != '\r') {
		(void)http_scan_refuse(scan, 400, "bare LF; a line ends with CRLF");
		return HTTP_SCAN_BAD;
	}
	*ret_line = (struct str){start, (size_t)(newline - start) - 1};
	scan->line_start = (uint32_t)(newline + 1 - head.data);
	scan->searched = scan->line_start;
	return HTTP_SCAN_OK;
}

// The length of the name at the start of a field line, 0 if there is none; *ret_classes:
// every class that one of its bytes has.
static size_t name_length(struct str line, unsigned *ret_classes)
{
	const char *at = line.data;
	unsigned classes = 0;

	// The CR behind the line stops it at the latest.
	for (;; at++) {
		unsigned class = http_syntax_classes[(uint8_t)*at];
		if (!(class & HTTP_SYNTAX_TOKEN))
			break;
		classes |= class;
	}
	*ret_classes = classes;
	return (size_t)(at - line.data);
}

static bool refuse_name(struct http_scan *scan, struct str line)
{
	if (line.data[0] == ' ' || line.data[0] == '\t')
		return http_scan_refuse(
			scan, 400, "folded or indented field line; expected a name");
	return http_scan_refuse(
		scan, 400, "bad field name; expected token characters, then \":\"");
}

// llhttp refuses a tab behind these values, where RFC 9112 allows one. Nobody sends it.
static bool has_tab_behind(struct str value, struct str line)
{
	const char *end = value.data + value.length;

	return memchr(end, '\t', (size_t)(line.data + line.length - end));
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

// Nearly all values have one SP before and nothing behind them.
static struct str trim_value(struct str value)
{
	if (value.length > 1 && value.data[0] == ' ' && !is_blank(value.data[1]) &&
		!is_blank(value.data[value.length - 1]))
		return (struct str){value.data + 1, value.length - 1};
	return str_trim(value);
}

static bool read_field(
	struct http_scan *scan, struct str line, struct http_message *message)
{
	unsigned classes;
	size_t length = name_length(line, &classes);

	if (length == 0 || length == line.length || line.data[length] != ':')
		return refuse_name(scan, line);
	if (scan->field_lines == HTTP_MESSAGE_MAX_FIELDS)
		return http_scan_refuse(scan, 431, "more than 100 fields");

	struct http_field *field = &message->fields[scan->field_lines++];
	struct str value = {line.data + length + 1, line.length - length - 1};
	// The name passes too: whole lines are cheaper to look at than short values.
	if (!http_syntax_is_value(line))
		return http_scan_refuse(scan, 400, "control byte in a field value");
	field->name = (struct str){line.data, length};
	field->value = trim_value(value);
	field->id = http_message_field_id(field->name);
	field->is_dropped = http_hop_is_dropped(field->id);
	if ((field->id == HTTP_FIELD_CONTENT_LENGTH ||
		    field->id == HTTP_FIELD_TRANSFER_ENCODING) &&
		has_tab_behind(field->value, line))
		return http_scan_refuse(scan, 400, "tab behind a framing value");
	if (classes & HTTP_SYNTAX_UNDERSCORE)
		return http_hop_check_folded(scan, field);
	return true;
}

static bool read_start_line(
	struct http_scan *scan, struct str line, struct http_message *message)
{
	if (line.length == 0) {
		// RFC 9112 section 2.2: one empty line may stand before a message.
		if (scan->line_start == CRLF_LENGTH)
			return true;
		return http_scan_refuse(scan, 400,
			"empty lines before the start line, as of a PROXY header");
	}
	scan->has_start_line = true;
	if (scan->kind == HTTP_REQUEST)
		return http_start_line_read_request(scan, line, message);
	return http_start_line_read_response(scan, line, message);
}

static void rewind_to_start(struct http_scan *scan)
{
	scan->line_start = 0;
	scan->searched = 0;
	scan->field_lines = 0;
	scan->has_start_line = false;
}

enum http_scan_result http_scan_feed(struct http_scan *scan, struct str head,
	struct http_message *ret_message, size_t *ret_length)
{
	bool is_in_one_piece = scan->searched == 0;
	struct str line;

	if (is_in_one_piece)
		reset_message(ret_message, scan->kind);
	if (is_in_one_piece && head.length > 0 && head.data[0] == TLS_HANDSHAKE) {
		(void)http_scan_refuse(scan, 400, "TLS where plain HTTP was expected");
		return HTTP_SCAN_BAD; // now, for it may wait for us without a line's end
	}
	for (;;) {
		enum http_scan_result result = next_line(scan, head, &line);
		if (result != HTTP_SCAN_OK)
			return result;
		if (scan->has_start_line && line.length == 0)
			break;
		bool is_good = scan->has_start_line
				       ? read_field(scan, line, ret_message)
				       : read_start_line(scan, line, ret_message);
		if (!is_good)
			return HTTP_SCAN_BAD;
	}

	if (!is_in_one_piece) {
		rewind_to_start(scan);
		return http_scan_feed(scan, head, ret_message, ret_length);
	}
	ret_message->field_count = scan->field_lines;
	*ret_length = scan->line_start;
	return http_rules_apply(scan, ret_message) ? HTTP_SCAN_OK : HTTP_SCAN_BAD;
}
