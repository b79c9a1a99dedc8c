// SPDX-License-Identifier: MIT
// Requests of the control socket: however their bytes arrive, the same requests are read
// of them, and a read one has a verb.
// Input: what a peer sends.
#include <string.h>

#include <jansson.h>

#include "fuzz.h"

#include "wherry/admin/control_request.h"

struct input {
	const uint8_t *data;
	size_t size;
	uint64_t expected; // hash of what was read of the whole
};

// Reads all requests, taking and keeping bytes as the stream's consumer does.
static uint64_t read_all(const struct input *input, struct fuzz_pieces pieces)
{
	uint64_t hash = 1;
	size_t start = 0, end = 0;
	while (end < input->size) {
		end = fuzz_next_end(pieces, end, input->size);
		for (;;) {
			struct str rest = {
				(const char *)input->data + start, end - start};
			json_t *request;
			size_t used;
			const char *error;
			enum control_request_result result =
				control_request_read(rest, &request, &used, &error);
			if (result == CONTROL_REQUEST_BAD)
				return fuzz_hash(hash, error, strlen(error));
			FUZZ_REQUIRE(used <= rest.length);
			start += used;
			if (result == CONTROL_REQUEST_MORE)
				break;
			const char *verb = control_request_verb(request);
			FUZZ_REQUIRE(verb && used > 0);
			hash = fuzz_hash(hash, verb, strlen(verb) + 1);
			json_decref(request);
		}
		FUZZ_REQUIRE(end - start < CONTROL_REQUEST_MAX);
	}
	return hash;
}

static void compare(struct fuzz_pieces pieces, void *arg)
{
	const struct input *input = arg;
	FUZZ_REQUIRE(read_all(input, pieces) == input->expected);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > 1 << 12)
		return 0;
	// A copy whose end the sanitizer knows.
	uint8_t *copy = malloc(size);
	FUZZ_REQUIRE(copy);
	memcpy(copy, data, size);
	struct input input = {.data = copy, .size = size};
	input.expected = read_all(&input, (struct fuzz_pieces){size, size});
	fuzz_some_splits(copy, size, compare, &input);
	free(copy);
	return 0;
}
