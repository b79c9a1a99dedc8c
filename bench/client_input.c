// SPDX-License-Identifier: MIT
// What comes back on a load generator's connection.
#include "client_input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

// One step's share of the input; taken 0 means that it needs more bytes to go on.
struct input {
	const uint8_t *bytes;
	size_t length;
	size_t taken;
};

static enum client_result complete_answer(struct client *client)
{
	struct client_shared *shared = client->shared;
	if (client->answered == client->sent)
		return client_fail(client, "an answer came before its message was sent");
	uint64_t begun = client->sent_ns[client->answered % shared->in_flight];
	histogram_add(&shared->latency, shared->now_ns - begun);
	client->answered++;
	shared->answered++;
	return CLIENT_OK;
}

static enum client_result read_body(struct client *client, struct input *input)
{
	const struct plan *plan = &client->shared->plan;
	size_t left = input->length - input->taken;
	size_t part = left < client->body_left ? left : client->body_left;
	size_t done = plan->message_bytes - client->body_left;
	const uint8_t *expected =
		plan_expected(plan, client->id, client->answered) + done;
	if (memcmp(expected, input->bytes + input->taken, part) != 0)
		return client_fail(client, "an answer has other bytes than expected");
	input->taken += part;
	client->body_left -= part;
	return client->body_left == 0 ? complete_answer(client) : CLIENT_OK;
}

static enum client_result read_control(
	struct client *client, const struct wire_header *frame, struct input *input)
{
	if (frame->length > WIRE_CONTROL_MAX || !(frame->first & WIRE_FIN))
		return client_fail(client, "a bad control frame came");
	if (input->length - input->taken < frame->length) {
		input->taken = 0;
		return CLIENT_OK;
	}
	const uint8_t *payload = input->bytes + input->taken;
	input->taken += frame->length;
	if (wire_opcode(frame->first) == WIRE_CLOSE) {
		if (client->state != CLIENT_CLOSING)
			return client_fail(client, "a Close came unasked");
		client->state = CLIENT_CLOSED;
		return CLIENT_OK;
	}
	// Inside a frame of ours a Pong can't stand; then our bytes are sign of life
	// enough.
	if (wire_opcode(frame->first) == WIRE_PING && client->sent_bytes == 0)
		return client_send_control(client, WIRE_PONG, payload, frame->length);
	return CLIENT_OK;
}

static enum client_result read_frame(struct client *client, struct input *input)
{
	struct wire_header frame;
	input->taken = wire_header_read(input->bytes, input->length, &frame);
	if (input->taken == 0)
		return CLIENT_OK;
	if (frame.is_masked)
		return client_fail(client, "a masked frame came from the server");
	if (wire_is_control(frame.first))
		return read_control(client, &frame, input);
	if (frame.first != (WIRE_FIN | WIRE_BINARY) ||
		frame.length != client->shared->plan.message_bytes)
		return client_fail(client, "a frame came that is not the one sent");
	client->body_left = (size_t)frame.length;
	return read_body(client, input);
}

// Where a header's value stands in a head that ends in an empty line, or NULL.
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

static enum client_result read_head(struct client *client, struct input *input)
{
	const char *head = (const char *)input->bytes;
	const char *end = memmem(head, input->length, "\r\n\r\n", 4);
	if (end == NULL)
		return CLIENT_OK;
	end += 2;
	input->taken = (size_t)(end + 2 - head);
	const struct plan *plan = &client->shared->plan;
	const char *status = plan->is_http ? "HTTP/1.1 200 " : "HTTP/1.1 101 ";
	if (strncmp(head, status, strlen(status)) != 0)
		return client_fail(client, "a response has another status than expected");
	if (!plan->is_http) {
		const char *accept = find_header(head, end, "Sec-WebSocket-Accept");
		if (accept == NULL ||
			strncmp(accept, plan->accept, WIRE_ACCEPT_SIZE - 1) != 0)
			return client_fail(client, "Sec-WebSocket-Accept is wrong");
		client->state = CLIENT_OPEN;
		return CLIENT_OK;
	}
	const char *length = find_header(head, end, "Content-Length");
	if (length == NULL || strtoul(length, NULL, 10) != plan->message_bytes)
		return client_fail(client, "Content-Length is wrong");
	client->body_left = plan->message_bytes;
	return CLIENT_OK;
}

static enum client_result handle_all(
	struct client *client, const uint8_t *bytes, size_t length)
{
	const struct plan *plan = &client->shared->plan;
	size_t done = 0;
	while (done < length) {
		if (client->state == CLIENT_CLOSED)
			return client_fail(client, "bytes came after the Close");
		struct input input = {bytes + done, length - done, 0};
		enum client_result result;
		if (client->body_left > 0)
			result = read_body(client, &input);
		else if (plan->is_http || client->state == CLIENT_UPGRADING)
			result = read_head(client, &input);
		else
			result = read_frame(client, &input);
		if (result != CLIENT_OK)
			return result;
		if (input.taken == 0)
			break;
		done += input.taken;
	}
	client->held_length = length - done;
	if (client->held_length > CLIENT_HELD_MAX)
		return client_fail(client, "a head or control frame is too long");
	memcpy(client->held, bytes + done, client->held_length);
	return CLIENT_OK;
}

static enum client_result end(struct client *client)
{
	if (client->state != CLIENT_CLOSED)
		return client_fail(client, "the connection ended too early");
	if (client->shared->tls != NULL && !client_tls_is_ended(client))
		return client_fail(client, "the connection ended without close_notify");
	client_tls_end(client);
	(void)close(client->fd); // also leaves epoll
	client->fd = -1;
	return CLIENT_ENDED;
}

static ssize_t receive(struct client *client, uint8_t *into)
{
	if (client->shared->tls != NULL)
		return client_tls_receive(client, into, CLIENT_READ_BYTES);
	return recv(client->fd, into, CLIENT_READ_BYTES, 0);
}

enum client_result client_input_read(struct client *client)
{
	struct client_shared *shared = client->shared;
	size_t held = client->held_length;
	memcpy(shared->input, client->held, held);
	ssize_t received = receive(client, shared->input + held);
	if (received < 0 && errno != EAGAIN)
		return client->error != NULL ? CLIENT_FAILED
					     : client_fail(client, "connection reset");
	if (received == 0)
		return end(client);
	if (received > 0) {
		shared->now_ns = client_now_ns();
		enum client_result result =
			handle_all(client, shared->input, held + (size_t)received);
		if (result != CLIENT_OK)
			return result;
	}
	if (client->state == CLIENT_SECURING && client_tls_is_open(client))
		return client_begin(client);
	return client_tls_is_ended(client) ? end(client) : CLIENT_OK;
}
