// SPDX-License-Identifier: MIT
// Chunked bodies against llhttp: what http_chunk takes, llhttp decodes to the same bytes;
// and any split gives the same.
#include <string.h>

#include <llhttp.h>

#include "fuzz.h"

#include "wherry/proto/http_chunk.h"

enum {
	MAX_BYTES = 4096
};

struct body {
	uint8_t bytes[MAX_BYTES];
	size_t length;
	size_t used; // of the coded bytes
	bool is_complete;
	bool is_bad;
};

struct input {
	const uint8_t *data;
	size_t size;
	struct body whole;
};

static void append(struct body *body, const void *data, size_t length)
{
	FUZZ_REQUIRE(length <= sizeof(body->bytes) - body->length);
	memcpy(body->bytes + body->length, data, length);
	body->length += length;
}

static void decode(
	const struct input *input, struct fuzz_pieces pieces, struct body *ret_body)
{
	struct http_chunk chunk;
	http_chunk_init(&chunk);
	memset(ret_body, 0, sizeof(*ret_body));
	for (size_t there = fuzz_next_end(pieces, 0, input->size);;) {
		size_t used;
		struct str piece;
		enum http_chunk_result result =
			http_chunk_feed(&chunk, input->data + ret_body->used,
				there - ret_body->used, &used, &piece);
		FUZZ_REQUIRE(used <= there - ret_body->used);
		ret_body->used += used;
		ret_body->is_bad = result == HTTP_CHUNK_BAD;
		ret_body->is_complete = result == HTTP_CHUNK_END;
		if (result == HTTP_CHUNK_DATA)
			append(ret_body, piece.data, piece.length);
		else if (result != HTTP_CHUNK_MORE)
			return;
		else if (there == input->size)
			return;
		else
			there = fuzz_next_end(pieces, there, input->size);
	}
}

static void compare(struct fuzz_pieces pieces, void *arg)
{
	static struct body body;
	const struct input *input = arg;
	decode(input, pieces, &body);
	FUZZ_REQUIRE(body.is_bad == input->whole.is_bad);
	FUZZ_REQUIRE(body.is_complete == input->whole.is_complete);
	FUZZ_REQUIRE(body.used == input->whole.used);
	FUZZ_REQUIRE(body.length == input->whole.length);
	FUZZ_REQUIRE(!memcmp(body.bytes, input->whole.bytes, body.length));
}

static int on_body(llhttp_t *parser, const char *at, size_t length)
{
	append(parser->data, at, length);
	return 0;
}

static int on_message_complete(llhttp_t *parser)
{
	struct body *body = parser->data;
	body->is_complete = true;
	return HPE_PAUSED;
}

// A refusal fools nobody; other bytes would. llhttp 8.1.0 refuses some legal chunk
// extensions (another one behind a value without quotes, escapes in quotes), and wants a
// Content-Length among the trailers, which Wherry discards, to be legal.
static bool is_harmless_refusal(
	llhttp_errno_t result, const struct input *input, const struct body *body)
{
	if (result == HPE_INVALID_CHUNK_SIZE || result == HPE_STRICT)
		return memchr(input->data, ';', input->whole.used) &&
		       body->length <= input->whole.length;
	if (result == HPE_INVALID_CONTENT_LENGTH ||
		result == HPE_UNEXPECTED_CONTENT_LENGTH)
		return body->length == input->whole.length;
	return false;
}

static void compare_llhttp(const struct input *input)
{
	static const char HEAD[] =
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
	static const llhttp_settings_t SETTINGS = {
		.on_body = on_body,
		.on_message_complete = on_message_complete,
	};
	static struct body body;
	memset(&body, 0, sizeof(body));
	llhttp_t parser;
	llhttp_init(&parser, HTTP_REQUEST, &SETTINGS);
	parser.data = &body;
	FUZZ_REQUIRE(llhttp_execute(&parser, HEAD, sizeof(HEAD) - 1) == HPE_OK);
	llhttp_errno_t result =
		llhttp_execute(&parser, (const char *)input->data, input->whole.used);
	FUZZ_REQUIRE(!memcmp(body.bytes, input->whole.bytes, body.length));
	if (is_harmless_refusal(result, input, &body))
		return;
	FUZZ_REQUIRE(result == HPE_PAUSED && body.is_complete);
	FUZZ_REQUIRE(llhttp_get_error_pos(&parser) ==
		     (const char *)input->data + input->whole.used);
	FUZZ_REQUIRE(body.length == input->whole.length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > MAX_BYTES)
		return 0;
	static struct input input;
	input.data = data;
	input.size = size;
	decode(&input, (struct fuzz_pieces){size, size}, &input.whole);
	fuzz_some_splits(data, size, compare, &input);
	if (input.whole.is_complete)
		compare_llhttp(&input);
	return 0;
}
