// SPDX-License-Identifier: MIT
// Ids of sessions: the same ones however the body is cut, short, printable, and each one
// stands in the body between quotes.
// Input: the body of an answer.
#include <string.h>

#include "fuzz.h"

#include "wherry/proto/session_id.h"

enum {
	IDS_SIZE = SESSION_ID_REACH + 1
};

struct found {
	char text[IDS_SIZE]; // each id with a space behind it
	size_t length;
};

static void require_id(struct str id, struct str body)
{
	char quoted[SESSION_ID_MAX + 2];
	FUZZ_REQUIRE(id.length > 0 && id.length <= SESSION_ID_MAX);
	for (size_t i = 0; i < id.length; i++)
		FUZZ_REQUIRE(id.data[i] > ' ' && id.data[i] <= '~');
	quoted[0] = quoted[id.length + 1] = '"';
	memcpy(quoted + 1, id.data, id.length);
	FUZZ_REQUIRE(memmem(body.data, body.length, quoted, id.length + 2));
}

static void feed(
	struct session_id *finder, struct str piece, struct str body, struct found *found)
{
	struct str id;
	while (session_id_feed(finder, &piece, &id) == SESSION_ID_FOUND) {
		require_id(id, body);
		FUZZ_REQUIRE(found->length + id.length + 1 <= IDS_SIZE);
		memcpy(found->text + found->length, id.data, id.length);
		found->text[found->length + id.length] = ' ';
		found->length += id.length + 1;
	}
	FUZZ_REQUIRE(piece.length == 0 || finder->reach == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str body = {(const char *)data, size};
	struct found whole = {.length = 0}, bytewise = {.length = 0};
	struct session_id finder;
	session_id_init(&finder, "sid", "id");
	feed(&finder, body, body, &whole);
	session_id_init(&finder, "sid", "id");
	for (size_t i = 0; i < size; i++)
		feed(&finder, (struct str){body.data + i, 1}, body, &bytewise);
	FUZZ_REQUIRE(whole.length == bytewise.length);
	FUZZ_REQUIRE(memcmp(whole.text, bytewise.text, whole.length) == 0);
	return 0;
}
