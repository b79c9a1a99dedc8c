// SPDX-License-Identifier: MIT
// Texts that go through Redis.
#include "../../../src/hub/broker_redis_record_priv.h"

#include <criterion/criterion.h>

static void expect_str(struct str actual, const char *expected)
{
	cr_expect(str_equal(actual, str_from(expected)), "%.*s, not %s", STR_ARG(actual),
		expected);
}

Test(broker_redis_record, keeps_all_parts_of_a_message)
{
	struct message_parts parts = {.channel = STR("c"),
		.payload = STR("1 2\0 3"),
		.key = STR("a key"),
		.content_type = STR("text/plain")};
	struct message *message = message_create(&parts);
	struct buf text = BUF_INIT;
	struct message_parts read = {0};
	broker_redis_record_write(&text, message);
	expect_str((struct str){text.data, 23}, "5 10 a keytext/plain1 2");
	cr_assert(broker_redis_record_read(buf_str(&text), &read));
	cr_expect(str_equal(read.payload, parts.payload));
	expect_str(read.key, "a key");
	expect_str(read.content_type, "text/plain");

	// Cut anywhere before the payload, it is none.
	for (size_t i = 0; i < 20; i++)
		cr_expect_not(
			broker_redis_record_read((struct str){text.data, i}, &read));
	buf_finish(&text);
	message_unref(message);
}

Test(broker_redis_record, refuses_what_is_none)
{
	static const char *const rows[] = {"", " ", "0", "0 0", "a 0 ", "0 a ", "-1 0 ",
		"1 0 ", "0 1 ", "18446744073709551615 1 a", "99999999999999999999 0 a"};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct message_parts parts;
		cr_expect_not(broker_redis_record_read(str_from(rows[i]), &parts), "%s",
			rows[i]);
	}
}

Test(broker_redis_record, reads_pushes)
{
	struct broker_redis_push push;
	cr_assert(broker_redis_record_push(STR("5 data 7 first 0 0 x"), &push));
	cr_expect_eq(push.kind, BROKER_REDIS_PUSH_DATA);
	cr_expect_eq(push.id, 5);
	cr_expect_eq(push.nonce, 7);
	cr_expect_not(push.is_again);
	expect_str(push.record, "0 0 x");
	cr_assert(broker_redis_record_push(STR("5 data 7 again 0 0 x"), &push));
	cr_expect(push.is_again);

	cr_assert(broker_redis_record_push(STR("5 crowd 3 a b2 1:x3:y z"), &push));
	cr_expect_eq(push.kind, BROKER_REDIS_PUSH_CROWD);
	expect_str(push.channel, "a b");
	cr_expect_eq(push.count, 2);
	struct str name;
	cr_assert(broker_redis_record_next_member(&push.members, &name));
	expect_str(name, "x");
	cr_assert(broker_redis_record_next_member(&push.members, &name));
	expect_str(name, "y z");
	cr_expect_not(broker_redis_record_next_member(&push.members, &name));

	cr_assert(broker_redis_record_push(STR("5 beat "), &push));
	cr_expect_eq(push.kind, BROKER_REDIS_PUSH_BEAT);
	cr_assert(broker_redis_record_push(STR("crowd"), &push));
	cr_expect_eq(push.kind, BROKER_REDIS_PUSH_STIR);
}

Test(broker_redis_record, refuses_what_is_no_push)
{
	static const char *const rows[] = {"", "5", "5 ", "x beat ", "5 beat", "5 other ",
		"5 data ", "5 data 7 ", "5 data 7 maybe x", "5 data x first y",
		"5 crowd ", "5 crowd 9 a1 ", "5 crowd 1 a", "5 crowd 1 ax "};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct broker_redis_push push;
		cr_expect_not(broker_redis_record_push(str_from(rows[i]), &push), "%s",
			rows[i]);
	}
}

Test(broker_redis_record, stops_at_what_is_no_member)
{
	static const char *const rows[] = {
		"", ":", "x:y", "2:a", "1", "-1:a", "99999999999:a"};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str text = str_from(rows[i]), name;
		cr_expect_not(
			broker_redis_record_next_member(&text, &name), "%s", rows[i]);
	}
}
