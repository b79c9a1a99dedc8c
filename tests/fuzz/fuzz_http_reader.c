// SPDX-License-Identifier: MIT
// Streams of HTTP/1 messages: http_scan and llhttp never disagree about a head that
// http_scan takes, and any split gives the same messages.
// Input: "Q" for requests or "R" for responses, then the bytes.
#include <string.h>

#include "fuzz.h"

#include "wherry/proto/http_reader.h"

enum {
	MAX_BYTES = 8192
};

// Small, so that inputs reach them.
static const struct http_scan_limits LIMITS = {.head_bytes = 2048, .line_bytes = 512};

struct input {
	enum http_message_kind kind;
	const uint8_t *data;
	size_t size;
};

struct reading {
	uint64_t hash; // of all heads and bodies
	size_t heads;
	size_t ends;
	size_t body_bytes;
	bool is_bad;
	bool is_complete_at_eof;
};

struct comparison {
	struct input input;
	struct reading whole;
};

static void require_inside(const struct input *input, struct str slice)
{
	const char *data = (const char *)input->data;
	FUZZ_REQUIRE(slice.length == 0 ||
		     (slice.data >= data && slice.length <= input->size &&
			     slice.data + slice.length <= data + input->size));
}

static void add_str(struct reading *reading, const struct input *input, struct str s)
{
	require_inside(input, s);
	reading->hash = fuzz_hash(reading->hash, s.data, s.length);
	reading->hash = fuzz_hash(reading->hash, "|", 1);
}

static void add_head(struct reading *reading, const struct input *input,
	const struct http_message *message)
{
	reading->heads++;
	add_str(reading, input, message->method);
	add_str(reading, input, message->target);
	reading->hash =
		fuzz_hash(reading->hash, &message->status, sizeof(message->status));
	reading->hash =
		fuzz_hash(reading->hash, &message->body_kind, sizeof(message->body_kind));
	FUZZ_REQUIRE(message->field_count <= HTTP_MESSAGE_MAX_FIELDS);
	for (size_t i = 0; i < message->field_count; i++) {
		add_str(reading, input, message->fields[i].name);
		add_str(reading, input, message->fields[i].value);
	}
}

// Takes one item; false when the stream is over or broken.
static bool take_item(struct http_reader *reader, const struct input *input, size_t *at,
	size_t there, struct reading *reading)
{
	struct http_message message;
	size_t taken;
	enum http_reader_item item = http_reader_next(
		reader, input->data + *at, there - *at, &message, &taken);
	FUZZ_REQUIRE(taken <= there - *at);
	FUZZ_REQUIRE(!reader->is_disagreement);
	*at += taken;
	switch (item) {
	case HTTP_READER_MORE:
		return false;
	case HTTP_READER_HEAD:
		add_head(reading, input, &message);
		break;
	case HTTP_READER_BODY:
		FUZZ_REQUIRE(reader->body.length > 0);
		require_inside(input, reader->body);
		reading->hash =
			fuzz_hash(reading->hash, reader->body.data, reader->body.length);
		reading->body_bytes += reader->body.length;
		break;
	case HTTP_READER_END:
		reading->ends++;
		break;
	case HTTP_READER_BAD:
		FUZZ_REQUIRE(reader->scan.error && reader->scan.status >= 400);
		reading->is_bad = true;
		return false;
	}
	return true;
}

static struct reading read_all(const struct input *input, struct fuzz_pieces pieces)
{
	struct http_reader reader;
	struct reading reading = {0};
	size_t at = 0;
	http_reader_init(&reader, input->kind, LIMITS);
	for (size_t there = 0; there < input->size && !reading.is_bad;) {
		there = fuzz_next_end(pieces, there, input->size);
		while (take_item(&reader, input, &at, there, &reading)) {
		}
	}
	reading.is_complete_at_eof = http_reader_is_complete_at_eof(&reader);
	return reading;
}

static void compare(struct fuzz_pieces pieces, void *arg)
{
	const struct comparison *comparison = arg;
	const struct reading *whole = &comparison->whole;
	struct reading split = read_all(&comparison->input, pieces);
	FUZZ_REQUIRE(split.is_bad == whole->is_bad);
	FUZZ_REQUIRE(split.heads == whole->heads);
	FUZZ_REQUIRE(split.ends == whole->ends);
	FUZZ_REQUIRE(split.body_bytes == whole->body_bytes);
	FUZZ_REQUIRE(split.hash == whole->hash);
	FUZZ_REQUIRE(split.is_complete_at_eof == whole->is_complete_at_eof);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 || size > MAX_BYTES || (data[0] != 'Q' && data[0] != 'R'))
		return 0;
	struct comparison comparison = {
		.input = {data[0] == 'Q' ? HTTP_REQUEST : HTTP_RESPONSE, data + 1,
			size - 1}};
	comparison.whole =
		read_all(&comparison.input, (struct fuzz_pieces){size - 1, size - 1});
	fuzz_some_splits(data + 1, size - 1, compare, &comparison);
	return 0;
}
