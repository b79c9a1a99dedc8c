// SPDX-License-Identifier: MIT
// Messages: what they are made of, their encodings, and that threads share them.
#include "wherry/hub/message.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "message_fixture.h"
#include "wherry/proto/ws_frame.h"

enum {
	THREADS = 4,
	ROUNDS = 2000,
};

static void expect_text(struct str text, const char *expected)
{
	cr_expect(str_equal(text, str_from(expected)), "%.*s, not %s", STR_ARG(text),
		expected);
}

Test(message, copies_what_it_is_made_of)
{
	char channel[] = "news", payload[] = "{\"a\":1}", key[] = "k", type[] = "text/x";
	struct message_parts parts = {
		.kind = MESSAGE_PATCH,
		.id = 7,
		.channel = str_from(channel),
		.payload = str_from(payload),
		.key = str_from(key),
		.content_type = str_from(type),
	};
	struct message *message = message_create(&parts);
	memset(channel, 'x', strlen(channel));
	memset(payload, 'x', strlen(payload));
	memset(key, 'x', strlen(key));
	memset(type, 'x', strlen(type));
	cr_expect_eq(message->kind, MESSAGE_PATCH);
	cr_expect_eq(message->id, 7);
	expect_text(message->channel, "news");
	expect_text(message->payload, "{\"a\":1}");
	expect_text(message->key, "k");
	expect_text(message->content_type, "text/x");
	cr_expect_gt(message_size(message), sizeof(*message) + 4 + 7 + 1 + 6);
	message_unref(message);
	message_unref(NULL);
}

// The payload's length, on both sides of each length of a header.
static const size_t lengths[] = {0, 1, 125, 126, 65535, 65536, 100000};

Test(message, is_a_frame_at_any_length)
{
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		char *payload = malloc(lengths[i] + 1);
		memset(payload, 'p', lengths[i]);
		struct message_parts parts = {.payload = {payload, lengths[i]}};
		struct message *message = message_create(&parts);
		struct str text = message_encode(message, MESSAGE_FRAME);
		struct ws_frame frame;
		cr_assert(ws_frame_read((const uint8_t *)text.data, text.length, &frame));
		cr_expect(frame.is_final && !frame.is_masked && frame.is_minimal);
		cr_expect_eq(frame.opcode, WS_TEXT);
		cr_expect_eq(frame.payload_length, lengths[i]);
		cr_expect_eq(text.length, frame.header_length + lengths[i]);
		cr_expect_eq(text.data + frame.header_length, message->payload.data);
		message_unref(message);
		free(payload);
	}
}

static bool is_text(struct str payload, struct str content_type)
{
	struct message_parts parts = {.payload = payload, .content_type = content_type};
	struct message *message = message_create(&parts);
	bool is_text = message->is_text;
	struct str frame = message_encode(message, MESSAGE_FRAME);
	cr_expect_eq(frame.data[0] & 0xf, is_text ? WS_TEXT : WS_BINARY);
	message_unref(message);
	return is_text;
}

Test(message, is_text_if_it_is_utf8_and_not_said_to_be_bytes)
{
	cr_expect(is_text(STR(""), STR("")));
	cr_expect(is_text(STR("gr\xc3\xbc\xc3\x9f"), STR("text/plain")));
	cr_expect_not(is_text(STR("gr\xfc\xdf"), STR("text/plain")));
	cr_expect_not(is_text(STR("cut \xc3"), STR("")));
	cr_expect_not(is_text(STR("plain"), STR("Application/Octet-Stream")));
}

Test(message, is_encoded_for_each_transport)
{
	struct message *message = message_fixture_make(12, "", "[1]");
	const char *envelope = "{\"id\":\"12\",\"channel\":\"c\",\"event\":\"message\","
			       "\"data\":[1]}";
	expect_text(message_encode(message, MESSAGE_ENVELOPE), envelope);
	expect_text(message_encode(message, MESSAGE_EVENT), "id: 12\ndata: [1]\n\n");
	struct str frame = message_encode(message, MESSAGE_ENVELOPE_FRAME);
	cr_expect_eq((uint8_t)frame.data[0], 0x81);
	cr_expect_eq((uint8_t)frame.data[1], strlen(envelope));
	expect_text((struct str){frame.data + 2, frame.length - 2}, envelope);
	struct str event = message_encode(message, MESSAGE_ENVELOPE_EVENT);
	cr_expect(str_has_prefix(event, STR("id: 12\ndata: {")));
	message_unref(message);
}

Test(message, names_its_kind)
{
	static const char *const names[] = {
		[MESSAGE_DATA] = "\"event\":\"message\"",
		[MESSAGE_PATCH] = "\"event\":\"patch\"",
		[MESSAGE_STATUS] = "\"event\":\"status\"",
		[MESSAGE_PRESENCE] = "\"event\":\"presence\"",
		[MESSAGE_GAP] = "\"event\":\"gap\"",
	};
	for (size_t kind = 0; kind < sizeof(names) / sizeof(names[0]); kind++) {
		struct message_parts parts = {
			.kind = (enum message_kind)kind, .id = 1, .channel = STR("c")};
		struct message *message = message_create(&parts);
		struct str text = message_encode(message, MESSAGE_ENVELOPE);
		cr_expect_not_null(
			memmem(text.data, text.length, names[kind], strlen(names[kind])));
		message_unref(message);
	}
}

struct race {
	struct message *message;
	const char *seen[MESSAGE_ENCODING_COUNT];
};

static void *encode_all(void *arg)
{
	struct race *race = arg;
	for (size_t i = 0; i < MESSAGE_ENCODING_COUNT; i++)
		race->seen[i] =
			message_encode(race->message, (enum message_encoding)i).data;
	message_unref(race->message);
	return NULL;
}

Test(message, is_encoded_once_for_all_threads)
{
	for (size_t round = 0; round < ROUNDS; round++) {
		struct message *message = message_fixture_make(round + 1, "", "payload");
		pthread_t threads[THREADS];
		struct race races[THREADS] = {0};
		for (size_t i = 0; i < THREADS; i++) {
			races[i].message = message_ref(message);
			cr_assert_eq(
				pthread_create(&threads[i], NULL, encode_all, &races[i]),
				0);
		}
		for (size_t i = 0; i < THREADS; i++)
			(void)pthread_join(threads[i], NULL);
		for (size_t i = 0; i < THREADS; i++)
			cr_assert_eq(memcmp(races[i].seen, races[0].seen,
					     sizeof(races[0].seen)),
				0);
		message_unref(message);
	}
}
