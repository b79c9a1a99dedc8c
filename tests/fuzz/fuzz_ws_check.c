// SPDX-License-Identifier: MIT
// One direction of a WebSocket: ws_check says the same as a naive reading of the whole
// stream, however it is split, and stops at boundaries only.
// Input: one byte of options, then the stream.
#include <string.h>

#include "fuzz.h"
#include "ws_oracle.h"

#include "wherry/proto/ws_check.h"

enum {
	OPTION_MASKED = 1,
	OPTION_DEFLATE = 2,
	OPTION_UTF8 = 4,
	OPTION_SMALL = 8,
};

struct comparison {
	struct ws_oracle_input input;
	struct ws_oracle_verdict whole;
	enum ws_check_stop stop; // asked for first, each time
};

// Moves past what the result says; false when the bytes that are there are used up.
static bool take_result(struct ws_check *check, enum ws_check_result result,
	struct ws_oracle_verdict *verdict)
{
	switch (result) {
	case WS_CHECK_MORE:
	case WS_CHECK_BOUNDARY:
		return false;
	case WS_CHECK_CONTROL:
		FUZZ_REQUIRE(ws_check_is_at_frame_boundary(check));
		FUZZ_REQUIRE(check->control.payload_length <= 125);
		verdict->taken +=
			check->control.header_length + check->control.payload_length;
		verdict->controls++;
		return true;
	case WS_CHECK_BAD:
		FUZZ_REQUIRE(check->error_text);
		verdict->error = check->error;
		return false;
	}
	return false;
}

// What lies before a boundary that was asked for.
static void take_until_boundary(struct ws_check *check,
	const struct comparison *comparison, size_t there,
	struct ws_oracle_verdict *verdict)
{
	size_t taken;
	struct ws_check copy = *check;
	enum ws_check_result result =
		ws_check_feed(&copy, comparison->input.data + verdict->taken,
			there - verdict->taken, comparison->stop, &taken);
	if (result != WS_CHECK_BOUNDARY)
		return;
	FUZZ_REQUIRE(ws_check_is_at_frame_boundary(&copy));
	if (comparison->stop == WS_CHECK_STOP_AT_MESSAGE)
		FUZZ_REQUIRE(ws_check_is_at_message_boundary(&copy));
	*check = copy;
	verdict->taken += taken;
}

static struct ws_oracle_verdict feed(
	const struct comparison *comparison, struct fuzz_pieces pieces)
{
	const struct ws_oracle_input *input = &comparison->input;
	struct ws_oracle_verdict verdict = {.error = WS_ORACLE_LEGAL};
	struct ws_check check;
	ws_check_init(&check, input->limits, input->must_be_masked, input->allows_rsv1);
	for (size_t there = 0; there < input->size && verdict.error == WS_ORACLE_LEGAL;) {
		enum ws_check_result result;
		there = fuzz_next_end(pieces, there, input->size);
		do {
			size_t taken;
			take_until_boundary(&check, comparison, there, &verdict);
			result = ws_check_feed(&check, input->data + verdict.taken,
				there - verdict.taken, WS_CHECK_STOP_NEVER, &taken);
			FUZZ_REQUIRE(taken <= there - verdict.taken);
			verdict.taken += taken;
		} while (take_result(&check, result, &verdict));
	}
	verdict.messages = check.messages;
	return verdict;
}

static void require_same(
	struct ws_oracle_verdict got, struct ws_oracle_verdict want, bool is_whole)
{
	FUZZ_REQUIRE(got.error == want.error);
	FUZZ_REQUIRE(got.messages == want.messages);
	FUZZ_REQUIRE(got.controls == want.controls);
	// In pieces, a header goes on before its text turns out bad.
	if (is_whole || want.error != CLOSE_REASON_BAD_UTF8)
		FUZZ_REQUIRE(got.taken == want.taken);
	else
		FUZZ_REQUIRE(got.taken >= want.taken);
}

static void compare(struct fuzz_pieces pieces, void *arg)
{
	const struct comparison *comparison = arg;
	require_same(feed(comparison, pieces), comparison->whole, false);
}

static void judge_close_payload(const struct ws_oracle_input *input)
{
	struct ws_frame close = {.is_masked = input->must_be_masked,
		.mask = {1, 2, 3, 4},
		.payload_length = input->size};
	uint16_t code;
	if (ws_check_close_payload(&close, input->data, &code))
		FUZZ_REQUIRE(close.payload_length <= 125 && close.payload_length != 1 &&
			     (code >= 1000) == (close.payload_length > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct ws_check_limits LIMITS[2][2] = {
		{{UINT64_MAX, UINT64_MAX, UINT64_MAX, false},
			{UINT64_MAX, UINT64_MAX, UINT64_MAX, true}},
		{{130, 200, 3, false}, {130, 200, 3, true}},
	};
	if (size < 1 || size - 1 > WS_ORACLE_MAX_BYTES)
		return 0;
	unsigned options = data[0];
	struct comparison comparison = {
		.input = {.limits = &LIMITS[!!(options & OPTION_SMALL)]
					   [!!(options & OPTION_UTF8)],
			.must_be_masked = options & OPTION_MASKED,
			.allows_rsv1 = options & OPTION_DEFLATE,
			.data = data + 1,
			.size = size - 1}};
	comparison.whole = ws_oracle_judge(&comparison.input);
	struct fuzz_pieces whole = {size, size};
	require_same(feed(&comparison, whole), comparison.whole, true);
	fuzz_some_splits(data + 1, size - 1, compare, &comparison);
	comparison.stop = WS_CHECK_STOP_AT_FRAME;
	require_same(feed(&comparison, whole), comparison.whole, true);
	fuzz_some_splits(data + 1, size - 1, compare, &comparison);
	comparison.stop = WS_CHECK_STOP_AT_MESSAGE;
	require_same(feed(&comparison, whole), comparison.whole, true);
	judge_close_payload(&comparison.input);
	return 0;
}
