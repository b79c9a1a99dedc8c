// SPDX-License-Identifier: MIT
// One connection of the load generator for live polls and fan-out.
#include "push_client.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "numbered.h"
#include "push_input.h"

#define KEY "dGhlIHNhbXBsZSBub25jZQ=="

uint64_t push_client_now_ns(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static bool fail(struct push_client *client, const char *error)
{
	client->error = error;
	return false;
}

bool push_client_open(
	struct push_client *client, struct push_shared *shared, enum push_role role)
{
	const int on = 1;
	const struct push_options *options = shared->options;
	const struct sockaddr_in *address =
		role == PUSH_PUBLISHER ? &options->publish_address : &options->address;
	*client = (struct push_client){.shared = shared,
		.role = role,
		.number = role == PUSH_SUBSCRIBER ? UINT64_MAX : 0,
		.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
	if (client->fd < 0)
		return fail(client, "no socket (too few descriptors?)");
	(void)setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(client->fd, (const struct sockaddr *)address, sizeof(*address)) !=
			0 &&
		errno != EINPROGRESS)
		return fail(client, "connect failed");
	struct epoll_event event = {.events = EPOLLOUT, .data.ptr = client};
	return epoll_ctl(shared->epoll_fd, EPOLL_CTL_ADD, client->fd, &event) == 0 ||
	       fail(client, "epoll_ctl failed");
}

// Small texts into an empty socket buffer: a refusal is a failure.
static bool send_text(struct push_client *client, const char *text, size_t length)
{
	return send(client->fd, text, length, MSG_NOSIGNAL) == (ssize_t)length ||
	       fail(client, "send failed");
}

static bool upgrade(struct push_client *client)
{
	char text[PUSH_REQUEST_MAX];
	int length = snprintf(text, sizeof(text),
		"GET %s HTTP/1.1\r\nHost: bench.test\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: " KEY "\r\n\r\n",
		client->shared->options->path);
	client->state = PUSH_UPGRADING;
	return wire_accept(KEY, sizeof(KEY) - 1, client->shared->accept) &&
	       send_text(client, text, (size_t)length);
}

static bool finish_connecting(struct push_client *client)
{
	int error = 0;
	socklen_t length = sizeof(error);
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
	if (getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0 ||
		error != 0)
		return fail(client, "connection refused");
	if (epoll_ctl(client->shared->epoll_fd, EPOLL_CTL_MOD, client->fd, &event) != 0)
		return fail(client, "epoll_ctl failed");
	client->state = PUSH_IDLE;
	return client->role != PUSH_SUBSCRIBER || upgrade(client);
}

static bool post(struct push_client *client)
{
	struct push_shared *shared = client->shared;
	const struct push_options *options = shared->options;
	char text[PUSH_REQUEST_MAX], message[PUSH_REQUEST_MAX];
	numbered_write(message, options->message_bytes, shared->published);
	int length = snprintf(text, sizeof(text),
		"POST %s HTTP/1.1\r\nHost: bench.test\r\nContent-Type: text/plain\r\n"
		"Content-Length: %zu\r\n\r\n%s%.*s%s",
		options->publish_path,
		strlen(options->publish_prefix) + options->message_bytes +
			strlen(options->publish_suffix),
		options->publish_prefix, (int)options->message_bytes, message,
		options->publish_suffix);
	if (length < 0 || (size_t)length >= sizeof(text))
		return fail(client, "the request is too long");
	shared->published_ns[shared->published++ % PUSH_BURST_MAX] = client->asked_ns;
	shared->behind = options->connections;
	return send_text(client, text, (size_t)length);
}

bool push_client_ask(struct push_client *client)
{
	client->asked_ns = push_client_now_ns();
	client->state = PUSH_WAITING;
	if (client->role == PUSH_PUBLISHER)
		return post(client);
	char text[PUSH_REQUEST_MAX];
	int length = snprintf(text, sizeof(text),
		"GET %s HTTP/1.1\r\nHost: bench.test\r\n\r\n",
		client->shared->options->path);
	return send_text(client, text, (size_t)length);
}

static bool keep(struct push_client *client, const char *bytes, size_t length)
{
	if (length > PUSH_HELD_MAX)
		return fail(client, "a response or frame is too long");
	if (length > 0 && client->held == NULL)
		client->held = malloc(PUSH_HELD_MAX);
	if (length > 0 && client->held == NULL)
		return fail(client, "out of memory");
	if (length > 0)
		memcpy(client->held, bytes, length);
	client->held_length = length;
	return true;
}

static bool read_input(struct push_client *client)
{
	struct push_shared *shared = client->shared;
	char *bytes = shared->input;
	size_t held = client->held_length;
	if (held > 0)
		memcpy(bytes, client->held, held);
	ssize_t received = recv(client->fd, bytes + held, PUSH_READ_BYTES, 0);
	if (received < 0)
		return errno == EAGAIN || fail(client, "connection reset");
	if (received == 0)
		return fail(client, "the connection ended");
	shared->now_ns = push_client_now_ns();
	size_t length = held + (size_t)received;
	size_t done = 0;
	while (done < length) {
		size_t taken;
		client->error =
			push_input_take(client, bytes + done, length - done, &taken);
		if (client->error != NULL)
			return false;
		if (taken == 0)
			break;
		done += taken;
	}
	return keep(client, bytes + done, length - done);
}

bool push_client_handle(struct push_client *client, uint32_t events)
{
	(void)events; // errors and the end show when reading
	if (client->state == PUSH_CONNECTING)
		return finish_connecting(client);
	if (!read_input(client))
		return false;
	if (!client->is_ending)
		return true;
	push_client_finish(client);
	return push_client_open(client, client->shared, client->role);
}

void push_client_finish(struct push_client *client)
{
	if (client->shared != NULL && client->fd >= 0)
		(void)close(client->fd); // also leaves epoll
	free(client->held);
	client->held = NULL;
}
