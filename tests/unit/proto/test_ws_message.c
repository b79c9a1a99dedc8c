// SPDX-License-Identifier: MIT
#include "wherry/proto/ws_message.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#define BYTES(literal) (const uint8_t *)(literal), sizeof(literal) - 1
#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

// max_frame, max_message, max_fragments, check_utf8
static const struct ws_check_limits LOOSE = {1 << 20, 1 << 20, 1024, true};
static const struct ws_check_limits SMALL = {8, 12, 3, true};

struct row {
	const char *name;
	const struct ws_check_limits *limits;
	bool must_be_masked;
	const uint8_t *bytes;
	size_t length;
	// Of each what came: t and b for messages, c, i and o for control frames, with
	// their payloads and a "|"; "!" and the reason, if it ended so.
	const char *events;
};

static const struct row ROWS[] = {
	{"5.7: unmasked text", &LOOSE, false, BYTES("\x81\x05Hello"), "tHello|"},
	{"5.7: masked text", &LOOSE, true,
		BYTES("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), "tHello|"},
	{"5.7: fragmented text", &LOOSE, false, BYTES("\x01\x03Hel\x80\x02lo"),
		"tHello|"},
	{"fragments with masks of their own", &LOOSE, true,
		BYTES("\x01\x83\x01\x01\x01\x01"
		      "Idm"
		      "\x80\x82\x20\x40\x20\x40"
		      "L/"),
		"tHello|"},
	{"5.7: ping and its masked pong", &LOOSE, true,
		BYTES("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), "oHello|"},
	{"messages behind each other", &LOOSE, false,
		BYTES("\x81\x01"
		      "a"
		      "\x82\x01"
		      "b"
		      "\x81\x00"
		      "\x82\x02"
		      "cd"),
		"ta|bb|t|bcd|"},
	{"5.4: control frames between fragments", &LOOSE, false,
		BYTES("\x02\x01"
		      "a"
		      "\x89\x01"
		      "p"
		      "\x00\x01"
		      "b"
		      "\x8a\x00"
		      "\x80\x01"
		      "c"
		      "\x88\x02\x03\xe8"),
		"ip|o|babc|c\x03\xe8|"},
	{"fragments without payload", &LOOSE, false, BYTES("\x02\x00\x00\x00\x80\x00"),
		"b|"},
	{"a length in two bytes", &LOOSE, false,
		BYTES("\x81\x7e\x00\x80"
		      "1234567890123456123456789012345612345678901234561234567890123456"
		      "1234567890123456123456789012345612345678901234561234567890123456"),
		"t1234567890123456123456789012345612345678901234561234567890123456"
		"1234567890123456123456789012345612345678901234561234567890123456|"},
	{"at the limits", &SMALL, false,
		BYTES("\x01\x08"
		      "12345678"
		      "\x80\x04"
		      "9012"),
		"t123456789012|"},
	{"UTF-8 over fragments", &LOOSE, false, BYTES("\x01\x01\xc3\x80\x01\xa9"),
		"t\xc3\xa9|"},
	// bad
	{"5.1: unmasked frame of a client", &LOOSE, true, BYTES("\x81\x05Hello"),
		"!protocol"},
	{"a frame that is too long", &SMALL, false, BYTES("\x81\x09"), "!too_big"},
	{"a message that is too long", &SMALL, false,
		BYTES("\x81\x01"
		      "a"
		      "\x01\x08"
		      "12345678"
		      "\x80\x05"),
		"ta|!too_big"},
	{"too many fragments", &SMALL, false, BYTES("\x01\x00\x00\x00\x00\x00\x80\x00"),
		"!policy"},
	{"5.4: a continuation of nothing", &LOOSE, false,
		BYTES("\x80\x01"
		      "a"),
		"!protocol"},
	{"5.2: RSV1", &LOOSE, false,
		BYTES("\xc1\x01"
		      "a"),
		"!protocol"},
	{"8.1: text that is not UTF-8", &LOOSE, false,
		BYTES("\x82\x01\xff"
		      "\x81\x01\xff"),
		"b\xff|!bad_utf8"},
};

static char name_opcode(enum ws_opcode opcode)
{
	static const char names[] = "?tb?????cio";
	return names[opcode];
}

static void note(struct buf *events, const struct ws_message_event *event)
{
	buf_printf(events, "%c", name_opcode(event->opcode));
	buf_append_str(events, event->payload);
	buf_append_str(events, STR("|"));
}

// Takes all that it can of what is there. False once it ended.
static bool take(struct ws_message *message, const uint8_t *data, size_t length,
	size_t *taken, struct buf *events)
{
	for (;;) {
		struct ws_message_event event;
		size_t used;
		enum ws_message_result result = ws_message_feed(
			message, data + *taken, length - *taken, &used, &event);
		*taken += used;
		switch (result) {
		case WS_MESSAGE_MORE:
			return true;
		case WS_MESSAGE_WHOLE:
		case WS_MESSAGE_CONTROL:
			note(events, &event);
			break;
		case WS_MESSAGE_BAD:
			cr_assert(message->check.error_text);
			buf_printf(
				events, "!%s", close_reason_name(message->check.error));
			return false;
		case WS_MESSAGE_MEMORY:
			cr_assert_fail();
		}
	}
}

// In one piece if cut is 0, byte by byte if it is SIZE_MAX, else in two.
static void expect(const struct row *row, size_t cut)
{
	struct ws_message message;
	struct buf events = BUF_INIT;
	size_t taken = 0, there = cut == 0 ? row->length : cut == SIZE_MAX ? 1 : cut;
	ws_message_init(&message, row->limits, row->must_be_masked);
	while (take(&message, row->bytes, there, &taken, &events) && there < row->length)
		there = cut == SIZE_MAX ? there + 1 : row->length;
	cr_assert(str_equal(buf_str(&events), str_from(row->events)), "%s, cut %zu: %.*s",
		row->name, cut, STR_ARG(buf_str(&events)));
	buf_finish(&events);
	ws_message_finish(&message);
}

Test(ws_message, gives_the_same_messages_however_they_are_split)
{
	for (size_t i = 0; i < COUNT(ROWS); i++) {
		expect(&ROWS[i], SIZE_MAX);
		for (size_t cut = 0; cut < ROWS[i].length; cut++)
			expect(&ROWS[i], cut);
	}
}

Test(ws_message, keeps_no_memory_between_messages)
{
	struct ws_message message;
	struct ws_message_event event;
	size_t taken;
	ws_message_init(&message, &LOOSE, false);
	cr_assert_eq(ws_message_feed(&message, BYTES("\x81\x05Hello"), &taken, &event),
		WS_MESSAGE_WHOLE);
	cr_assert_eq(
		ws_message_feed(&message, BYTES(""), &taken, &event), WS_MESSAGE_MORE);
	cr_assert_null(message.text.data);
}

Test(ws_message, takes_no_memory_for_what_is_only_announced)
{
	struct ws_message message;
	struct ws_message_event event;
	size_t taken;
	ws_message_init(&message, &LOOSE, false);
	cr_assert_eq(ws_message_feed(&message,
			     BYTES("\x81\x7f\x00\x00\x00\x00\x00\x10\x00\x00"
				   "a"),
			     &taken, &event),
		WS_MESSAGE_MORE);
	cr_assert_eq(taken, 11);
	cr_assert(message.text.capacity <= 1024);
	ws_message_finish(&message);
}
