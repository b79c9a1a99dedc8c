// SPDX-License-Identifier: MIT
// How ws_check walks: where it stops, what it counts, what it says of boundaries.
#include <string.h>

#include <criterion/criterion.h>

#include "wherry/proto/ws_check.h"

#define BYTES(literal) (const uint8_t *)(literal), sizeof(literal) - 1

static const struct ws_check_limits LOOSE = {1 << 20, 16 << 20, 1024, false};

static struct ws_check from_server(const struct ws_check_limits *limits)
{
	struct ws_check check;
	ws_check_init(&check, limits, false, false);
	return check;
}

// Expects this result and this number of bytes taken.
static void expect(struct ws_check *check, enum ws_check_stop stop, const uint8_t *data,
	size_t length, enum ws_check_result result, size_t taken)
{
	size_t got;
	cr_assert_eq(ws_check_feed(check, data, length, stop, &got), result);
	cr_assert_eq(got, taken, "%zu, not %zu", got, taken);
}

Test(ws_check, stops_before_a_header_when_asked)
{
	struct ws_check check = from_server(&LOOSE);
	expect(&check, WS_CHECK_STOP_AT_FRAME,
		BYTES("\x81\x01"
		      "a"),
		WS_CHECK_BOUNDARY, 0);
	expect(&check, WS_CHECK_STOP_NEVER,
		BYTES("\x81\x04"
		      "ab"),
		WS_CHECK_MORE, 4);
	expect(&check, WS_CHECK_STOP_AT_FRAME, BYTES("c"), WS_CHECK_MORE, 1);
	expect(&check, WS_CHECK_STOP_AT_FRAME,
		BYTES("d"
		      "\x81\x01"
		      "a"),
		WS_CHECK_BOUNDARY, 1);
	expect(&check, WS_CHECK_STOP_AT_FRAME, NULL, 0, WS_CHECK_BOUNDARY, 0);
}

Test(ws_check, stops_where_the_bytes_end_at_a_boundary)
{
	struct ws_check check = from_server(&LOOSE);
	expect(&check, WS_CHECK_STOP_NEVER,
		BYTES("\x81\x02"
		      "a"),
		WS_CHECK_MORE, 3);
	expect(&check, WS_CHECK_STOP_AT_FRAME, BYTES("b"), WS_CHECK_BOUNDARY, 1);
}

Test(ws_check, stops_between_messages_when_asked)
{
	struct ws_check check = from_server(&LOOSE);
	expect(&check, WS_CHECK_STOP_NEVER,
		BYTES("\x01\x01"
		      "a"),
		WS_CHECK_MORE, 3);
	expect(&check, WS_CHECK_STOP_AT_MESSAGE,
		BYTES("\0\x01"
		      "b"
		      "\x80\x01"
		      "c"
		      "\x81\x01"
		      "d"),
		WS_CHECK_BOUNDARY, 6);
	expect(&check, WS_CHECK_STOP_AT_MESSAGE, BYTES("\x89\0"), WS_CHECK_BOUNDARY, 0);
}

Test(ws_check, announces_a_control_frame_again_until_it_is_moved_past)
{
	struct ws_check check = from_server(&LOOSE);
	const uint8_t bytes[] = "\x01\x01"
				"a"
				"\x89\x02"
				"hi"
				"\x80\0";
	expect(&check, WS_CHECK_STOP_NEVER, bytes, 6, WS_CHECK_MORE, 3);
	expect(&check, WS_CHECK_STOP_NEVER, bytes + 3, 6, WS_CHECK_CONTROL, 0);
	expect(&check, WS_CHECK_STOP_AT_MESSAGE, bytes + 3, 6, WS_CHECK_CONTROL, 0);
	cr_expect_eq(check.control.opcode, WS_PING);
	cr_expect_eq(check.control.header_length, 2);
	cr_expect_eq(check.control.payload_length, 2);
	cr_expect(ws_check_is_at_frame_boundary(&check));
	cr_expect_not(ws_check_is_at_message_boundary(&check));
	expect(&check, WS_CHECK_STOP_NEVER, bytes + 7, 2, WS_CHECK_MORE, 2);
	cr_expect(ws_check_is_at_message_boundary(&check));
}

Test(ws_check, knows_its_boundaries)
{
	struct ws_check check = from_server(&LOOSE);
	cr_expect(ws_check_is_at_message_boundary(&check));
	expect(&check, WS_CHECK_STOP_NEVER, BYTES("\x81\x02"), WS_CHECK_MORE, 2);
	cr_expect_not(ws_check_is_at_frame_boundary(&check));
	expect(&check, WS_CHECK_STOP_NEVER,
		BYTES("ab"
		      "\x01\x01"
		      "c"
		      "\x80"),
		WS_CHECK_MORE, 5);
	cr_expect(ws_check_is_at_frame_boundary(&check));
	cr_expect_not(ws_check_is_at_message_boundary(&check));
}

Test(ws_check, leaves_the_other_side_at_a_boundary_when_text_is_bad)
{
	static const struct ws_check_limits TEXT = {1 << 20, 16 << 20, 1024, true};
	struct ws_check check = from_server(&TEXT);
	expect(&check, WS_CHECK_STOP_NEVER,
		BYTES("\x81\x01"
		      "a"
		      "\x81\x02"
		      "a\xff"),
		WS_CHECK_BAD, 3);
	cr_expect(ws_check_is_at_message_boundary(&check));

	check = from_server(&TEXT);
	expect(&check, WS_CHECK_STOP_NEVER,
		BYTES("\x81\x05"
		      "a"),
		WS_CHECK_MORE, 3);
	expect(&check, WS_CHECK_STOP_NEVER, BYTES("b\xff"), WS_CHECK_BAD, 0);
	cr_expect_not(ws_check_is_at_frame_boundary(&check));
	cr_expect_str_not_empty(check.error_text);
}

Test(ws_check, counts_messages_at_their_end_and_bytes_as_declared)
{
	struct ws_check check = from_server(&LOOSE);
	expect(&check, WS_CHECK_STOP_NEVER,
		BYTES("\x81\x02"
		      "ab"
		      "\x02\x03"
		      "c"),
		WS_CHECK_MORE, 7);
	cr_expect_eq(check.messages, 1);
	cr_expect_eq(check.data_bytes, 5);
	expect(&check, WS_CHECK_STOP_NEVER,
		BYTES("de"
		      "\x80\x01"),
		WS_CHECK_MORE, 4);
	cr_expect_eq(check.messages, 1);
	expect(&check, WS_CHECK_STOP_NEVER, BYTES("f"), WS_CHECK_MORE, 1);
	cr_expect_eq(check.messages, 2);
	cr_expect_eq(check.data_bytes, 6);
}

Test(ws_check, obeys_limits_that_shrink_within_a_message)
{
	static const struct ws_check_limits TIGHT = {4, 4, 1024, false};
	struct ws_check check = from_server(&LOOSE);
	expect(&check, WS_CHECK_STOP_NEVER,
		BYTES("\x01\x05"
		      "abcde"),
		WS_CHECK_MORE, 7);
	check.limits = &TIGHT;
	expect(&check, WS_CHECK_STOP_NEVER, BYTES("\x80\x01"), WS_CHECK_BAD, 0);
	cr_expect_eq(check.error, CLOSE_REASON_TOO_BIG);
}

Test(ws_check, adds_message_lengths_without_overflow)
{
	static const struct ws_check_limits OFF = {
		UINT64_MAX, UINT64_MAX, UINT64_MAX, false};
	struct ws_check check = from_server(&OFF);
	// Three frames of 2^63-1 bytes, their payloads skipped by hand, pass 2^64.
	const char *headers[] = {"\x02\x7f", "\0\x7f", "\0\x7f"};
	for (size_t i = 0; i < 3; i++) {
		uint8_t header[10] = {0x7f, 0x7f, 0x7f};
		memcpy(header, headers[i], 2);
		memset(header + 2, 0xff, 8);
		header[2] = 0x7f;
		bool is_last = i == 2;
		expect(&check, WS_CHECK_STOP_NEVER, header, sizeof(header),
			is_last ? WS_CHECK_BAD : WS_CHECK_MORE, is_last ? 0 : 10);
		check.payload_left = 0;
	}
	cr_expect_eq(check.error, CLOSE_REASON_TOO_BIG);
}

Test(ws_check, does_not_forget_an_open_message_after_many_fragments)
{
	static const struct ws_check_limits OFF = {
		UINT64_MAX, UINT64_MAX, UINT64_MAX, false};
	struct ws_check check = from_server(&OFF);
	expect(&check, WS_CHECK_STOP_NEVER, BYTES("\x02\0"), WS_CHECK_MORE, 2);
	check.fragments = UINT32_MAX;
	expect(&check, WS_CHECK_STOP_NEVER, BYTES("\0\0\0\0"), WS_CHECK_MORE, 4);
	cr_expect_not(ws_check_is_at_message_boundary(&check));
}

Test(ws_check, passes_a_large_payload_in_any_pieces)
{
	static const struct ws_check_limits TEXT = {1 << 20, 16 << 20, 1024, true};
	static const uint8_t MASK[4] = {1, 2, 3, 4};
	enum {
		PAYLOAD = 5000
	};
	uint8_t bytes[WS_FRAME_MAX_HEADER + PAYLOAD];
	struct ws_frame frame = {.is_final = true,
		.opcode = WS_TEXT,
		.is_masked = true,
		.mask = {1, 2, 3, 4},
		.payload_length = PAYLOAD};
	size_t length = ws_frame_write(&frame, bytes);
	for (size_t i = 0; i < PAYLOAD; i += 2)
		memcpy(bytes + length + i, "\xc3\xa9", 2);
	ws_frame_mask(bytes + length, PAYLOAD, MASK, 0);
	length += PAYLOAD;
	for (size_t piece = 1; piece <= 1500; piece += piece < 20 ? 1 : 97) {
		struct ws_check check;
		ws_check_init(&check, &TEXT, true, false);
		size_t end = 0, at = 0;
		while (at < length) {
			size_t taken;
			end = end + piece < length ? end + piece : length;
			cr_assert_eq(ws_check_feed(&check, bytes + at, end - at,
					     WS_CHECK_STOP_NEVER, &taken),
				WS_CHECK_MORE, "pieces of %zu", piece);
			at += taken;
		}
		cr_expect_eq(check.messages, 1);
	}
}
