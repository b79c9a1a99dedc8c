// SPDX-License-Identifier: MIT
// Listening sockets; see the header.
#include "wherry/net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wherry/base/log.h"
#include "wherry/base/now.h"

enum {
	BACKLOG = 4096,
	ACCEPTS_PER_TURN = 64,
	BACK_OFF_MS = 100,
};

struct listener {
	struct loop *loop;
	int socket;
	int batch;   // accepts of the next turn
	int reserve; // a descriptor to give up, so that a waiting connection can be
		     // refused
	struct event event;
	struct loop_timer back_off;
	uint64_t warned_ms;
	listener_accept_cb accept;
	void *arg;
};

// A socket file whose server is gone refuses connections.
static void remove_stale(const struct addr *address)
{
	struct stat status;
	if (stat(address->local.sun_path, &status) != 0 || !S_ISSOCK(status.st_mode))
		return;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (connect(fd, &address->any, address->length) != 0 && errno == ECONNREFUSED)
		(void)unlink(address->local.sun_path); // then bind says what is wrong
	close(fd);
}

static bool set_options(int fd, const struct addr *address, bool reuse_port)
{
	int on = 1;
	if (addr_is_unix(address))
		return true;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
		return false;
	// Accepted sockets inherit it.
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0)
		return false;
	if (reuse_port && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0)
		return false;
	return address->any.sa_family != AF_INET6 ||
	       setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == 0;
}

static int open_bound(const struct addr *address, bool reuse_port)
{
	int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
	int fd = socket(address->any.sa_family, type, 0);
	if (fd < 0)
		return -errno;
	if (addr_is_unix(address))
		remove_stale(address);
	if (set_options(fd, address, reuse_port) &&
		bind(fd, &address->any, address->length) == 0)
		return fd;
	int error = errno;
	close(fd);
	return -error;
}

int listener_open(const struct addr *address, bool reuse_port)
{
	int fd = open_bound(address, reuse_port);
	if (fd < 0 || listen(fd, BACKLOG) == 0)
		return fd;
	int error = errno;
	close(fd);
	return -error;
}

int listener_probe(const struct addr *address)
{
	int fd = open_bound(address, false);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static int open_reserve(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void resume_accepting(void *arg)
{
	struct listener *listener = arg;
	if (listener->reserve < 0)
		listener->reserve = open_reserve();
	if (event_add(&listener->event, NULL) != 0)
		loop_timer_set(&listener->back_off, now_ms() + BACK_OFF_MS);
}

// Out of descriptors or memory: refuse one waiting connection with the reserve
// descriptor, then leave the rest in the queue for a moment, instead of spinning on it.
static void back_off(struct listener *listener, int error)
{
	uint64_t now = now_ms();
	counters_add(&loop_counters(listener->loop)->accept_errors, 1);
	if (now - listener->warned_ms >= 1000) {
		log_warn("accept: %s; waiting %d ms (expected free descriptors, see "
			 "RLIMIT_NOFILE and limits.connections)",
			strerrordesc_np(error), BACK_OFF_MS);
		listener->warned_ms = now;
	}
	if (listener->reserve >= 0) {
		close(listener->reserve);
		int refused = accept4(listener->socket, NULL, NULL, SOCK_CLOEXEC);
		if (refused >= 0)
			close(refused);
		listener->reserve = open_reserve();
	}
	(void)event_del(&listener->event);
	loop_timer_set(&listener->back_off, now + BACK_OFF_MS);
}

static bool is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

// Accepts up to count connections. False if the queue is empty, or nothing can be
// accepted.
static bool accept_some(struct listener *listener, int count)
{
	for (int i = 0; i < count; i++) {
		struct addr peer = {.length = sizeof(peer) - offsetof(struct addr, any)};
		int got = accept4(listener->socket, &peer.any, &peer.length,
			SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (got < 0 && errno == ECONNABORTED)
			continue; // it ended before it was accepted
		if (got < 0) {
			if (is_shortage(errno))
				back_off(listener, errno);
			return false;
		}
		listener->accept(listener->arg, got, &peer);
	}
	return true;
}

static void on_acceptable(evutil_socket_t fd, short events, void *arg)
{
	struct listener *listener = arg;
	// As many as seem to be waiting: an accept that finds nothing is a call for
	// nothing.
	if (!accept_some(listener, listener->batch))
		listener->batch = 1;
	else if (listener->batch < ACCEPTS_PER_TURN)
		listener->batch *= 2; // the rest in the next turn
}

struct listener *listener_create(
	struct loop *loop, int socket, listener_accept_cb accept, void *arg)
{
	struct listener *listener = calloc(1, sizeof(*listener));
	if (!listener)
		return NULL;
	listener->loop = loop;
	listener->socket = socket;
	listener->batch = 1;
	listener->accept = accept;
	listener->arg = arg;
	listener->reserve = open_reserve();
	loop_timer_init(&listener->back_off, loop, resume_accepting, listener);
	(void)event_assign(&listener->event, loop_base(loop), socket,
		EV_READ | EV_PERSIST, on_acceptable, listener);
	if (event_add(&listener->event, NULL) != 0) {
		log_warn("listen: no memory to wait for connections yet");
		loop_timer_set(&listener->back_off, now_ms() + BACK_OFF_MS);
	}
	return listener;
}

void listener_leave(struct listener *listener)
{
	if (!listener)
		return;
	(void)event_del(&listener->event);
	loop_timer_finish(&listener->back_off);
	close(listener->socket);
	if (listener->reserve >= 0)
		close(listener->reserve);
	free(listener);
}

void listener_destroy(struct listener *listener)
{
	if (!listener)
		return;
	(void)accept_some(listener, BACKLOG); // closing would reset those who wait
	listener_leave(listener);
}

// Nothing arrives by an interface that is not there: so no SYN finds the socket any more,
// nor has it a share in those to newer sockets of its address. A handshake goes on by
// what the socket was bound to when it began.
void listener_refuse(int socket, const struct addr *address)
{
	const int nowhere = INT_MAX;
	// Another one may have removed the file. A socket that is bound to an interface
	// already, as that of a link-local address is, stays there: its queue is saved.
	if (addr_is_unix(address))
		(void)unlink(address->local.sun_path);
	else
		(void)setsockopt(
			socket, SOL_SOCKET, SO_BINDTOIFINDEX, &nowhere, sizeof(nowhere));
}
