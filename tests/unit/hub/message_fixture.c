// SPDX-License-Identifier: MIT
// Messages for tests; see the header.
#include "message_fixture.h"

#include <criterion/criterion.h>

struct message *message_fixture_make(uint64_t id, const char *key, const char *payload)
{
	struct message_parts parts = {
		.id = id,
		.channel = STR("c"),
		.key = str_from(key),
		.payload = str_from(payload),
	};
	struct message *message = message_create(&parts);
	cr_assert_not_null(message);
	return message;
}

struct message *message_fixture_make_at(uint64_t id, const char *payload, uint64_t at_ms)
{
	struct message *message = message_fixture_make(id, "", payload);
	message->at_ms = at_ms;
	return message;
}
