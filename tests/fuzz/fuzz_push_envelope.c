// SPDX-License-Identifier: MIT
// The envelope: whatever the payload, it is one JSON object that jansson reads, and the
// payload can be had back; and whatever a client sends is refused or is whole.
// Input: a payload, or a client's message.
#include <string.h>

#include <jansson.h>

#include "fuzz.h"

#include "wherry/base/base64.h"
#include "wherry/proto/json_text.h"
#include "wherry/proto/push_envelope.h"
#include "wherry/proto/push_follow.h"

static void require_base64(json_t *data, struct str payload)
{
	struct str text = {json_string_value(data), json_string_length(data)};
	uint8_t *bytes = malloc(base64_room(text.length) + 1);
	size_t length;
	FUZZ_REQUIRE(bytes && base64_decode(text, bytes, &length));
	FUZZ_REQUIRE(
		length == payload.length && memcmp(bytes, payload.data, length) == 0);
	free(bytes);
}

// jansson refuses a few payloads that are JSON all the same.
static void write_payload(struct str payload)
{
	struct push_envelope envelope = {7, payload, "message", payload};
	struct buf out = BUF_INIT;
	push_envelope_write(&out, &envelope);
	FUZZ_REQUIRE(json_text_is_value(buf_str(&out)));
	json_t *object = json_loadb(out.data, out.length, JSON_ALLOW_NUL, NULL);
	FUZZ_REQUIRE(object || json_text_is_value(payload));
	json_t *data = json_object_get(object, "data");
	json_t *data64 = json_object_get(object, "data64");
	FUZZ_REQUIRE(!object || !data != !data64);
	if (object && data && !json_text_is_value(payload))
		FUZZ_REQUIRE(json_string_length(data) == payload.length);
	if (data64)
		require_base64(data64, payload);
	json_decref(object);
	buf_finish(&out);
}

static void read_request(struct str text)
{
	struct push_envelope_request request;
	const char *error = NULL;
	if (push_envelope_read(text, &request, &error)) {
		FUZZ_REQUIRE(!error && json_text_is_value(text));
		FUZZ_REQUIRE(request.payload.length <= text.length);
	} else {
		FUZZ_REQUIRE(error);
	}
	push_envelope_finish(&request);
}

static void read_follow(struct str text)
{
	struct push_follow follow;
	const char *error = NULL;
	if (push_follow_read(text, &follow, &error)) {
		FUZZ_REQUIRE(!error && json_text_is_value(text));
		FUZZ_REQUIRE(follow.url.length > 0 && follow.url.length < text.length);
		FUZZ_REQUIRE(!follow.is_end || follow.last_event_id.length == 0);
	} else {
		FUZZ_REQUIRE(error);
	}
	push_follow_finish(&follow);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	if (size > 1 << 12)
		return 0;
	write_payload(text);
	read_request(text);
	read_follow(text);
	return 0;
}
