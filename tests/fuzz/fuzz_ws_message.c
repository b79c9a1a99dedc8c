// SPDX-License-Identifier: MIT
// Messages of a WebSocket that ends here: the same however the stream is split, as many
// as a naive reading finds, and never longer than allowed. Input: one byte of options,
// then the stream.
#include <string.h>

#include "fuzz.h"
#include "ws_oracle.h"

#include "wherry/proto/ws_message.h"

enum {
	OPTION_MASKED = 1,
	OPTION_SMALL = 2,
};

static const struct ws_check_limits loose = {1 << 20, 1 << 20, 1024, true};
static const struct ws_check_limits small = {100, 150, 3, true};

struct outcome {
	uint64_t hash; // of all that came
	uint64_t messages, controls;
	enum close_reason error;
};

struct comparison {
	struct ws_oracle_input input;
	struct outcome whole;
};

static void note(struct outcome *outcome, const struct ws_message_event *event)
{
	outcome->hash = fuzz_hash(outcome->hash, &event->opcode, sizeof(event->opcode));
	outcome->hash =
		fuzz_hash(outcome->hash, event->payload.data, event->payload.length);
	if (event->opcode >= WS_CLOSE)
		outcome->controls++;
	else
		outcome->messages++;
}

// Takes all that it can. False once it ended.
static bool take(struct ws_message *message, const struct ws_oracle_input *input,
	size_t there, size_t *taken, struct outcome *outcome)
{
	for (;;) {
		struct ws_message_event event;
		size_t used;
		enum ws_message_result result = ws_message_feed(
			message, input->data + *taken, there - *taken, &used, &event);
		*taken += used;
		FUZZ_REQUIRE(*taken <= there);
		FUZZ_REQUIRE(message->text.length <= input->limits->max_message);
		switch (result) {
		case WS_MESSAGE_MORE:
			return true;
		case WS_MESSAGE_WHOLE:
		case WS_MESSAGE_CONTROL:
			note(outcome, &event);
			break;
		case WS_MESSAGE_BAD:
			outcome->error = message->check.error;
			return false;
		case WS_MESSAGE_MEMORY:
			FUZZ_REQUIRE(false);
		}
	}
}

static struct outcome feed(const struct ws_oracle_input *input, struct fuzz_pieces pieces)
{
	struct outcome outcome = {.error = WS_ORACLE_LEGAL};
	struct ws_message message;
	size_t there = 0, taken = 0;
	ws_message_init(&message, input->limits, input->must_be_masked);
	do {
		there = fuzz_next_end(pieces, there, input->size);
	} while (take(&message, input, there, &taken, &outcome) && there < input->size);
	ws_message_finish(&message);
	return outcome;
}

static void compare(struct fuzz_pieces pieces, void *arg)
{
	const struct comparison *comparison = arg;
	struct outcome outcome = feed(&comparison->input, pieces);
	FUZZ_REQUIRE(outcome.hash == comparison->whole.hash);
	FUZZ_REQUIRE(outcome.messages == comparison->whole.messages);
	FUZZ_REQUIRE(outcome.controls == comparison->whole.controls);
	FUZZ_REQUIRE(outcome.error == comparison->whole.error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || size > WS_ORACLE_MAX_BYTES)
		return 0;
	struct comparison comparison = {
		.input =
			{
				.limits = data[0] & OPTION_SMALL ? &small : &loose,
				.must_be_masked = data[0] & OPTION_MASKED,
				.data = data + 1,
				.size = size - 1,
			},
	};
	struct ws_oracle_verdict verdict = ws_oracle_judge(&comparison.input);
	comparison.whole = feed(&comparison.input, (struct fuzz_pieces){size, size});
	FUZZ_REQUIRE(comparison.whole.messages == verdict.messages);
	FUZZ_REQUIRE(comparison.whole.controls == verdict.controls);
	FUZZ_REQUIRE(comparison.whole.error == verdict.error);
	fuzz_some_splits(
		comparison.input.data, comparison.input.size, compare, &comparison);
	return 0;
}
