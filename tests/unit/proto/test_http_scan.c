// SPDX-License-Identifier: MIT
#include "wherry/proto/http_scan.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "http_record.h"

struct row {
	const char *name;
	struct str input;
	unsigned status; // 0: accepted
};

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define HEAD "GET / HTTP/1.1\r\nHost: a\r\n"

static const struct row ROWS[] = {
	// Lines end with CRLF (T04, RFC 9112 section 2.2).
	{"CRLF everywhere", STR(HEAD "X: y\r\n\r\n"), 0},
	{"LF after the request line", STR("GET / HTTP/1.1\nHost: a\r\n\r\n"), 400},
	{"LF after a field", STR(HEAD "X: y\n\r\n"), 400},
	{"LF at the end", STR(HEAD "\n"), 400},
	{"LF LF", STR("GET / HTTP/1.1\nHost: a\n\n"), 400},
	{"CR CR LF", STR(HEAD "X: y\r\r\n\r\n"), 400},
	{"CR in a value", STR(HEAD "X: y\rZ: a\r\n\r\n"), 400},
	{"CR for an empty value", STR(HEAD "X:\rTransfer-Encoding: chunked\r\n\r\n"),
		400},
	{"CR in a name", STR(HEAD "X\r: y\r\n\r\n"), 400},
	{"CR before the end", STR(HEAD "\rX: y\r\n\r\n"), 400},
	{"CR CR LF as the end", STR(HEAD "\r\r\n"), 400},
	{"NUL in a value", STR(HEAD "X: a\0b\r\n\r\n"), 400},
	{"NUL in a name", STR(HEAD "X\0: a\r\n\r\n"), 400},
	{"DEL in a value", STR(HEAD "X: a\x7f\r\n\r\n"), 400},
	{"ESC in a long value",
		STR(HEAD "X: 0123456789012345678901234567890\x1b\r\n\r\n"), 400},
	{"HTAB in a long value",
		STR(HEAD "X: 01234567\t0123456789012345678901\t2\r\n\r\n"), 0},
	{"obs-text in a value", STR(HEAD "X: \x80\xff\xc3\xa9 0123456789012345\r\n\r\n"),
		0},
	// A TLS client at a plain port may send no LF at all, and waits.
	{"TLS record", STR("\x16\x03\x01\x02\x00\x01"), 400},
	{"byte of a TLS record behind a line", STR("\r\n\x16" HEAD "\r\n"), 400},
	// Empty lines before a message.
	{"one CRLF before", STR("\r\n" HEAD "\r\n"), 0},
	{"two CRLF before", STR("\r\n\r\n" HEAD "\r\n"), 400},
	{"LF before", STR("\n" HEAD "\r\n"), 400},
	{"CR before", STR("\r" HEAD "\r\n"), 400},
	{"SP CRLF before", STR(" \r\n" HEAD "\r\n"), 400},
	// Folding (T05).
	{"folded with SP", STR(HEAD "X: a\r\n b\r\n\r\n"), 400},
	{"folded with HTAB", STR(HEAD "X: a\r\n\tb\r\n\r\n"), 400},
	{"folded with an empty line", STR(HEAD "X: a\r\n \r\n\r\n"), 400},
	{"folded value looks like a field", STR(HEAD "X: a\r\n Y: b\r\n\r\n"), 400},
	{"first field indented", STR("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), 400},
	{"first field indented by HTAB", STR("GET / HTTP/1.1\r\n\tHost: a\r\n\r\n"), 400},
	// Names (T06, RFC 9112 section 5.1).
	{"SP before the colon", STR(HEAD "X : y\r\n\r\n"), 400},
	{"HTAB before the colon", STR(HEAD "X\t: y\r\n\r\n"), 400},
	{"empty name", STR(HEAD ": y\r\n\r\n"), 400},
	{"only a colon", STR(HEAD ":\r\n\r\n"), 400},
	{"no colon", STR(HEAD "X\r\n\r\n"), 400},
	{"SP inside a name", STR(HEAD "X Y: z\r\n\r\n"), 400},
	{"quotes in a name", STR(HEAD "\"X\": z\r\n\r\n"), 400},
	{"slash in a name", STR(HEAD "X/Y: z\r\n\r\n"), 400},
	{"obs-text in a name", STR(HEAD "X\xe9: z\r\n\r\n"), 400},
	{"@ in a name", STR(HEAD "X@Y: z\r\n\r\n"), 400},
	{"[ in a name", STR(HEAD "X[0]: z\r\n\r\n"), 400},
	{"all marks of a token", STR(HEAD "!#$%&'*+-.^_`|~09azAZ: z\r\n\r\n"), 0},
	// Values.
	{"empty value", STR(HEAD "X:\r\n\r\n"), 0},
	{"blank value", STR(HEAD "X: \t \r\n\r\n"), 0},
	{"no SP before the value", STR(HEAD "X:y\r\n\r\n"), 0},
	{"colons in a value", STR(HEAD "X: :y:\r\n\r\n"), 0},
	{"OWS around a value", STR(HEAD "X:\t y z \t\r\n\r\n"), 0},
};

Test(http_scan, judges_lines_however_they_arrive)
{
	for (size_t i = 0; i < COUNT(ROWS); i++) {
		const struct row *row = &ROWS[i];
		struct http_record record =
			http_record_run_all(HTTP_REQUEST, row->input, row->name);
		cr_expect_eq(
			record.status, row->status, "%s: %s", row->name, record.text);
		cr_expect_not(record.is_disagreement, "%s", row->name);
		cr_expect_eq(record.status != 0, record.error != NULL, "%s", row->name);
		if (row->status == 0)
			cr_expect_str_eq(record.text, "(GET /);$", "%s", row->name);
	}
}

Test(http_scan, refuses_a_bad_line_before_the_head_is_complete)
{
	static const struct row rows[] = {
		{"LF", STR("GET / HTTP/1.1\n"), 400},
		{"HTTP/0.9", STR("GET /\r\n"), 400},
		{"HTTP/2", STR("PRI * HTTP/2.0\r\n"), 505},
		{"CONNECT", STR("CONNECT a:443 HTTP/1.1\r\n"), 405},
		{"no name", STR(HEAD ": x\r\n"), 400},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct http_record record =
			http_record_run_all(HTTP_REQUEST, rows[i].input, rows[i].name);
		cr_expect_eq(record.status, rows[i].status, "%s", rows[i].name);
	}
}

Test(http_scan, trims_values_and_keeps_names)
{
	struct http_record record = http_record_run_all(HTTP_REQUEST,
		STR("GET / HTTP/1.1\r\nHOST:\ta:8080 \r\nx: \t a b\t\r\nY:\r\n\r\n"),
		"trim");
	cr_expect_str_eq(record.facts,
		"GET / host=a:8080 none keep | HOST: a:8080 | x: a b | Y: ");
}

// Which bytes may stand where, of all 256. '@' stands for the byte in question.
static void expect_bytes(const char *head, enum http_message_kind kind,
	bool (*is_allowed)(unsigned char), const char *name)
{
	struct str input = {strdup(head), strlen(head)};
	char *at = strchr(input.data, '@');

	cr_assert(at);
	for (unsigned byte = 0; byte < 256; byte++) {
		*at = (char)byte;
		struct http_record record = http_record_run(
			kind, input, HTTP_RECORD_WHOLE, HTTP_RECORD_WHOLE);
		cr_expect_eq(record.status == 0, is_allowed((unsigned char)byte),
			"byte %#x in a %s: %s", byte, name, record.text);
		cr_expect_not(record.is_disagreement, "byte %#x in a %s", byte, name);
	}
	free((char *)input.data);
}

static bool is_in_name(unsigned char byte)
{
	return (byte != 0 && strchr("!#$%&'*+-.^_`|~:", byte)) ||
	       (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
	       (byte >= 'A' && byte <= 'Z');
}

static bool is_in_value(unsigned char byte)
{
	return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

static bool is_in_target(unsigned char byte)
{
	return byte > 0x20 && byte < 0x7f && byte != '#';
}

Test(http_scan, allows_exactly_the_bytes_of_the_grammar)
{
	expect_bytes(HEAD "Xx@xx: y\r\n\r\n", HTTP_REQUEST, is_in_name, "name");
	expect_bytes(HEAD "X: y@z\r\n\r\n", HTTP_REQUEST, is_in_value, "value");
	expect_bytes(HEAD "X: 012345678901234567890123456789@12345\r\n\r\n", HTTP_REQUEST,
		is_in_value, "long value");
	expect_bytes("GET /a@b HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_REQUEST, is_in_target,
		"target");
	expect_bytes("HTTP/1.1 204 a@b\r\n\r\n", HTTP_RESPONSE, is_in_value, "reason");
}

// A head with a request line or field line filled up to so many bytes.
static struct http_record run_filled(
	const char *before, size_t line_bytes, size_t lines, const char *after)
{
	size_t size = strlen(before) + (line_bytes + 8) * lines + strlen(after);
	char *text = malloc(size);
	size_t length = 0;

	cr_assert(text);
	for (size_t i = 0; i < lines; i++) {
		size_t prefix = strlen(before);
		memcpy(text + length, before, prefix);
		memset(text + length + prefix, 'x', line_bytes - prefix);
		length += line_bytes;
		if (i + 1 < lines) {
			memcpy(text + length, "\r\n", 2);
			length += 2;
		}
	}
	memcpy(text + length, after, strlen(after));
	length += strlen(after);
	struct http_record record =
		http_record_run_all(HTTP_REQUEST, (struct str){text, length}, before);
	free(text);
	return record;
}

Test(http_scan, limits_the_request_line)
{
	const char *rest = " HTTP/1.1\r\nHost: a\r\n\r\n";

	cr_expect_eq(run_filled("GET /", 8192 - 9, 1, rest).status, 0);
	cr_expect_eq(run_filled("GET /", 8192 - 8, 1, rest).status, 414);
	cr_expect_eq(run_filled("GET /", 40000, 1, rest).status, 414);
	cr_expect_eq(run_filled("GET /", 9000, 1, "").status, 414, "without an end");
}

Test(http_scan, limits_field_lines)
{
	const char *before = HEAD "X: ";
	size_t head = strlen(HEAD);

	cr_expect_eq(run_filled(before, head + 8192, 1, "\r\n\r\n").status, 0);
	cr_expect_eq(run_filled(before, head + 8193, 1, "\r\n\r\n").status, 431);
	cr_expect_eq(
		run_filled(before, head + 9000, 1, "").status, 431, "without an end");
}

static struct http_record run_fields(size_t count, size_t bytes)
{
	size_t head = strlen(HEAD);
	char *text = malloc(head + count * (bytes + 2) + 2);
	size_t length = head;

	cr_assert(text);
	memcpy(text, HEAD, head);
	for (size_t i = 0; i < count; i++) {
		memset(text + length, 'v', bytes);
		memcpy(text + length, "X:", 2);
		memcpy(text + length + bytes, "\r\n", 2);
		length += bytes + 2;
	}
	memcpy(text + length, "\r\n", 2);
	struct http_record record = http_record_run_all(
		HTTP_REQUEST, (struct str){text, length + 2}, "fields");
	free(text);
	return record;
}

Test(http_scan, limits_the_number_of_fields)
{
	cr_expect_eq(run_fields(99, 4).status, 0);
	cr_expect_eq(run_fields(100, 4).status, 431);
}

Test(http_scan, limits_the_head)
{
	// 25 bytes of HEAD, 4 lines, 2 bytes of the end: 32768.
	size_t fits = (32 * 1024 - strlen(HEAD) - 2 - 5 * 2) / 5;

	cr_expect_eq(run_fields(5, fits).status, 0);
	cr_expect_eq(run_fields(5, fits + 1).status, 431);
	cr_expect_eq(run_fields(20, 4000).status, 431);
}

Test(http_scan, searches_each_byte_once)
{
	const size_t head = strlen(HEAD);
	const size_t field_bytes = 1000;
	char text[31 * 1000];
	size_t length = head;
	size_t head_length = 0;
	struct http_scan scan;
	struct http_message message;

	memcpy(text, HEAD, head);
	while (length + field_bytes + 2 <= sizeof(text)) {
		memset(text + length, 'x', field_bytes);
		memcpy(text + length, "X:", 2);
		memcpy(text + length + field_bytes - 2, "\r\n", 2);
		length += field_bytes;
	}
	memcpy(text + length, "\r\n", 2);
	length += 2;

	http_scan_init(&scan, HTTP_REQUEST, HTTP_SCAN_LIMITS_DEFAULT);
	for (size_t i = 1; i < length; i++) {
		struct str so_far = {text, i};
		cr_assert_eq(http_scan_feed(&scan, so_far, &message, &head_length),
			HTTP_SCAN_MORE);
		cr_assert_eq(scan.searched, i);
	}
	cr_assert_eq(
		http_scan_feed(&scan, (struct str){text, length}, &message, &head_length),
		HTTP_SCAN_OK);
	cr_expect_eq(head_length, length);
	cr_expect_eq(message.field_count, 31);
}

Test(http_scan, answers_bad_responses_with_502)
{
	static const struct row rows[] = {
		{"LF", STR("HTTP/1.1 200 OK\nX: y\r\n\r\n"), 502},
		{"folded", STR("HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n"), 502},
		{"empty name", STR("HTTP/1.1 200 OK\r\n: y\r\n\r\n"), 502},
		{"one CRLF before", STR("\r\nHTTP/1.1 204 OK\r\n\r\n"), 0},
		{"two CRLF before", STR("\r\n\r\nHTTP/1.1 204 OK\r\n\r\n"), 502},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct http_record record =
			http_record_run_all(HTTP_RESPONSE, rows[i].input, rows[i].name);
		cr_expect_eq(record.status, rows[i].status, "%s", rows[i].name);
	}
}

Test(http_scan, names_what_was_sent_to_the_wrong_port)
{
	static const struct {
		struct str head;
		const char *word;
	} sent[] = {
		{STR("\x16\x03\x01"), "TLS"},
		{STR("PROXY TCP4 192.0.2.1 192.0.2.2 4711 80\r\n" HEAD "\r\n"), "PROXY"},
		{STR("\r\n\r\n\0\r\nQUIT\n\x21\x11"), "PROXY"},
	};
	for (size_t i = 0; i < COUNT(sent); i++) {
		static struct http_message message;
		struct http_scan scan;
		size_t length;
		http_scan_init(&scan, HTTP_REQUEST, HTTP_SCAN_LIMITS_DEFAULT);
		cr_expect(http_scan_feed(&scan, sent[i].head, &message, &length) ==
			  HTTP_SCAN_BAD);
		cr_expect(strstr(scan.error, sent[i].word), "%s", scan.error);
	}
}
