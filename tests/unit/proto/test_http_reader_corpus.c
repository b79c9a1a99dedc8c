// SPDX-License-Identifier: MIT
// The smuggling corpus, row by row, against the reader.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "http_record.h"

enum {
	LINE_SIZE = 2048,
	COLUMNS_BEFORE_BYTES = 5,
	LEAST_ROWS = 145,
};

// Rows that the reader must pass on, since what refuses them stands above it.
static const struct {
	const char *name;
	const char *by;
} REFUSED_ABOVE[] = {
	{"Conn keep-alive,upgrade", "ws_handshake: no key"},
	{"ws upgrade, short key", "ws_handshake"},
};

// Rows accepted although bytes are left: the caller closes the connection.
static const char *const FOLLOWED_BY_BYTES[] = {"R: 204 + CL", "R: 1xx + CL",
	"ws upgrade, early second request", "R: 101 websocket real"};

static bool is_refused_above(const char *name)
{
	for (size_t i = 0; i < sizeof(REFUSED_ABOVE) / sizeof(REFUSED_ABOVE[0]); i++) {
		if (strcmp(REFUSED_ABOVE[i].name, name) == 0)
			return true;
	}
	return false;
}

static bool is_followed_by_bytes(const char *name)
{
	size_t count = sizeof(FOLLOWED_BY_BYTES) / sizeof(FOLLOWED_BY_BYTES[0]);

	for (size_t i = 0; i < count; i++) {
		if (strcmp(FOLLOWED_BY_BYTES[i], name) == 0)
			return true;
	}
	return false;
}

static size_t unescape(char *text)
{
	static const char letters[] = "rnt0\\";
	static const char bytes[] = "\r\n\t\0\\";
	char *out = text;

	for (const char *in = text; *in; in++) {
		const char *letter;
		unsigned byte;

		if (*in != '\\') {
			*out++ = *in;
		} else if (in[1] == 'x') {
			cr_assert_eq(sscanf(in + 2, "%2x", &byte), 1);
			*out++ = (char)byte;
			in += 3;
		} else {
			letter = in[1] ? strchr(letters, in[1]) : NULL;
			cr_assert(letter, "bad escape in the corpus: %s", in);
			*out++ = bytes[letter - letters];
			in++;
		}
	}
	return (size_t)(out - text);
}

static void expect_accepted(
	const struct http_record *record, const char *name, const char *verdict)
{
	size_t length = strlen(record->text);

	cr_expect_eq(record->status, 0, "%s: %s", name, record->error);
	if (is_followed_by_bytes(name))
		return;
	cr_expect(record->is_websocket_upgrade ||
			  (length > 2 && strcmp(record->text + length - 2, ";$") == 0),
		"%s: not read to its end: %s", name, record->text);
	if (strcmp(verdict, "no-upgrade") == 0)
		cr_expect_not(record->is_websocket_upgrade, "%s", name);
}

static void check_row(const char *name, const char *verdict, struct str bytes)
{
	bool is_response = strncmp(name, "R:", 2) == 0;
	struct http_record record = http_record_run_all(
		is_response ? HTTP_RESPONSE : HTTP_REQUEST, bytes, name);

	cr_expect_not(record.is_disagreement, "%s", name);
	if (is_refused_above(name)) {
		cr_expect_eq(record.status, 0, "%s", name);
		cr_expect(record.is_websocket_upgrade, "%s", name);
	} else if (strcmp(verdict, "reject") == 0) {
		cr_expect_eq(
			record.status == 502, is_response, "%s: %s", name, record.text);
		cr_expect_neq(record.status, 0, "%s: %s", name, record.text);
	} else if (strcmp(verdict, "either") != 0) {
		expect_accepted(&record, name, verdict);
	}
}

Test(http_reader, gives_the_verdicts_of_the_corpus)
{
	char line[LINE_SIZE];
	size_t count = 0;
	FILE *file = fopen(TEST_DATA "/smuggling-corpus.txt", "r");

	cr_assert(file, "no corpus in " TEST_DATA);
	while (fgets(line, sizeof(line), file)) {
		char *columns[COLUMNS_BEFORE_BYTES + 1];
		char *rest = line;

		if (line[0] == '#' || line[0] == '\n')
			continue;
		for (size_t i = 0; i <= COLUMNS_BEFORE_BYTES; i++) {
			char *end = strstr(rest, " | ");
			cr_assert(end, "row without its columns: %s", line);
			columns[i] = rest;
			*end = '\0';
			rest = end + 3;
		}
		char *bytes = columns[COLUMNS_BEFORE_BYTES];
		size_t length = unescape(bytes);
		check_row(columns[0], columns[1], (struct str){bytes, length});
		count++;
	}
	(void)fclose(file);
	cr_expect_geq(count, LEAST_ROWS, "%zu rows", count);
}
