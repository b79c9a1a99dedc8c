// SPDX-License-Identifier: MIT
#include "wherry/proto/ws_check.h"

#include <string.h>

#include <criterion/criterion.h>

#define BYTES(literal) (const uint8_t *)(literal), sizeof(literal) - 1

#define LEGAL CLOSE_REASON_COUNT // no error

// max_frame, max_message, max_fragments, check_utf8
static const struct ws_check_limits LOOSE = {1 << 20, 16 << 20, 1024, false};
static const struct ws_check_limits OFF = {UINT64_MAX, UINT64_MAX, UINT64_MAX, false};
static const struct ws_check_limits TEXT = {1 << 20, 16 << 20, 1024, true};
static const struct ws_check_limits SMALL = {8, 12, 3, false};

#define FROM_CLIENT true, false
#define FROM_SERVER false, false
#define WITH_DEFLATE false, true

// Bytes of one direction, and what is to come of them however they are split.
struct row {
	const char *name;
	const struct ws_check_limits *limits;
	bool must_be_masked;
	bool allows_rsv1;
	const uint8_t *bytes;
	size_t length;
	enum close_reason error; // or LEGAL
	size_t taken;            // with the control frames moved past
	size_t messages;
	size_t controls;
};

static const struct row LEGAL_ROWS[] = {
	{"5.7: unmasked text", &LOOSE, FROM_SERVER, BYTES("\x81\x05Hello"), LEGAL, 7, 1,
		0},
	{"5.7: masked text", &LOOSE, FROM_CLIENT,
		BYTES("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), LEGAL, 11, 1, 0},
	{"5.7: fragmented text", &LOOSE, FROM_SERVER, BYTES("\x01\x03Hel\x80\x02lo"),
		LEGAL, 9, 1, 0},
	{"5.7: ping and its masked pong", &LOOSE, FROM_SERVER, BYTES("\x89\x05Hello"),
		LEGAL, 7, 0, 1},
	{"5.7: masked pong", &LOOSE, FROM_CLIENT,
		BYTES("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), LEGAL, 11, 0, 1},
	{"empty messages", &LOOSE, FROM_SERVER, BYTES("\x81\0\x82\0\x81\0"), LEGAL, 6, 3,
		0},
	{"5.4: ping between fragments", &LOOSE, FROM_SERVER,
		BYTES("\x01\x01"
		      "a"
		      "\x89\x01"
		      "p"
		      "\0\x01"
		      "b"
		      "\x8a\0"
		      "\x80\x01"
		      "c"),
		LEGAL, 14, 1, 2},
	{"fragments without payload", &LOOSE, FROM_SERVER, BYTES("\x02\0\0\0\x80\0"),
		LEGAL, 6, 1, 0},
	{"5.5.1: close without payload", &LOOSE, FROM_SERVER, BYTES("\x88\0"), LEGAL, 2,
		0, 1},
	{"RFC 7692 6: RSV1 on the first frame", &LOOSE, WITH_DEFLATE,
		BYTES("\x41\x01"
		      "a"
		      "\x80\x01"
		      "b"
		      "\xc2\x01"
		      "c"),
		LEGAL, 9, 2, 0},
	{"uncompressed message although negotiated", &LOOSE, WITH_DEFLATE,
		BYTES("\x81\x01"
		      "a"),
		LEGAL, 3, 1, 0},
	{"frame and message at their limits", &SMALL, FROM_SERVER,
		BYTES("\x01\x08"
		      "12345678"
		      "\x80\x04"
		      "9012"),
		LEGAL, 16, 1, 0},
	{"limits count each message anew", &SMALL, FROM_SERVER,
		BYTES("\x81\x08"
		      "12345678"
		      "\x81\x08"
		      "12345678"),
		LEGAL, 20, 2, 0},
	{"as many fragments as allowed", &SMALL, FROM_SERVER, BYTES("\x01\0\0\0\x80\0"),
		LEGAL, 6, 1, 0},
	{"control frames are not under max_frame", &SMALL, FROM_SERVER,
		BYTES("\x89\x09"
		      "123456789"),
		LEGAL, 11, 0, 1},
	{"longest length that is legal", &OFF, FROM_SERVER,
		BYTES("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"
		      "abc"),
		LEGAL, 13, 0, 0},
	{"UTF-8 over fragments and a ping", &TEXT, FROM_SERVER,
		BYTES("\x01\x02"
		      "a\xe2"
		      "\x89\0"
		      "\0\x01"
		      "\x82"
		      "\x80\x01"
		      "\xac"),
		LEGAL, 12, 1, 1},
	{"masked UTF-8", &TEXT, FROM_CLIENT,
		BYTES("\x81\x83\x01\x02\x03\x04"
		      "\xe3\x80\xaf"),
		LEGAL, 9, 1, 0},
	{"binary is not checked as text", &TEXT, FROM_SERVER, BYTES("\x82\x01\xff"),
		LEGAL, 3, 1, 0},
	{"compressed text is not checked", &TEXT, WITH_DEFLATE,
		BYTES("\x41\x01\xff"
		      "\x80\x01\xff"),
		LEGAL, 6, 1, 0},
	{"text is not checked unless asked", &LOOSE, FROM_SERVER, BYTES("\x81\x01\xff"),
		LEGAL, 3, 1, 0},
};

#define PROTOCOL CLOSE_REASON_PROTOCOL
#define TOO_BIG CLOSE_REASON_TOO_BIG
#define POLICY CLOSE_REASON_POLICY
#define BAD_UTF8 CLOSE_REASON_BAD_UTF8

static const struct row BAD_ROWS[] = {
	{"5.1: unmasked frame of a client", &LOOSE, FROM_CLIENT, BYTES("\x81\x05Hello"),
		PROTOCOL, 0, 0, 0},
	{"5.1: masked frame of a server", &LOOSE, FROM_SERVER,
		BYTES("\x81\x81"
		      "abcd"
		      "a"),
		PROTOCOL, 0, 0, 0},
	{"HTTP instead of frames", &LOOSE, FROM_CLIENT,
		BYTES("GET /internal HTTP/1.1\r\n"), PROTOCOL, 0, 0, 0},
	{"HTTP response instead of frames", &LOOSE, FROM_SERVER,
		BYTES("HTTP/1.1 200 OK\r\n"), PROTOCOL, 0, 0, 0},
	{"TLS instead of frames", &LOOSE, FROM_CLIENT, BYTES("\x16\x03\x01\x02\x00"),
		PROTOCOL, 0, 0, 0},
	{"5.2: reserved opcode 3 after a message", &LOOSE, FROM_SERVER,
		BYTES("\x81\x01"
		      "a"
		      "\x83\0"),
		PROTOCOL, 3, 1, 0},
	{"5.2: reserved opcode 11", &LOOSE, FROM_SERVER, BYTES("\x8b\0"), PROTOCOL, 0, 0,
		0},
	{"5.2: RSV1 not negotiated", &LOOSE, FROM_SERVER, BYTES("\xc1\0"), PROTOCOL, 0, 0,
		0},
	{"5.2: RSV2", &LOOSE, WITH_DEFLATE, BYTES("\xa1\0"), PROTOCOL, 0, 0, 0},
	{"5.2: RSV3", &LOOSE, WITH_DEFLATE, BYTES("\x91\0"), PROTOCOL, 0, 0, 0},
	{"RFC 7692 6: RSV1 on a continuation", &LOOSE, WITH_DEFLATE,
		BYTES("\x41\x01"
		      "a"
		      "\xc0\x01"
		      "b"),
		PROTOCOL, 3, 0, 0},
	{"RFC 7692 6: RSV1 on a ping", &LOOSE, WITH_DEFLATE, BYTES("\xc9\0"), PROTOCOL, 0,
		0, 0},
	{"5.4: continuation of nothing", &LOOSE, FROM_SERVER,
		BYTES("\x80\x01"
		      "a"),
		PROTOCOL, 0, 0, 0},
	{"5.4: continuation after a whole message", &LOOSE, FROM_SERVER,
		BYTES("\x81\x01"
		      "a"
		      "\x80\x01"
		      "a"),
		PROTOCOL, 3, 1, 0},
	{"5.4: message inside a message", &LOOSE, FROM_SERVER,
		BYTES("\x01\x01"
		      "a"
		      "\x81\x01"
		      "b"),
		PROTOCOL, 3, 0, 0},
	{"5.5: fragmented ping", &LOOSE, FROM_SERVER, BYTES("\x09\0"), PROTOCOL, 0, 0, 0},
	{"5.5: ping of 126 bytes", &LOOSE, FROM_SERVER, BYTES("\x89\x7e\0\x7e"), PROTOCOL,
		0, 0, 0},
	{"5.2: 125 as a 16-bit length", &LOOSE, FROM_SERVER, BYTES("\x82\x7e\0\x7d"),
		PROTOCOL, 0, 0, 0},
	{"5.2: 65535 as a 64-bit length", &LOOSE, FROM_SERVER,
		BYTES("\x82\x7f\0\0\0\0\0\0\xff\xff"), PROTOCOL, 0, 0, 0},
	{"5.2: top bit of a 64-bit length", &OFF, FROM_SERVER,
		BYTES("\x82\x7f\x80\0\0\0\0\0\0\0"), PROTOCOL, 0, 0, 0},
	{"frame over its limit", &SMALL, FROM_SERVER, BYTES("\x81\x09"), TOO_BIG, 0, 0,
		0},
	{"declared 2^63-1", &LOOSE, FROM_CLIENT,
		BYTES("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff"), TOO_BIG, 0, 0, 0},
	{"message over its limit", &SMALL, FROM_SERVER,
		BYTES("\x01\x08"
		      "12345678"
		      "\x80\x05"),
		TOO_BIG, 10, 0, 0},
	{"message one fragment too long", &SMALL, FROM_SERVER,
		BYTES("\x01\0\0\0\0\0\x80"), POLICY, 6, 0, 0},
	{"lone continuation byte", &TEXT, FROM_SERVER, BYTES("\x81\x01\x80"), BAD_UTF8, 0,
		0, 0},
	{"text ends inside a character", &TEXT, FROM_SERVER, BYTES("\x81\x02\xe2\x82"),
		BAD_UTF8, 0, 0, 0},
	{"last fragment is empty, character open", &TEXT, FROM_SERVER,
		BYTES("\x01\x01\xe2\x80\0"), BAD_UTF8, 3, 0, 0},
	{"masked, bad in the second fragment", &TEXT, FROM_CLIENT,
		BYTES("\x01\x81\x01\x02\x03\x04"
		      "\xe3"
		      "\x80\x81\x01\x02\x03\x04"
		      "\x40"),
		BAD_UTF8, 7, 0, 0},
};

struct outcome {
	enum close_reason error;
	size_t taken;
	size_t messages;
	size_t controls;
};

// Feeds what the ends say is there, as a relay does: the rest of an incomplete header
// again with more, and past control frames.
static struct outcome feed(const struct row *row, const size_t *ends, size_t end_count)
{
	struct ws_check check;
	struct outcome outcome = {.error = LEGAL};
	ws_check_init(&check, row->limits, row->must_be_masked, row->allows_rsv1);
	for (size_t i = 0; i < end_count;) {
		size_t taken;
		enum ws_check_result result =
			ws_check_feed(&check, row->bytes + outcome.taken,
				ends[i] - outcome.taken, WS_CHECK_STOP_NEVER, &taken);
		outcome.taken += taken;
		outcome.messages = check.messages;
		if (result == WS_CHECK_BAD) {
			outcome.error = check.error;
			return outcome;
		}
		if (result == WS_CHECK_CONTROL) {
			outcome.controls++;
			outcome.taken += check.control.header_length +
					 check.control.payload_length;
			continue;
		}
		cr_assert_eq(result, WS_CHECK_MORE, "%s", row->name);
		i++;
	}
	return outcome;
}

static void expect(const struct row *row, const char *how, struct outcome outcome)
{
	cr_expect_eq(
		outcome.error, row->error, "%s, %s: %d", row->name, how, outcome.error);
	cr_expect_eq(outcome.messages, row->messages, "%s, %s", row->name, how);
	cr_expect_eq(outcome.controls, row->controls, "%s, %s", row->name, how);
	// Of bad text, the header and some payload may have gone on before.
	if (row->error == BAD_UTF8)
		cr_expect_geq(outcome.taken, row->taken, "%s, %s", row->name, how);
	else
		cr_expect_eq(outcome.taken, row->taken, "%s, %s: %zu", row->name, how,
			outcome.taken);
}

static void try_row(const struct row *row)
{
	struct outcome whole = feed(row, &row->length, 1);
	expect(row, "whole", whole);
	cr_expect_eq(whole.taken, row->taken, "%s: %zu", row->name, whole.taken);
	for (size_t split = 0; split <= row->length; split++)
		expect(row, "split", feed(row, (size_t[]){split, row->length}, 2));
	size_t ends[64];
	cr_assert_leq(row->length, sizeof(ends) / sizeof(ends[0]));
	for (size_t i = 0; i < row->length; i++)
		ends[i] = i + 1;
	expect(row, "byte by byte", feed(row, ends, row->length));
}

Test(ws_check, takes_what_is_legal)
{
	for (size_t i = 0; i < sizeof(LEGAL_ROWS) / sizeof(LEGAL_ROWS[0]); i++)
		try_row(&LEGAL_ROWS[i]);
}

Test(ws_check, refuses_what_is_not_with_its_reason)
{
	for (size_t i = 0; i < sizeof(BAD_ROWS) / sizeof(BAD_ROWS[0]); i++)
		try_row(&BAD_ROWS[i]);
}
