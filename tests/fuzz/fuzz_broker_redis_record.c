// SPDX-License-Identifier: MIT
// Texts that come from Redis: what is read lies within them, and a record that is read is
// the same when it was written again.
// Input: a text.
#include "fuzz.h"

#include "../../src/hub/broker_redis_record_priv.h"

static void require_within(struct str part, struct str text)
{
	FUZZ_REQUIRE(part.length == 0 ||
		     (part.data >= text.data &&
			     part.data + part.length <= text.data + text.length));
}

static void check_record(struct str text)
{
	struct message_parts parts = {.channel = STR("c")}, again = parts;
	struct buf out = BUF_INIT;
	if (!broker_redis_record_read(text, &parts))
		return;
	require_within(parts.key, text);
	require_within(parts.content_type, text);
	require_within(parts.payload, text);
	struct message *message = message_create(&parts);
	FUZZ_REQUIRE(message);
	broker_redis_record_write(&out, message);
	FUZZ_REQUIRE(broker_redis_record_read(buf_str(&out), &again));
	FUZZ_REQUIRE(str_equal(parts.key, again.key));
	FUZZ_REQUIRE(str_equal(parts.content_type, again.content_type));
	FUZZ_REQUIRE(str_equal(parts.payload, again.payload));
	buf_finish(&out);
	message_unref(message);
}

static void check_members(struct str members)
{
	struct str text = members, name;
	while (broker_redis_record_next_member(&members, &name))
		require_within(name, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	struct broker_redis_push push;
	check_record(text);
	check_members(text);
	if (!broker_redis_record_push(text, &push))
		return 0;
	require_within(push.record, text);
	require_within(push.channel, text);
	require_within(push.members, text);
	check_record(push.record);
	check_members(push.members);
	return 0;
}
