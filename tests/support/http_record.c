// SPDX-License-Identifier: MIT
// One run is a loop of arrivals, each followed by pulls until the reader wants more.
#include "http_record.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

enum {
	LONG_INPUT = 700,
	LONG_STEP = 211, // between the cuts of a long input
};

static const char *const BODY_NAMES[] = {"none", "length", "chunked", "until_close"};

static void append(char *text, size_t size, const char *format, ...) PRINTF_LIKE(3, 4);

static void append(char *text, size_t size, const char *format, ...)
{
	size_t length = strlen(text);
	va_list arguments;

	va_start(arguments, format);
	int added = vsnprintf(text + length, size - length, format, arguments);
	va_end(arguments);
	cr_assert_geq(added, 0);
}

static void record_head(struct http_record *record, const struct http_message *message)
{
	char *facts = record->facts;
	size_t size = sizeof(record->facts);

	facts[0] = '\0';
	if (message->kind == HTTP_REQUEST) {
		append(record->text, sizeof(record->text), "(%.*s %.*s)",
			STR_ARG(message->method), STR_ARG(message->target));
		append(facts, size, "%.*s %.*s%.*s host=%.*s", STR_ARG(message->method),
			STR_ARG(message->path), STR_ARG(message->query),
			STR_ARG(message->host));
	} else {
		append(record->text, sizeof(record->text), "(%u)", message->status);
		append(facts, size, "%u %.*s", message->status, STR_ARG(message->reason));
	}
	append(facts, size, " %s", BODY_NAMES[message->body_kind]);
	if (message->has_content_length)
		append(facts, size, " %llu", (unsigned long long)message->content_length);
	append(facts, size, " %s%s%s", message->is_keep_alive ? "keep" : "close",
		message->is_websocket_upgrade ? " websocket" : "",
		message->expects_continue ? " continue" : "");
	for (size_t i = 0; i < message->field_count; i++) {
		const struct http_field *field = &message->fields[i];
		append(facts, size, " | %s%.*s: %.*s", field->is_dropped ? "~" : "",
			STR_ARG(field->name), STR_ARG(field->value));
	}
	record->is_websocket_upgrade = message->is_websocket_upgrade;
	record->is_keep_alive = message->is_keep_alive;
}

// Pulls until MORE or the end of all reading; false for the latter.
static bool pull(struct http_record *record, struct http_reader *reader,
	const uint8_t *data, size_t length)
{
	struct http_message message;
	size_t used = 0;
	size_t taken;

	// What the reader leaves unset must not matter.
	memset(&message, 0xa5, sizeof(message));
	for (;;) {
		enum http_reader_item item = http_reader_next(
			reader, data + used, length - used, &message, &taken);
		used += taken;
		record->taken += taken;
		switch (item) {
		case HTTP_READER_MORE:
			return true;
		case HTTP_READER_HEAD:
			record_head(record, &message);
			if (message.is_websocket_upgrade)
				return false;
			break;
		case HTTP_READER_BODY:
			append(record->text, sizeof(record->text), "%.*s",
				STR_ARG(reader->body));
			break;
		case HTTP_READER_END:
			append(record->text, sizeof(record->text), ";");
			break;
		case HTTP_READER_BAD:
			record->status = reader->scan.status;
			record->error = reader->scan.error;
			record->is_disagreement = reader->is_disagreement;
			append(record->text, sizeof(record->text), "!%u", record->status);
			return false;
		}
	}
}

struct http_record http_record_run(
	enum http_message_kind kind, struct str bytes, size_t first, size_t step)
{
	struct http_record record = {0};
	struct http_reader reader;
	size_t arrived = 0;
	size_t next = first;
	bool is_reading = true;

	http_reader_init(&reader, kind, HTTP_SCAN_LIMITS_DEFAULT);
	while (is_reading && arrived < bytes.length) {
		arrived += next && next < bytes.length - arrived ? next
								 : bytes.length - arrived;
		next = step;
		// A block of its own, so that a sanitizer sees a byte read too far.
		size_t length = arrived - record.taken;
		uint8_t *piece = malloc(length + !length);
		cr_assert(piece);
		memcpy(piece, bytes.data + record.taken, length);
		is_reading = pull(&record, &reader, piece, length);
		free(piece);
	}
	if (is_reading && http_reader_is_complete_at_eof(&reader))
		append(record.text, sizeof(record.text), "$");
	return record;
}

static void compare(const struct http_record *record, const struct http_record *expected,
	const char *name, size_t first, size_t step)
{
	cr_expect_str_eq(record->text, expected->text, "%s, cut at %zu, step %zu", name,
		first, step);
	cr_expect_str_eq(record->facts, expected->facts, "%s, cut at %zu, step %zu", name,
		first, step);
	cr_expect_eq(record->taken, expected->taken, "%s, cut at %zu", name, first);
	cr_expect_eq(record->error, expected->error, "%s, cut at %zu: %s", name, first,
		record->error);
}

struct http_record http_record_run_all(
	enum http_message_kind kind, struct str bytes, const char *name)
{
	struct http_record whole =
		http_record_run(kind, bytes, HTTP_RECORD_WHOLE, HTTP_RECORD_WHOLE);
	size_t step = bytes.length > LONG_INPUT ? LONG_STEP : 1;

	struct http_record record = http_record_run(kind, bytes, 1, 1);
	compare(&record, &whole, name, 1, 1);
	for (size_t cut = 1; cut < bytes.length; cut += step) {
		record = http_record_run(kind, bytes, cut, HTTP_RECORD_WHOLE);
		compare(&record, &whole, name, cut, 0);
	}
	return whole;
}
