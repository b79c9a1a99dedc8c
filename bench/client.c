// SPDX-License-Identifier: MIT
// One connection of the load generator.
#include "client.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "client_input.h"

enum {
	PIECES_MAX = 128
};

uint64_t client_now_ns(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static enum client_result watch(struct client *client, int operation, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = client};
	if (epoll_ctl(client->shared->epoll_fd, operation, client->fd, &event) != 0)
		return client_fail(client, "epoll_ctl failed");
	client->is_blocked = events & EPOLLOUT;
	return CLIENT_OK;
}

enum client_result client_open(struct client *client, struct client_shared *shared,
	uint32_t id, uint64_t *sent_ns, uint64_t quota)
{
	const int on = 1;
	SSL_SESSION *session = client->tls.session;
	memset(client, 0, offsetof(struct client, held));
	client->tls.session = session;
	client->shared = shared;
	client->id = id;
	client->sent_ns = sent_ns;
	client->quota = quota;
	client->opened_ns = client_now_ns();
	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (client->fd < 0)
		return client_fail(client, "no socket (too few descriptors?)");
	(void)setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	const struct sockaddr *address = (const struct sockaddr *)&shared->address;
	if (connect(client->fd, address, sizeof(shared->address)) != 0 &&
		errno != EINPROGRESS)
		return client_fail(client, "connect failed");
	return watch(client, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
}

static ssize_t send_pieces(struct client *client, struct iovec *pieces, size_t count)
{
	struct msghdr message = {.msg_iov = pieces, .msg_iovlen = count};
	if (client->shared->tls != NULL)
		return client_tls_send(client, pieces, count);
	return sendmsg(client->fd, &message, MSG_NOSIGNAL);
}

static enum client_result fail_to_send(struct client *client)
{
	return client->error != NULL ? CLIENT_FAILED : client_fail(client, "send failed");
}

// Small pieces into an empty socket buffer: a refusal is a failure.
static enum client_result send_now(
	struct client *client, const void *bytes, size_t length)
{
	struct iovec piece = {(void *)bytes, length};
	ssize_t sent = send_pieces(client, &piece, 1);
	return sent == (ssize_t)length ? CLIENT_OK : fail_to_send(client);
}

enum client_result client_begin(struct client *client)
{
	const struct plan *plan = &client->shared->plan;
	client->state = plan->is_http ? CLIENT_OPEN : CLIENT_UPGRADING;
	if (plan->is_http)
		return client_send(client);
	return send_now(client, plan->upgrade, plan->upgrade_length);
}

static enum client_result finish_connecting(struct client *client)
{
	int error = 0;
	socklen_t length = sizeof(error);
	if (getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0 ||
		error != 0)
		return client_fail(client, "connection refused");
	enum client_result result = watch(client, EPOLL_CTL_MOD, EPOLLIN);
	if (result != CLIENT_OK)
		return result;
	if (client->shared->tls == NULL)
		return client_begin(client);
	client->state = CLIENT_SECURING;
	return client_tls_start(client) ? CLIENT_OK : CLIENT_FAILED;
}

// One past the last message that may be begun now.
static uint64_t send_limit(const struct client *client)
{
	uint64_t window = client->answered + client->shared->in_flight;
	return client->quota < window ? client->quota : window;
}

static void advance(struct client *client, size_t bytes, uint64_t now)
{
	const struct client_shared *shared = client->shared;
	while (bytes > 0) {
		if (client->sent_bytes == 0)
			client->sent_ns[client->sent % shared->in_flight] = now;
		size_t length = plan_sent_length(&shared->plan, client->id, client->sent);
		size_t left = length - client->sent_bytes;
		if (bytes < left) {
			client->sent_bytes += bytes;
			return;
		}
		bytes -= left;
		client->sent++;
		client->sent_bytes = 0;
	}
}

static enum client_result wait_for_room(struct client *client)
{
	return client->is_blocked ? CLIENT_OK
				  : watch(client, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
}

enum client_result client_send(struct client *client)
{
	const struct plan *plan = &client->shared->plan;
	if (!client_tls_flush(client))
		return CLIENT_FAILED;
	while (client->state == CLIENT_OPEN && client->sent < send_limit(client)) {
		struct iovec pieces[PIECES_MAX];
		size_t count = 0, wanted = 0, skip = client->sent_bytes;
		for (uint64_t message = client->sent;
			message < send_limit(client) &&
			count + PLAN_PIECES_PER_MESSAGE <= PIECES_MAX;
			message++) {
			count += plan_pieces(
				plan, client->id, message, skip, &pieces[count]);
			wanted += plan_sent_length(plan, client->id, message) - skip;
			skip = 0;
		}
		uint64_t now = client_now_ns();
		ssize_t sent = send_pieces(client, pieces, count);
		if (sent < 0 && errno != EAGAIN)
			return fail_to_send(client);
		if (sent > 0)
			advance(client, (size_t)sent, now);
		// TLS takes a part of a large message, and may go on with the next.
		if (sent < (ssize_t)wanted && client->shared->tls == NULL)
			return wait_for_room(client);
		if (client->tls.pending_length > 0)
			break;
	}
	if (client->tls.pending_length > 0)
		return wait_for_room(client);
	if (client->is_blocked)
		return watch(client, EPOLL_CTL_MOD, EPOLLIN);
	return CLIENT_OK;
}

enum client_result client_send_control(struct client *client, enum wire_opcode opcode,
	const uint8_t *payload, size_t length)
{
	uint8_t frame[WIRE_HEADER_MAX + WIRE_CONTROL_MAX];
	size_t header = wire_header_write(frame, WIRE_FIN | opcode, length, pattern_mask);
	wire_mask(frame + header, payload, length, pattern_mask, 0);
	return send_now(client, frame, header + length);
}

enum client_result client_close(struct client *client)
{
	static const uint8_t code[2] = {1000 >> 8, 1000 & 0xFF};
	client->state = CLIENT_CLOSING;
	return client_send_control(client, WIRE_CLOSE, code, sizeof(code));
}

enum client_result client_handle(struct client *client, uint32_t events)
{
	if (client->state == CLIENT_CONNECTING)
		return finish_connecting(client);
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		enum client_result result = client_input_read(client);
		if (result != CLIENT_OK)
			return result;
	}
	return client_send(client);
}

void client_finish(struct client *client)
{
	if (client->shared == NULL)
		return;
	client_tls_end(client);
	client_tls_forget(client);
	if (client->fd >= 0)
		(void)close(client->fd); // also leaves epoll
	client->fd = -1;
}
