// SPDX-License-Identifier: MIT
#include <string.h>

#include <criterion/criterion.h>

#include "wherry/proto/ws_check.h"

#define BYTES(literal) (const uint8_t *)(literal), sizeof(literal) - 1

// RFC 6455 section 7.4 and IANA's registry, as first and last codes.
static bool may_be_sent(unsigned code)
{
	static const unsigned RANGES[][2] = {
		{1000, 1003}, {1007, 1014}, {3000, 3999}, {4000, 4999}};
	for (size_t i = 0; i < sizeof(RANGES) / sizeof(RANGES[0]); i++) {
		if (code >= RANGES[i][0] && code <= RANGES[i][1])
			return true;
	}
	return false;
}

Test(ws_check, knows_all_close_codes)
{
	for (unsigned code = 0; code <= UINT16_MAX; code++) {
		const uint8_t payload[2] = {(uint8_t)(code >> 8), (uint8_t)code};
		struct ws_frame close = {.opcode = WS_CLOSE, .payload_length = 2};
		uint16_t got = 1;
		bool is_legal = ws_check_close_payload(&close, payload, &got);
		cr_assert_eq(is_legal, may_be_sent(code), "%u", code);
		cr_assert_eq(got, is_legal ? code : 0, "%u", code);
	}
}

Test(ws_check, judges_close_payloads)
{
	static const struct {
		const char *name;
		const uint8_t *payload;
		size_t length;
		bool is_legal;
		uint16_t code;
	} ROWS[] = {
		{"empty", BYTES(""), true, 0},
		{"5.5.1: one byte", BYTES("\x03"), false, 0},
		{"code and reason",
			BYTES("\x03\xe8"
			      "bye"),
			true, 1000},
		{"5.5.1: reason is not UTF-8",
			BYTES("\x03\xe8"
			      "\xff"),
			false, 1000},
		{"reason ends inside a character",
			BYTES("\x03\xe8"
			      "\xe2\x82"),
			false, 1000},
		{"7.4.1: 1005 is not sent",
			BYTES("\x03\xed"
			      "x"),
			false, 0},
	};
	static const uint8_t MASK[4] = {9, 8, 7, 6};
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		struct ws_frame close = {
			.opcode = WS_CLOSE, .payload_length = ROWS[i].length};
		uint16_t code;
		cr_expect_eq(ws_check_close_payload(&close, ROWS[i].payload, &code),
			ROWS[i].is_legal, "%s", ROWS[i].name);
		cr_expect_eq(code, ROWS[i].code, "%s", ROWS[i].name);

		uint8_t masked[WS_FRAME_MAX_CONTROL_PAYLOAD];
		memcpy(masked, ROWS[i].payload, ROWS[i].length);
		ws_frame_mask(masked, ROWS[i].length, MASK, 0);
		close.is_masked = true;
		memcpy(close.mask, MASK, sizeof(MASK));
		cr_expect_eq(ws_check_close_payload(&close, masked, &code),
			ROWS[i].is_legal, "%s, masked", ROWS[i].name);
		cr_expect_eq(code, ROWS[i].code, "%s, masked", ROWS[i].name);
	}
}
