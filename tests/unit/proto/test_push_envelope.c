// SPDX-License-Identifier: MIT
#include "wherry/proto/push_envelope.h"

#include <criterion/criterion.h>

#include "wherry/proto/json_text.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

struct write_row {
	const char *name;
	struct push_envelope envelope;
	struct str text;
};

static const struct write_row WRITE_ROWS[] = {
	{"JSON as it is", {5, STR("c"), "message", STR("{\"a\": 1.50}")},
		STR("{\"id\":\"5\",\"channel\":\"c\",\"event\":\"message\","
		    "\"data\":{\"a\": 1.50}}")},
	{"a JSON string as it is", {5, STR("c"), "message", STR("\"a\"")},
		STR("{\"id\":\"5\",\"channel\":\"c\",\"event\":\"message\","
		    "\"data\":\"a\"}")},
	{"text", {5, STR("c"), "message", STR("it's \"a\"\n")},
		STR("{\"id\":\"5\",\"channel\":\"c\",\"event\":\"message\","
		    "\"data\":\"it's \\\"a\\\"\\u000a\"}")},
	{"nothing", {5, STR("c"), "message", STR("")},
		STR("{\"id\":\"5\",\"channel\":\"c\",\"event\":\"message\",\"data\":"
		    "\"\"}")},
	{"bytes", {5, STR("c"), "message", STR("\xff\0a")},
		STR("{\"id\":\"5\",\"channel\":\"c\",\"event\":\"message\","
		    "\"data64\":\"/wBh\"}")},
	{"JSON that would end the envelope", {5, STR("c"), "message", STR("1},{")},
		STR("{\"id\":\"5\",\"channel\":\"c\",\"event\":\"message\","
		    "\"data\":\"1},{\"}")},
	{"a channel that needs escapes", {5, STR("a\"b\xc3\xa9"), "gap", STR("null")},
		STR("{\"id\":\"5\",\"channel\":\"a\\\"b\xc3\xa9\",\"event\":\"gap\","
		    "\"data\":null}")},
	{"neither id nor channel", {0, STR(""), "status", STR("true")},
		STR("{\"event\":\"status\",\"data\":true}")},
};

Test(push_envelope, writes_what_is_known_of_a_message)
{
	for (size_t i = 0; i < COUNT(WRITE_ROWS); i++) {
		struct buf out = BUF_INIT;
		push_envelope_write(&out, &WRITE_ROWS[i].envelope);
		cr_assert(str_equal(buf_str(&out), WRITE_ROWS[i].text), "%s: %.*s",
			WRITE_ROWS[i].name, STR_ARG(buf_str(&out)));
		cr_assert(json_text_is_value(buf_str(&out)), "%s", WRITE_ROWS[i].name);
		buf_finish(&out);
	}
}

struct read_row {
	const char *name;
	struct str text;
	struct str channel, key, payload;
};

static const struct read_row READ_ROWS[] = {
	{"data alone", STR("{\"data\":1}"), STR(""), STR(""), STR("1")},
	{"all", STR(" {\"key\":\"k\",\"data\": {\"a\": 1.50} ,\"channel\":\"c\"} "),
		STR("c"), STR("k"), STR("{\"a\": 1.50}")},
	{"a string stays JSON", STR("{\"data\":\"a\\n\"}"), STR(""), STR(""),
		STR("\"a\\n\"")},
	{"null is a value", STR("{\"data\":null}"), STR(""), STR(""), STR("null")},
	{"bytes", STR("{\"data64\":\"\\/wBh\"}"), STR(""), STR(""), STR("\xff\0a")},
	{"no bytes", STR("{\"data64\":\"\"}"), STR(""), STR(""), STR("")},
	{"names with escapes", STR("{\"d\\u0061ta\":1,\"channel\":\"\\u00e9\"}"),
		STR("\xc3\xa9"), STR(""), STR("1")},
};

Test(push_envelope, reads_what_a_client_asks_for)
{
	for (size_t i = 0; i < COUNT(READ_ROWS); i++) {
		const struct read_row *row = &READ_ROWS[i];
		struct push_envelope_request request;
		const char *error;
		cr_assert(push_envelope_read(row->text, &request, &error), "%s: %s",
			row->name, error);
		cr_assert(str_equal(buf_str(&request.channel), row->channel), "%s",
			row->name);
		cr_assert(str_equal(buf_str(&request.key), row->key), "%s", row->name);
		cr_assert(str_equal(buf_str(&request.payload), row->payload), "%s",
			row->name);
		push_envelope_finish(&request);
	}
}

struct bad_row {
	const char *name;
	struct str text;
};

static const struct bad_row BAD_ROWS[] = {
	{"nothing", STR("")},
	{"no JSON", STR("hello")},
	{"not whole", STR("{\"data\":1")},
	{"an array", STR("[{\"data\":1}]")},
	{"a string", STR("\"data\"")},
	{"no data", STR("{\"channel\":\"c\"}")},
	{"data in both forms", STR("{\"data\":1,\"data64\":\"AA==\"}")},
	{"data twice", STR("{\"data\":1,\"data\":2}")},
	{"data twice, written otherwise", STR("{\"data\":1,\"d\\u0061ta\":2}")},
	{"an unknown member", STR("{\"data\":1,\"id\":\"1\"}")},
	{"other letters", STR("{\"Data\":1}")},
	{"a channel that is no string", STR("{\"data\":1,\"channel\":1}")},
	{"an empty channel", STR("{\"data\":1,\"channel\":\"\"}")},
	{"a channel that is no UTF-8", STR("{\"data\":1,\"channel\":\"\\ud800\"}")},
	{"a key that is no string", STR("{\"data\":1,\"key\":null}")},
	{"data64 that is no string", STR("{\"data64\":1}")},
	{"data64 that is no base64", STR("{\"data64\":\"AA\"}")},
};

Test(push_envelope, refuses_anything_else)
{
	for (size_t i = 0; i < COUNT(BAD_ROWS); i++) {
		struct push_envelope_request request;
		const char *error = NULL;
		cr_assert(!push_envelope_read(BAD_ROWS[i].text, &request, &error), "%s",
			BAD_ROWS[i].name);
		cr_assert(error, "%s", BAD_ROWS[i].name);
		push_envelope_finish(&request);
	}
}
