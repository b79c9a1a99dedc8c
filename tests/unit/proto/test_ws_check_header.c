// SPDX-License-Identifier: MIT
// Every pair of first bytes, against lists written down from RFC 6455 section 5.2.
#include <string.h>

#include <criterion/criterion.h>

#include "wherry/proto/ws_check.h"

static const struct ws_check_limits LIMITS = {
	.max_frame = UINT64_MAX,
	.max_message = UINT64_MAX,
	.max_fragments = UINT64_MAX,
};

// In which states of a stream a first byte is legal.
enum {
	BETWEEN = 1, // messages
	INSIDE = 2,  // a fragmented message
	DEFLATE = 4, // only if permessage-deflate was negotiated
};

static const struct {
	uint8_t byte;
	unsigned states;
} LEGAL_FIRST_BYTES[] = {
	{0x00, INSIDE},            // continuation
	{0x80, INSIDE},            // last fragment
	{0x01, BETWEEN},           // first fragment of a text
	{0x81, BETWEEN},           // text
	{0x02, BETWEEN},           // first fragment of a binary message
	{0x82, BETWEEN},           // binary
	{0x41, BETWEEN | DEFLATE}, // the same four, compressed
	{0xc1, BETWEEN | DEFLATE}, {0x42, BETWEEN | DEFLATE}, {0xc2, BETWEEN | DEFLATE},
	{0x88, BETWEEN | INSIDE}, // Close
	{0x89, BETWEEN | INSIDE}, // Ping
	{0x8a, BETWEEN | INSIDE}, // Pong
};

struct stream {
	bool is_inside;
	bool is_masked;
	bool has_deflate;
};

static bool is_legal_first_byte(uint8_t byte, struct stream stream)
{
	for (size_t i = 0; i < sizeof(LEGAL_FIRST_BYTES) / sizeof(LEGAL_FIRST_BYTES[0]);
		i++) {
		unsigned states = LEGAL_FIRST_BYTES[i].states;
		if (LEGAL_FIRST_BYTES[i].byte == byte)
			return (states & (stream.is_inside ? INSIDE : BETWEEN)) &&
			       (stream.has_deflate || !(states & DEFLATE));
	}
	return false;
}

static enum ws_check_result expected(uint8_t first, uint8_t second, struct stream stream)
{
	uint8_t lowest = stream.is_masked ? 0x80 : 0x00;
	bool is_control = first == 0x88 || first == 0x89 || first == 0x8a;
	uint8_t highest = lowest + (is_control ? 125 : 127);
	if (!is_legal_first_byte(first, stream) || second < lowest || second > highest)
		return WS_CHECK_BAD;
	return is_control && second == 0x00 ? WS_CHECK_CONTROL : WS_CHECK_MORE;
}

static struct ws_check stream_start(struct stream stream)
{
	static const uint8_t FIRST_FRAGMENT[] = {0x02, 0x80, 1, 2, 3, 4};
	struct ws_check check;
	size_t taken;
	ws_check_init(&check, &LIMITS, stream.is_masked, stream.has_deflate);
	if (!stream.is_inside)
		return check;
	uint8_t bytes[6];
	size_t length = stream.is_masked ? 6 : 2;
	memcpy(bytes, FIRST_FRAGMENT, length);
	if (!stream.is_masked)
		bytes[1] = 0;
	cr_assert_eq(ws_check_feed(&check, bytes, length, WS_CHECK_STOP_NEVER, &taken),
		WS_CHECK_MORE);
	cr_assert_eq(taken, length);
	return check;
}

static void try_pair(
	struct ws_check start, uint8_t first, uint8_t second, struct stream stream)
{
	const uint8_t pair[2] = {first, second};
	struct ws_check check = start;
	size_t taken;
	enum ws_check_result want = expected(first, second, stream);
	enum ws_check_result got =
		ws_check_feed(&check, pair, 2, WS_CHECK_STOP_NEVER, &taken);
	cr_assert_eq(got, want, "%02x %02x masked %d inside %d deflate %d: %d, not %d",
		first, second, stream.is_masked, stream.is_inside, stream.has_deflate,
		got, want);
	// A whole header: only of short data frames without a masking key.
	bool is_taken = want == WS_CHECK_MORE && !stream.is_masked && second < 126 &&
			(first & 0x0f) < WS_CLOSE;
	cr_assert_eq(taken, is_taken ? 2 : 0, "%02x %02x", first, second);
	if (want == WS_CHECK_BAD)
		cr_assert_eq(check.error, CLOSE_REASON_PROTOCOL);
}

static void try_stream(struct stream stream)
{
	struct ws_check start = stream_start(stream);
	for (unsigned first = 0; first < 256; first++) {
		const uint8_t byte = (uint8_t)first;
		struct ws_check check = start;
		size_t taken;
		cr_assert_eq(ws_check_feed(&check, &byte, 1, WS_CHECK_STOP_NEVER, &taken),
			is_legal_first_byte(byte, stream) ? WS_CHECK_MORE : WS_CHECK_BAD,
			"%02x alone", first);
		cr_assert_eq(taken, 0);
		for (unsigned second = 0; second < 256; second++)
			try_pair(start, byte, (uint8_t)second, stream);
	}
}

Test(ws_check_header, judges_all_pairs_of_first_bytes)
{
	for (unsigned bits = 0; bits < 8; bits++)
		try_stream((struct stream){
			.is_inside = bits & 1,
			.is_masked = bits & 2,
			.has_deflate = bits & 4,
		});
}
