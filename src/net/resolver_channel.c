// SPDX-License-Identifier: MIT
// c-ares on the loop: it opens, reads and closes its sockets; we only tell it when.
#include "resolver_channel_priv.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/time.h>

#include "wherry/base/now.h"

enum {
	TRIES = 2,
	// c-ares doubles its patience at each try: 1 + 2 parts of a look-up's time.
	TIMEOUT_PARTS = 3,
};

// One socket of c-ares.
struct socket_watch {
	struct socket_watch *next;
	struct resolver_channel *channel;
	struct event event;
	ares_socket_t socket;
};

struct resolver_channel {
	struct loop *loop;
	ares_channel ares;               // NULL until it works
	struct loop_timer timeout_timer; // c-ares's next deadline
	struct socket_watch *watches;
};

static void set_timeout(struct resolver_channel *channel)
{
	struct timeval left;

	if (!ares_timeout(channel->ares, NULL, &left)) {
		loop_timer_clear(&channel->timeout_timer);
		return;
	}
	uint64_t left_ms =
		(uint64_t)left.tv_sec * 1000 + ((uint64_t)left.tv_usec + 999) / 1000;
	loop_timer_set(&channel->timeout_timer, now_ms() + left_ms);
}

static void on_timeout(void *arg)
{
	struct resolver_channel *channel = arg;

	ares_process_fd(channel->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	set_timeout(channel);
}

static void on_socket(evutil_socket_t fd, short events, void *arg)
{
	// The watch itself may be gone when c-ares returns.
	struct resolver_channel *channel = ((struct socket_watch *)arg)->channel;

	ares_process_fd(channel->ares, events & EV_READ ? fd : ARES_SOCKET_BAD,
		events & EV_WRITE ? fd : ARES_SOCKET_BAD);
	set_timeout(channel);
}

static struct socket_watch **find_watch(
	struct resolver_channel *channel, ares_socket_t socket)
{
	struct socket_watch **place = &channel->watches;

	while (*place && (*place)->socket != socket)
		place = &(*place)->next;
	return place;
}

static bool start_watch(struct resolver_channel *channel, struct socket_watch *watch,
	ares_socket_t socket, short events)
{
	watch->channel = channel;
	watch->socket = socket;
	return event_assign(&watch->event, loop_base(channel->loop), socket,
		       (short)(events | EV_PERSIST), on_socket, watch) == 0 &&
	       event_add(&watch->event, NULL) == 0;
}

// c-ares wants to hear of other events of this socket than before, or of none any more.
// Without memory for it the socket stays unwatched, and the look-up times out.
static void on_interest(void *arg, ares_socket_t socket, int readable, int writable)
{
	struct resolver_channel *channel = arg;
	struct socket_watch **place = find_watch(channel, socket);
	struct socket_watch *watch = *place;
	short events = (short)((readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));

	if (watch) {
		(void)event_del(&watch->event); // fails only on one never assigned
		*place = watch->next;
	} else if (events != 0) {
		watch = calloc(1, sizeof(*watch));
	}
	if (!watch)
		return;
	if (events == 0 || !start_watch(channel, watch, socket, events)) {
		free(watch);
		return;
	}
	watch->next = channel->watches;
	channel->watches = watch;
}

static bool open_ares(struct resolver_channel *channel, const struct conf_resolver *conf)
{
	uint64_t timeout_ms = conf->timeout_ms / TIMEOUT_PARTS;
	if (timeout_ms > INT_MAX / TIMEOUT_PARTS)
		timeout_ms = INT_MAX / TIMEOUT_PARTS;
	struct ares_options ares = {
		.timeout = (int)timeout_ms,
		.tries = TRIES,
		.lookups = (char[]){"fb"}, // /etc/hosts first, then DNS
		.sock_state_cb = on_interest,
		.sock_state_cb_data = channel,
	};
	int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
		   ARES_OPT_SOCK_STATE_CB;

	if (ares_init_options(&channel->ares, &ares, mask) != ARES_SUCCESS) {
		channel->ares = NULL;
		return false;
	}
	return !conf->servers ||
	       ares_set_servers_ports_csv(channel->ares, conf->servers) == ARES_SUCCESS;
}

struct resolver_channel *resolver_channel_create(
	struct loop *loop, const struct conf_resolver *conf)
{
	struct resolver_channel *channel = calloc(1, sizeof(*channel));
	if (!channel)
		return NULL;

	channel->loop = loop;
	loop_timer_init(&channel->timeout_timer, loop, on_timeout, channel);
	if (!open_ares(channel, conf)) {
		resolver_channel_destroy(channel);
		return NULL;
	}
	return channel;
}

void resolver_channel_destroy(struct resolver_channel *channel)
{
	if (!channel)
		return;
	// Closes the sockets, which ends their watches.
	if (channel->ares)
		ares_destroy(channel->ares);
	loop_timer_finish(&channel->timeout_timer);
	free(channel);
}

void resolver_channel_ask(struct resolver_channel *channel, const char *host,
	ares_addrinfo_callback answer, void *arg)
{
	// No sorting: it would open sockets to find out what this host can reach.
	static const struct ares_addrinfo_hints hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = ARES_AI_NOSORT,
	};

	ares_getaddrinfo(channel->ares, host, NULL, &hints, answer, arg);
	set_timeout(channel);
}
