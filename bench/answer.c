// SPDX-License-Identifier: MIT
// What the benchmark's backend says to what it hears on one connection.
#include "answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "numbered.h"
#include "pattern.h"

enum {
	ANSWER_HTTP_MAX = 256 + ANSWER_BODY_BYTES
};

// Room for `length` more bytes, or NULL. The caller adds what it used to output->length.
static uint8_t *reserve(struct answer_output *output, size_t length)
{
	if (output->capacity - output->length < length) {
		size_t capacity = (output->capacity + length) * 2;
		uint8_t *bytes = realloc(output->bytes, capacity);
		if (bytes == NULL)
			return NULL;
		output->bytes = bytes;
		output->capacity = capacity;
	}
	return output->bytes + output->length;
}

// The value of a header line in a head that ends in an empty line, or NULL.
static const char *find_header(
	const char *head, const char *end, const char *name, size_t *ret_length)
{
	size_t name_length = strlen(name);
	for (const char *line = head; line < end;) {
		const char *line_end = memmem(line, (size_t)(end - line), "\r\n", 2);
		size_t length = (size_t)(line_end - line);
		if (length > name_length && line[name_length] == ':' &&
			strncasecmp(line, name, name_length) == 0) {
			const char *value = line + name_length + 1;
			value += strspn(value, " ");
			*ret_length = (size_t)(line_end - value);
			return value;
		}
		line = line_end + 2;
	}
	return NULL;
}

static enum answer_result upgrade(struct answer *answer, const char *key,
	size_t key_length, struct answer_output *output)
{
	char accept[WIRE_ACCEPT_SIZE];
	if (!wire_accept(key, key_length, accept))
		return ANSWER_BAD;
	uint8_t *room = reserve(output, ANSWER_HTTP_MAX);
	if (room == NULL)
		return ANSWER_NO_MEMORY;
	int length = snprintf((char *)room, ANSWER_HTTP_MAX,
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		accept);
	output->length += (size_t)length;
	answer->is_websocket = true;
	return ANSWER_OK;
}

// The body behind a head for it, to be filled; NULL: out of memory.
static char *send_head(struct answer_output *output)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 1024\r\n"
				   "Content-Type: application/octet-stream\r\n\r\n";
	_Static_assert(ANSWER_BODY_BYTES == 1024, "the head above says so");
	uint8_t *room = reserve(output, ANSWER_HTTP_MAX);
	if (room == NULL)
		return NULL;
	memcpy(room, head, sizeof(head) - 1);
	output->length += sizeof(head) - 1 + ANSWER_BODY_BYTES;
	return (char *)room + sizeof(head) - 1;
}

static enum answer_result send_bytes(
	const char *offset, const uint8_t *pattern, struct answer_output *output)
{
	unsigned long number = strtoul(offset, NULL, 10);
	if (number >= PATTERN_PERIOD)
		return ANSWER_BAD;
	char *body = send_head(output);
	if (body == NULL)
		return ANSWER_NO_MEMORY;
	memcpy(body, pattern + number, ANSWER_BODY_BYTES);
	return ANSWER_OK;
}

static enum answer_result send_body(
	const char *head, struct answer_source *source, struct answer_output *output)
{
	static const char bytes[] = "GET /bytes/", counted[] = "GET /counted ";
	if (strncmp(head, bytes, sizeof(bytes) - 1) == 0)
		return send_bytes(head + sizeof(bytes) - 1, source->pattern, output);
	if (strncmp(head, counted, sizeof(counted) - 1) != 0)
		return ANSWER_BAD;
	char *body = send_head(output);
	if (body == NULL)
		return ANSWER_NO_MEMORY;
	numbered_write(body, ANSWER_BODY_BYTES, source->counted++);
	return ANSWER_OK;
}

static enum answer_result feed_http(struct answer *answer, const uint8_t *input,
	size_t length, struct answer_source *source, struct answer_output *output,
	size_t *ret_taken)
{
	const char *head = (const char *)input;
	const char *end = memmem(head, length, "\r\n\r\n", 4);
	*ret_taken = 0;
	if (end == NULL)
		return length < ANSWER_HEAD_MAX ? ANSWER_OK : ANSWER_BAD;
	end += 2;
	*ret_taken = (size_t)(end + 2 - head);
	size_t key_length;
	const char *key = find_header(head, end, "Sec-WebSocket-Key", &key_length);
	if (key != NULL)
		return upgrade(answer, key, key_length, output);
	return send_body(head, source, output);
}

static enum answer_result open_frame(struct answer *answer, struct answer_output *output)
{
	const struct wire_header *frame = &answer->frame;
	if (!frame->is_masked)
		return ANSWER_BAD; // RFC 6455 section 5.1
	answer->frame_left = frame->length;
	answer->is_discarding = wire_opcode(frame->first) == WIRE_PONG;
	if (answer->is_discarding)
		return ANSWER_OK;
	uint8_t *room = reserve(output, WIRE_HEADER_MAX);
	if (room == NULL)
		return ANSWER_NO_MEMORY;
	bool is_ping = wire_opcode(frame->first) == WIRE_PING;
	uint8_t first = is_ping ? WIRE_FIN | WIRE_PONG : frame->first;
	output->length += wire_header_write(room, first, frame->length, NULL);
	return ANSWER_OK;
}

static enum answer_result echo_payload(struct answer *answer, const uint8_t *input,
	size_t length, struct answer_output *output)
{
	if (answer->is_discarding)
		return ANSWER_OK;
	uint8_t *room = reserve(output, length);
	if (room == NULL)
		return ANSWER_NO_MEMORY;
	uint64_t phase = answer->frame.length - answer->frame_left;
	wire_mask(room, input, length, answer->frame.mask, phase);
	output->length += length;
	return ANSWER_OK;
}

static enum answer_result feed_frame(struct answer *answer, const uint8_t *input,
	size_t length, struct answer_output *output, size_t *ret_taken)
{
	size_t taken = 0;
	enum answer_result result = ANSWER_OK;
	*ret_taken = 0;
	if (answer->frame_left == 0) {
		taken = wire_header_read(input, length, &answer->frame);
		if (taken == 0)
			return ANSWER_OK;
		result = open_frame(answer, output);
		if (result != ANSWER_OK)
			return result;
	}
	size_t left = length - taken;
	size_t payload = left < answer->frame_left ? left : (size_t)answer->frame_left;
	if (payload > 0)
		result = echo_payload(answer, input + taken, payload, output);
	answer->frame_left -= payload;
	answer->is_finished =
		answer->frame_left == 0 && wire_opcode(answer->frame.first) == WIRE_CLOSE;
	*ret_taken = taken + payload;
	return result;
}

enum answer_result answer_feed(struct answer *answer, const uint8_t *input, size_t length,
	struct answer_source *source, struct answer_output *output, size_t *ret_taken)
{
	*ret_taken = 0;
	while (*ret_taken < length && !answer->is_finished) {
		const uint8_t *next = input + *ret_taken;
		size_t left = length - *ret_taken;
		size_t taken;
		enum answer_result result =
			answer->is_websocket
				? feed_frame(answer, next, left, output, &taken)
				: feed_http(answer, next, left, source, output, &taken);
		if (result != ANSWER_OK)
			return result;
		if (taken == 0)
			break;
		*ret_taken += taken;
	}
	return ANSWER_OK;
}
