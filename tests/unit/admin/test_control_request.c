// SPDX-License-Identifier: MIT
// Requests as they come over a socket: whole, byte by byte, and cut at every point.
#include "wherry/admin/control_request.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <jansson.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct row {
	const char *name;
	const char *line;
	const char *expected; // the verb; of a bad one the reason
};

static const struct row good[] = {
	{"alone", "{\"verb\":\"status\"}\n", "status"},
	{"carriage return", "{\"verb\":\"status\"}\r\n", "status"},
	{"spaces", "  { \"verb\" : \"stop\" , \"wait\" : true }  \n", "stop"},
	{"empty lines before", "\n\r\n\n{\"verb\":\"stop\"}\n", "stop"},
	{"nested", "{\"a\":{\"b\":[1,{\"c\":null}]},\"verb\":\"x\"}\n", "x"},
	{"UTF-8", "{\"verb\":\"\xc3\xa4\"}\n", "\xc3\xa4"},
};

static const struct row bad[] = {
	{"garbage", "GET / HTTP/1.1\r\n", "the line is no JSON object"},
	{"half an object", "{\"verb\":\"status\"\n", "the line is no JSON object"},
	{"two objects", "{\"verb\":\"a\"}{\"verb\":\"b\"}\n",
		"the line is no JSON object"},
	{"a member twice", "{\"verb\":\"a\",\"verb\":\"b\"}\n",
		"the line is no JSON object"},
	{"bad UTF-8", "{\"verb\":\"\xff\"}\n", "the line is no JSON object"},
	{"list", "[\"verb\"]\n", "there is no \"verb\" in the request"},
	{"no verb", "{\"verbs\":\"status\"}\n", "there is no \"verb\" in the request"},
	{"verb is a number", "{\"verb\":1}\n", "there is no \"verb\" in the request"},
};

static enum control_request_result read_one(
	const char *data, size_t length, json_t **ret_request, size_t *ret_used)
{
	const char *error;
	// A copy that ends where the input does, so that reading on is found out.
	char *copy = malloc(length > 0 ? length : 1);
	cr_assert_not_null(copy);
	memcpy(copy, data, length);
	enum control_request_result result = control_request_read(
		(struct str){copy, length}, ret_request, ret_used, &error);
	free(copy);
	return result;
}

Test(control_request, reads_what_is_whole_and_waits_for_what_is_not)
{
	for (size_t i = 0; i < COUNT(good); i++) {
		size_t length = strlen(good[i].line), used;
		json_t *request;
		for (size_t cut = 0; cut < length; cut++)
			cr_expect_eq(read_one(good[i].line, cut, &request, &used),
				CONTROL_REQUEST_MORE, "%s at %zu", good[i].name, cut);
		cr_assert_eq(read_one(good[i].line, length, &request, &used),
			CONTROL_REQUEST_OK, "%s", good[i].name);
		cr_expect_eq(used, length, "%s", good[i].name);
		cr_expect_str_eq(control_request_verb(request), good[i].expected);
		json_decref(request);
	}
}

// As the stream lends it: what was not taken is lent again, with the next byte behind it.
Test(control_request, takes_each_of_several_requests_byte_by_byte)
{
	static const char text[] = "{\"verb\":\"a\"}\n\n{\"verb\":\"b\"}\r\n{\"verb\":"
				   "\"c\"}\n";
	char seen[4] = "";
	size_t count = 0, start = 0;
	for (size_t end = 1; end < sizeof(text); end++) {
		json_t *request;
		size_t used;
		enum control_request_result result =
			read_one(text + start, end - start, &request, &used);
		cr_assert_neq(result, CONTROL_REQUEST_BAD);
		start += used;
		if (result == CONTROL_REQUEST_MORE)
			continue;
		cr_assert_lt(count, sizeof(seen) - 1);
		seen[count++] = control_request_verb(request)[0];
		json_decref(request);
	}
	cr_expect_str_eq(seen, "abc");
	cr_expect_eq(start, sizeof(text) - 1);
}

Test(control_request, refuses_what_is_no_request)
{
	for (size_t i = 0; i < COUNT(bad); i++) {
		json_t *request;
		size_t used;
		const char *error = "";
		enum control_request_result result = control_request_read(
			str_from(bad[i].line), &request, &used, &error);
		cr_expect_eq(result, CONTROL_REQUEST_BAD, "%s", bad[i].name);
		cr_expect_str_eq(error, bad[i].expected, "%s", bad[i].name);
	}
}

Test(control_request, refuses_a_line_that_is_too_long_before_it_ends)
{
	static char line[CONTROL_REQUEST_MAX];
	json_t *request;
	size_t used;
	const char *error;
	memset(line, ' ', sizeof(line));
	cr_expect_eq(control_request_read((struct str){line, sizeof(line) - 1}, &request,
			     &used, &error),
		CONTROL_REQUEST_MORE);
	cr_expect_eq(control_request_read(
			     (struct str){line, sizeof(line)}, &request, &used, &error),
		CONTROL_REQUEST_BAD);
	cr_expect_str_eq(error, "the request is too long");
}
