// SPDX-License-Identifier: MIT
// bench_backend: the server behind the proxies under test. One thread on raw epoll, two
// system calls per echo. Usage: bench_backend [PORT]; prints "listening PORT", runs until
// it is killed.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answer.h"
#include "pattern.h"

enum {
	READ_BYTES = 256 * 1024,
	BACKLOG = 4096,
	EVENTS = 256
};

struct peer {
	int fd;
	struct answer answer;
	uint8_t *held; // input that was not complete
	size_t held_length;
	uint8_t *
		pending; // output that the kernel did not take; while it stands, no reads
	size_t pending_length;
	size_t pending_sent;
};

struct backend {
	int epoll_fd;
	int listen_fd;
	struct pattern pattern;
	struct answer_source source;
	struct answer_output output; // shared: empty between two events
	uint8_t input[ANSWER_HEAD_MAX + READ_BYTES];
};

static void peer_destroy(struct peer *peer)
{
	(void)close(peer->fd); // also leaves epoll
	free(peer->held);
	free(peer->pending);
	free(peer);
}

static bool peer_watch(const struct backend *backend, struct peer *peer, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = peer};
	return epoll_ctl(backend->epoll_fd, EPOLL_CTL_MOD, peer->fd, &event) == 0;
}

// Copies bytes to be kept between two events; an empty slice needs no memory.
static bool keep(const uint8_t *bytes, size_t length, uint8_t **ret_copy)
{
	*ret_copy = NULL;
	if (length == 0)
		return true;
	*ret_copy = malloc(length);
	if (*ret_copy == NULL)
		return false;
	memcpy(*ret_copy, bytes, length);
	return true;
}

// Sends the shared output; what the kernel refuses becomes the peer's own.
static bool peer_send(struct backend *backend, struct peer *peer)
{
	struct answer_output *output = &backend->output;
	if (output->length == 0)
		return true;
	ssize_t sent = send(peer->fd, output->bytes, output->length, MSG_NOSIGNAL);
	if (sent < 0 && errno != EAGAIN)
		return false;
	size_t taken = sent < 0 ? 0 : (size_t)sent;
	if (taken == output->length)
		return true;
	peer->pending_length = output->length - taken;
	peer->pending_sent = 0;
	return keep(output->bytes + taken, peer->pending_length, &peer->pending) &&
	       peer_watch(backend, peer, EPOLLOUT);
}

static bool peer_flush(const struct backend *backend, struct peer *peer)
{
	ssize_t sent = send(peer->fd, peer->pending + peer->pending_sent,
		peer->pending_length - peer->pending_sent, MSG_NOSIGNAL);
	if (sent < 0)
		return errno == EAGAIN;
	peer->pending_sent += (size_t)sent;
	if (peer->pending_sent < peer->pending_length)
		return true;
	free(peer->pending);
	peer->pending = NULL;
	return !peer->answer.is_finished && peer_watch(backend, peer, EPOLLIN);
}

static bool peer_read(struct backend *backend, struct peer *peer)
{
	size_t held = peer->held_length;
	if (held > 0)
		memcpy(backend->input, peer->held, held);
	free(peer->held);
	peer->held = NULL;
	peer->held_length = 0;
	ssize_t received = recv(peer->fd, backend->input + held, READ_BYTES, 0);
	if (received <= 0)
		return received < 0 && errno == EAGAIN && held == 0;

	size_t length = held + (size_t)received;
	size_t taken;
	backend->output.length = 0;
	enum answer_result result = answer_feed(&peer->answer, backend->input, length,
		&backend->source, &backend->output, &taken);
	if (result != ANSWER_OK || !peer_send(backend, peer))
		return false;
	if (peer->answer.is_finished)
		return peer->pending != NULL;
	peer->held_length = length - taken;
	return keep(backend->input + taken, peer->held_length, &peer->held);
}

static void accept_peers(struct backend *backend)
{
	const int on = 1;
	for (int i = 0; i < EVENTS; i++) {
		int fd = accept4(
			backend->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			return;
		struct peer *peer = calloc(1, sizeof(*peer));
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = peer};
		if (peer == NULL ||
			epoll_ctl(backend->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
			(void)close(fd);
			free(peer);
			return;
		}
		peer->fd = fd;
		// Without it an echo would wait for the peer's delayed acknowledgement.
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	}
}

// Returns the descriptor or -1; port 0 takes a free one.
static int listen_on(uint16_t port)
{
	const int on = 1;
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
		bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
		listen(fd, BACKLOG) != 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static bool print_port(int fd)
{
	struct sockaddr_in address;
	socklen_t length = sizeof(address);
	if (getsockname(fd, (struct sockaddr *)&address, &length) != 0)
		return false;
	(void)printf("listening %u\n", ntohs(address.sin_port));
	return fflush(stdout) == 0;
}

static bool backend_init(struct backend *backend, uint16_t port)
{
	if (!pattern_init(&backend->pattern, ANSWER_BODY_BYTES))
		return false;
	backend->source.pattern = backend->pattern.plain;
	backend->listen_fd = listen_on(port);
	backend->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
	if (backend->listen_fd < 0 || backend->epoll_fd < 0 ||
		epoll_ctl(backend->epoll_fd, EPOLL_CTL_ADD, backend->listen_fd, &event) !=
			0)
		return false;
	return print_port(backend->listen_fd);
}

static void backend_run(struct backend *backend)
{
	struct epoll_event events[EVENTS];
	for (;;) {
		int count = epoll_wait(backend->epoll_fd, events, EVENTS, -1);
		if (count < 0 && errno != EINTR)
			return;
		for (int i = 0; i < count; i++) {
			struct peer *peer = events[i].data.ptr;
			if (peer == NULL)
				accept_peers(backend);
			else if (!(peer->pending != NULL ? peer_flush(backend, peer)
							 : peer_read(backend, peer)))
				peer_destroy(peer);
		}
	}
}

int main(int argument_count, char **arguments)
{
	static struct backend backend;
	unsigned long port = argument_count > 1 ? strtoul(arguments[1], NULL, 10) : 0;
	if (port > UINT16_MAX || !backend_init(&backend, (uint16_t)port)) {
		perror("bench_backend: cannot listen");
		return 1;
	}
	backend_run(&backend);
	return 1;
}
