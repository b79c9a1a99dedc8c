// SPDX-License-Identifier: MIT
// Ids are found however the body is cut, and nothing else is taken for one.
#include "wherry/proto/session_id.h"

#include <string.h>

#include <criterion/criterion.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	IDS_SIZE = 512
};

struct row {
	const char *name;
	const char *body;
	const char *expected; // each id followed by a space
};

static const struct row engine_io_rows[] = {
	{"Engine.IO 4",
		"0{\"sid\":\"lv_VI97HAXpY6yYWAAAC\",\"upgrades\":[\"websocket\"],"
		"\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":1000000}",
		"lv_VI97HAXpY6yYWAAAC "},
	{"Engine.IO 3, its length in front",
		"96:0{\"sid\":\"a-B_9\",\"upgrades\":[]}2:40", "a-B_9 "},
	{"spaces", "{ \"sid\" :\t\"x\" }", "x "},
	{"line ends", "{\r\n\"sid\"\r\n:\r\n\"x\"\r\n}", "x "},
	{"behind others", "{\"a\":\"sid\",\"b\":{\"sid\":\"x\"}}", "x "},
	{"twice", "{\"sid\":\"x\"}{\"sid\":\"y\"}", "x y "},
	{"all that URLs have", "{\"sid\":\"Aa0-._~+/=%:@!$&'()*,;\"}",
		"Aa0-._~+/=%:@!$&'()*,; "},
	// None
	{"empty", "", ""},
	{"empty id", "{\"sid\":\"\"}", ""},
	{"a value called sid", "[\"sid\",\"x\"]", ""},
	{"no string", "{\"sid\":5,\"a\":\"x\"}", ""},
	{"an object", "{\"sid\":{\"a\":\"x\"}}", ""},
	{"a longer name", "{\"sidx\":\"x\",\"xsid\":\"y\"}", ""},
	{"other letters", "{\"SID\":\"x\"}", ""},
	{"inside a string", "{\"a\":\"\\\"sid\\\":\\\"x\\\"\"}", ""},
	{"escaped in the id", "{\"sid\":\"a\\u0041\"}", ""},
	{"escaped in the name", "{\"s\\u0069d\":\"x\"}", ""},
	{"a space in the id", "{\"sid\":\"a b\"}", ""},
	{"a control character", "{\"sid\":\"a\nb\"}", ""},
	{"not ASCII", "{\"sid\":\"\xc3\xa9\"}", ""},
	{"no end", "{\"sid\":\"x", ""},
	{"two colons", "{\"sid\"::\"x\"}", ""},
	{"something between", "{\"sid\",:\"x\"}", ""},
};

static void note(char ids[IDS_SIZE], struct str id)
{
	size_t length = strlen(ids);
	cr_assert_lt(length + id.length + 2, IDS_SIZE);
	memcpy(ids + length, id.data, id.length);
	memcpy(ids + length + id.length, " ", 2);
}

static enum session_id_result feed(
	struct session_id *finder, struct str bytes, char ids[IDS_SIZE])
{
	struct str id;
	enum session_id_result result;
	while ((result = session_id_feed(finder, &bytes, &id)) == SESSION_ID_FOUND)
		note(ids, id);
	return result;
}

// In one piece, byte by byte, and in two pieces at every place.
static void expect_ids(const struct row *row, const char *name, const char *other)
{
	size_t length = strlen(row->body);
	struct session_id finder;
	char bytewise[IDS_SIZE] = "";
	session_id_init(&finder, name, other);
	for (size_t i = 0; i < length; i++)
		cr_expect_eq(feed(&finder, (struct str){row->body + i, 1}, bytewise),
			SESSION_ID_MORE);
	cr_expect_str_eq(bytewise, row->expected, "%s: byte by byte", row->name);
	for (size_t split = 0; split <= length; split++) {
		char ids[IDS_SIZE] = "";
		session_id_init(&finder, name, other);
		(void)feed(&finder, (struct str){row->body, split}, ids);
		(void)feed(&finder, (struct str){row->body + split, length - split}, ids);
		cr_expect_str_eq(
			ids, row->expected, "%s: split at %zu", row->name, split);
	}
}

Test(session_id, finds_the_sid_of_engine_io)
{
	for (size_t i = 0; i < COUNT(engine_io_rows); i++)
		expect_ids(&engine_io_rows[i], "sid", NULL);
}

Test(session_id, finds_both_ids_of_signalr)
{
	static const struct row rows[] = {
		{"version 1",
			"{\"negotiateVersion\":1,\"connectionId\":\"public\","
			"\"connectionToken\":\"secret\",\"availableTransports\":[]}",
			"public secret "},
		{"version 0", "{\"connectionId\":\"only\",\"availableTransports\":[]}",
			"only "},
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		expect_ids(&rows[i], "connectionToken", "connectionId");
}

Test(session_id, looks_at_the_first_bytes_only)
{
	char body[SESSION_ID_REACH + 16];
	for (size_t gap = SESSION_ID_REACH - 11; gap < SESSION_ID_REACH - 8; gap++) {
		char ids[IDS_SIZE] = "";
		struct session_id finder;
		memset(body, ' ', sizeof(body));
		memcpy(body + gap, "\"sid\":\"xy\"", 10);
		session_id_init(&finder, "sid", NULL);
		cr_expect_eq(feed(&finder, (struct str){body, sizeof(body)}, ids),
			SESSION_ID_END);
		cr_expect_eq(strlen(ids) > 0, gap + 10 <= SESSION_ID_REACH, "%zu", gap);
		cr_expect_eq(feed(&finder, STR("\"sid\":\"z\""), ids), SESSION_ID_END);
	}
}

Test(session_id, bounds_the_length_of_ids)
{
	for (size_t length = SESSION_ID_MAX; length <= SESSION_ID_MAX + 1; length++) {
		char body[256] = "\"sid\":\"", ids[IDS_SIZE] = "";
		struct session_id finder;
		memset(body + 7, 'a', length);
		body[7 + length] = '"';
		session_id_init(&finder, "sid", NULL);
		(void)feed(&finder, (struct str){body, length + 8}, ids);
		cr_expect_eq(
			strlen(ids), length <= SESSION_ID_MAX ? SESSION_ID_MAX + 1 : 0);
	}
}
