// SPDX-License-Identifier: MIT
#include "wherry/proto/ws_frame.h"

#include <string.h>

#include <criterion/criterion.h>

#define BYTES(literal) (const uint8_t *)(literal), sizeof(literal) - 1

static const uint8_t KEY[4] = {0x37, 0xfa, 0x21, 0x3d}; // of RFC 6455 section 5.7

static const struct {
	const char *name;
	const uint8_t *bytes;
	size_t length;
	struct ws_frame frame;
} HEADERS[] = {
	{"5.7: unmasked text", BYTES("\x81\x05"),
		{.is_final = true, .opcode = 1, .payload_length = 5}},
	{"5.7: masked text", BYTES("\x81\x85\x37\xfa\x21\x3d"),
		{.is_final = true,
			.opcode = 1,
			.is_masked = true,
			.mask = {0x37, 0xfa, 0x21, 0x3d},
			.payload_length = 5}},
	{"5.7: first fragment", BYTES("\x01\x03"), {.opcode = 1, .payload_length = 3}},
	{"5.7: last fragment", BYTES("\x80\x02"),
		{.is_final = true, .payload_length = 2}},
	{"5.7: ping", BYTES("\x89\x05"),
		{.is_final = true, .opcode = 9, .payload_length = 5}},
	{"5.7: 256 bytes", BYTES("\x82\x7e\x01\x00"),
		{.is_final = true, .opcode = 2, .payload_length = 256}},
	{"5.7: 64 KiB", BYTES("\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
		{.is_final = true, .opcode = 2, .payload_length = 65536}},
	{"longest 7-bit length", BYTES("\x82\x7d"),
		{.is_final = true, .opcode = 2, .payload_length = 125}},
	{"shortest 16-bit length", BYTES("\x82\x7e\x00\x7e"),
		{.is_final = true, .opcode = 2, .payload_length = 126}},
	{"longest 16-bit length", BYTES("\x82\x7e\xff\xff"),
		{.is_final = true, .opcode = 2, .payload_length = 65535}},
	{"longest length, all bits",
		BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
		      "abcd"),
		{.is_final = true,
			.rsv = 7,
			.opcode = 15,
			.is_masked = true,
			.mask = {'a', 'b', 'c', 'd'},
			.payload_length = UINT64_MAX}},
};

enum {
	HEADER_COUNT = sizeof(HEADERS) / sizeof(HEADERS[0])
};

static bool is_same(const struct ws_frame *a, const struct ws_frame *b)
{
	return a->is_final == b->is_final && a->rsv == b->rsv && a->opcode == b->opcode &&
	       a->is_masked == b->is_masked && !memcmp(a->mask, b->mask, 4) &&
	       a->payload_length == b->payload_length;
}

Test(ws_frame, reads_headers_once_they_are_complete)
{
	for (size_t i = 0; i < HEADER_COUNT; i++) {
		struct ws_frame frame;
		for (size_t part = 0; part < HEADERS[i].length; part++)
			cr_expect_not(ws_frame_read(HEADERS[i].bytes, part, &frame),
				"%s, %zu bytes", HEADERS[i].name, part);
		cr_assert(ws_frame_read(HEADERS[i].bytes, HEADERS[i].length, &frame));
		cr_expect(is_same(&frame, &HEADERS[i].frame), "%s", HEADERS[i].name);
		cr_expect_eq(frame.header_length, HEADERS[i].length);
		cr_expect(frame.is_minimal, "%s", HEADERS[i].name);
	}
}

Test(ws_frame, writes_the_same_headers)
{
	for (size_t i = 0; i < HEADER_COUNT; i++) {
		uint8_t out[WS_FRAME_MAX_HEADER];
		size_t length = ws_frame_write(&HEADERS[i].frame, out);
		cr_expect_arr_eq(
			out, HEADERS[i].bytes, HEADERS[i].length, "%s", HEADERS[i].name);
		cr_expect_eq(length, HEADERS[i].length, "%s", HEADERS[i].name);
	}
}

Test(ws_frame, knows_lengths_that_are_not_minimal)
{
	struct ws_frame frame;
	cr_assert(ws_frame_read(BYTES("\x82\x7e\x00\x7d"), &frame));
	cr_expect_not(frame.is_minimal);
	cr_assert(ws_frame_read(BYTES("\x82\x7f\0\0\0\0\0\0\xff\xff"), &frame));
	cr_expect_not(frame.is_minimal);
	cr_expect_eq(frame.payload_length, 65535);
}

Test(ws_frame, masks_the_example_of_the_rfc)
{
	uint8_t data[] = {0x7f, 0x9f, 0x4d, 0x51, 0x58};
	ws_frame_mask(data, sizeof(data), KEY, 0);
	cr_expect_arr_eq(data, "Hello", 5);
}

Test(ws_frame, masks_any_length_at_any_offset_and_address)
{
	for (size_t start = 0; start < 8; start++) {
		for (size_t length = 0; length <= 40; length++) {
			for (uint64_t offset = 0; offset < 5; offset++) {
				uint8_t data[64];
				for (size_t i = 0; i < sizeof(data); i++)
					data[i] = (uint8_t)(i * 7);
				ws_frame_mask(data + start, length, KEY, offset);
				for (size_t i = 0; i < sizeof(data); i++) {
					bool is_inside = i >= start && i < start + length;
					uint8_t key =
						is_inside ? KEY[(i - start + offset) % 4]
							  : 0;
					cr_assert_eq(data[i], (uint8_t)(i * 7) ^ key);
				}
			}
		}
	}
}

Test(ws_frame, takes_an_offset_beyond_32_bits)
{
	uint8_t data[] = {0, 0};
	ws_frame_mask(data, sizeof(data), KEY, (UINT64_C(1) << 40) + 3);
	cr_expect_eq(data[0], KEY[3]);
	cr_expect_eq(data[1], KEY[0]);
}

Test(ws_frame, writes_whole_control_frames)
{
	uint8_t out[WS_FRAME_MAX_CONTROL];
	cr_expect_eq(ws_frame_write_control(WS_PING, NULL, "Hello", 5, out), 7);
	cr_expect_arr_eq(out, "\x89\x05Hello", 7);

	cr_expect_eq(ws_frame_write_control(WS_PONG, KEY, "Hello", 5, out), 11);
	cr_expect_arr_eq(out, "\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11);

	uint8_t longest[WS_FRAME_MAX_CONTROL_PAYLOAD] = {0};
	cr_expect_eq(ws_frame_write_control(WS_PONG, KEY, longest, sizeof(longest), out),
		WS_FRAME_MAX_CONTROL);
	cr_expect_eq(ws_frame_write_control(WS_PONG, NULL, NULL, 0, out), 2);
}

Test(ws_frame, writes_close_frames)
{
	uint8_t out[WS_FRAME_MAX_CONTROL];
	cr_expect_eq(ws_frame_write_close(1001, "bye", NULL, out), 7);
	cr_expect_arr_eq(out,
		"\x88\x05\x03\xe9"
		"bye",
		7);

	cr_expect_eq(ws_frame_write_close(1002, "", KEY, out), 8);
	cr_expect_arr_eq(out, "\x88\x82\x37\xfa\x21\x3d\x34\x10", 8);

	cr_expect_eq(ws_frame_write_close(0, "not sent", NULL, out), 2);
	cr_expect_arr_eq(out, "\x88\x00", 2);
}

Test(ws_frame, cuts_a_long_close_reason)
{
	char reason[200];
	memset(reason, 'x', sizeof(reason) - 1);
	reason[sizeof(reason) - 1] = '\0';
	uint8_t out[WS_FRAME_MAX_CONTROL];
	cr_expect_eq(ws_frame_write_close(1008, reason, NULL, out), 2 + 125);
	cr_expect_eq(out[1], 125);
}
