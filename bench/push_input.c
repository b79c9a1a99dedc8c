// SPDX-License-Identifier: MIT
// What comes on a connection of the load generator for live polls and fan-out.
#include "push_input.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "numbered.h"

enum {
	TEXT_FRAME = 0x1 // pushed as text or binary, as a server likes
};

struct response {
	unsigned status;
	const char *body;
	size_t body_length;
};

// The value of a header in a head that ends in an empty line, or NULL.
static const char *find_header(const char *head, const char *end, const char *name)
{
	size_t length = strlen(name);
	for (const char *line = head; line < end;) {
		if ((size_t)(end - line) > length && line[length] == ':' &&
			strncasecmp(line, name, length) == 0)
			return line + length + 1 + strspn(line + length + 1, " ");
		line = (const char *)memmem(line, (size_t)(end - line), "\r\n", 2) + 2;
	}
	return NULL;
}

// A body is as long as it says, or chunked with nothing that looks like its end inside.
static size_t find_end(const char *head, const char *body, size_t length)
{
	static const char last_chunk[] = "0\r\n\r\n";
	const char *head_end = body - 2;
	const char *size = find_header(head, head_end, "Content-Length");
	if (size != NULL)
		return strtoul(size, NULL, 10);
	if (find_header(head, head_end, "Transfer-Encoding") == NULL)
		return 0;
	const char *end = memmem(body, length, last_chunk, sizeof(last_chunk) - 1);
	return end == NULL ? SIZE_MAX : (size_t)(end - body) + sizeof(last_chunk) - 1;
}

// Returns the whole length, or 0 while it is incomplete.
static size_t read_response(
	const char *bytes, size_t length, bool has_body, struct response *ret_response)
{
	const char *end = memmem(bytes, length, "\r\n\r\n", 4);
	if (end == NULL || length < sizeof("HTTP/1.1 200"))
		return 0;
	const char *body = end + 4;
	size_t left = length - (size_t)(body - bytes);
	size_t body_length = has_body ? find_end(bytes, body, left) : 0;
	if (body_length > left)
		return 0;
	*ret_response = (struct response){
		(unsigned)strtoul(bytes + 9, NULL, 10), body, body_length};
	return length - left + body_length;
}

static const char *take_poll(struct push_client *client, const struct response *response)
{
	struct push_shared *shared = client->shared;
	uint64_t number;
	if (response->status != 200)
		return "a poll has another status than 200";
	if (response->body_length != shared->options->message_bytes ||
		!numbered_read(response->body, response->body_length, &number))
		return "a poll has another body than expected";
	shared->older += number < client->number;
	client->number = number;
	return NULL;
}

static const char *take_response(
	struct push_client *client, const char *bytes, size_t length, size_t *ret_taken)
{
	struct push_shared *shared = client->shared;
	struct response response;
	const char *error = NULL;
	*ret_taken = read_response(bytes, length, true, &response);
	if (*ret_taken == 0)
		return NULL;
	if (client->state != PUSH_WAITING)
		return "a response came unasked";
	client->state = PUSH_IDLE;
	shared->answered++;
	const char *connection = find_header(bytes, response.body - 2, "Connection");
	client->is_ending =
		connection != NULL && strncasecmp(connection, "close", 5) == 0;
	if (client->role == PUSH_PUBLISHER)
		return response.status / 100 == 2 ? NULL : "a message was refused";
	error = take_poll(client, &response);
	histogram_add(&shared->latency, shared->now_ns - client->asked_ns);
	return error;
}

static const char *take_upgrade(
	struct push_client *client, const char *bytes, size_t length, size_t *ret_taken)
{
	struct response response;
	*ret_taken = read_response(bytes, length, false, &response);
	if (*ret_taken == 0)
		return NULL;
	if (response.status != 101)
		return "an upgrade was refused";
	const char *accept =
		find_header(bytes, response.body - 2, "Sec-WebSocket-Accept");
	if (accept == NULL ||
		strncmp(accept, client->shared->accept, WIRE_ACCEPT_SIZE - 1) != 0)
		return "Sec-WebSocket-Accept is wrong";
	client->state = PUSH_IDLE;
	return NULL;
}

static const char *take_message(
	struct push_client *client, const char *payload, size_t length)
{
	struct push_shared *shared = client->shared;
	uint64_t number;
	if (length != shared->options->message_bytes ||
		!numbered_read(payload, length, &number))
		return "a message is not the one published";
	if (client->number != UINT64_MAX && number != client->number)
		return "a message is missing, doubled or moved";
	client->number = number + 1;
	shared->received++;
	shared->behind -= client->number == shared->published;
	histogram_add(&shared->latency,
		shared->now_ns - shared->published_ns[number % PUSH_BURST_MAX]);
	return NULL;
}

static const char *take_frame(
	struct push_client *client, const char *bytes, size_t length, size_t *ret_taken)
{
	struct wire_header frame;
	size_t header = wire_header_read((const uint8_t *)bytes, length, &frame);
	*ret_taken = 0;
	if (header == 0 || length - header < frame.length)
		return NULL;
	if (frame.is_masked || !(frame.first & WIRE_FIN))
		return "a frame is masked or a part of one";
	*ret_taken = header + (size_t)frame.length;
	unsigned opcode = frame.first & 0x0F;
	if (opcode == TEXT_FRAME || opcode == WIRE_BINARY)
		return take_message(client, bytes + header, (size_t)frame.length);
	// Runs are far shorter than what servers give a Pong.
	return opcode == WIRE_PING ? NULL : "a Close came";
}

const char *push_input_take(
	struct push_client *client, const char *bytes, size_t length, size_t *ret_taken)
{
	if (client->role != PUSH_SUBSCRIBER)
		return take_response(client, bytes, length, ret_taken);
	if (client->state == PUSH_UPGRADING)
		return take_upgrade(client, bytes, length, ret_taken);
	return take_frame(client, bytes, length, ret_taken);
}
