// SPDX-License-Identifier: MIT
// The listening sockets of a worker, as the server gives and takes them; each by a
// descriptor of its own, so that nobody waits for another to let go.
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "wherry/base/log.h"
#include "wherry/base/now.h"
#include "wherry/net/listener.h"
#include "wherry/proxy/edition.h"
#include "worker_priv.h"

enum {
	CLOSING_MS = 200, // for handshakes that are under way
	AGAIN_MS = 200    // before the next try to listen
};

struct worker_listener {
	LIST_ENTRY(worker_listener) entry;
	struct worker *worker;
	int name; // the server's descriptor of the socket
	struct addr address;
	bool is_dealt;
	bool is_closing;         // its name may be another's by now
	struct loop_timer timer; // of the next try to listen, later of closing
	int socket;              // until it listens; then -1
	struct listener *listener;
	struct edition *edition; // the newest that has the address
	const struct conf_listener *conf;
	size_t turn;
};

// Listens, or stops that.
struct listen_order {
	struct worker *worker;
	int name;
	struct worker_listener *made; // with its socket; NULL = the worker is to stop
	bool is_dealt;
	enum worker_parting parting;
};

static void follow(struct worker_listener *one)
{
	struct edition *newest = proxy_edition(one->worker->proxy);
	if (one->edition == newest)
		return;
	const struct conf_listener *conf = edition_find_listener(newest, &one->address);
	if (!conf)
		return;
	edition_unref(one->edition);
	one->edition = edition_ref(newest);
	one->conf = conf;
}

struct handed_over {
	struct worker *worker;
	struct worker *from; // who can still take it; NULL: nobody
	struct addr address; // of the listener
	int socket;
	struct addr peer;
};

// That of the listener, which may be closing and in no newer edition.
static struct edition *find_edition(const struct worker *worker,
	const struct addr *address, const struct conf_listener **ret_conf)
{
	struct edition *newest = proxy_edition(worker->proxy);
	struct worker_listener *one;
	*ret_conf = edition_find_listener(newest, address);
	if (*ret_conf)
		return newest;
	LIST_FOREACH (one, &worker->listeners, entry) {
		if (!addr_equal(&one->address, address))
			continue;
		*ret_conf = one->conf;
		return one->edition;
	}
	return NULL;
}

static void accept_handed_over(void *arg)
{
	struct handed_over *one = arg;
	const struct conf_listener *conf;
	struct edition *edition = find_edition(one->worker, &one->address, &conf);
	if (!edition && one->from && !one->worker->is_stopping) { // it has just gone
		one->worker = one->from;
		one->from = NULL;
		if (loop_post(one->worker->loop, accept_handed_over, one))
			return;
	}
	if (edition)
		proxy_accept(one->worker->proxy, edition, conf, one->socket, &one->peer);
	else
		close(one->socket);
	free(one);
}

static void hand_over(const struct worker_listener *listener, struct worker *to,
	int socket, const struct addr *peer)
{
	struct handed_over *one = malloc(sizeof(*one));
	if (one)
		*one = (struct handed_over){
			to, listener->worker, listener->address, socket, *peer};
	if (one && loop_post(to->loop, accept_handed_over, one))
		return;
	log_error("accept: no memory to hand a connection over; it is closed");
	close(socket);
	free(one);
}

// Of a stopping or closing one, the others may be gone, or know nothing of the address.
static struct worker *choose(struct worker_listener *listener)
{
	const struct worker_options *options = &listener->worker->options;
	if (!listener->is_dealt || listener->is_closing || listener->worker->is_stopping)
		return listener->worker;
	size_t count = atomic_load_explicit(options->active, memory_order_acquire);
	return options->workers[listener->turn++ % count];
}

static void on_accept(void *arg, int socket, const struct addr *peer)
{
	struct worker_listener *listener = arg;
	struct worker *to = choose(listener);
	if (to != listener->worker) {
		hand_over(listener, to, socket, peer);
		return;
	}
	follow(listener);
	proxy_accept(to->proxy, listener->edition, listener->conf, socket, peer);
}

static void forget(struct worker_listener *one)
{
	LIST_REMOVE(one, entry);
	loop_timer_finish(&one->timer);
	if (one->socket >= 0)
		close(one->socket);
	edition_unref(one->edition);
	free(one);
}

static void end(struct worker_listener *one)
{
	listener_destroy(one->listener);
	forget(one);
}

static struct worker_listener *find(const struct worker *worker, int name)
{
	struct worker_listener *one;
	LIST_FOREACH (one, &worker->listeners, entry) {
		if (one->name == name && !one->is_closing)
			return one;
	}
	return NULL;
}

// Whoever connects waits in the socket's queue until it can be done.
static void listen_or_retry(struct worker_listener *one)
{
	struct loop *loop = one->worker->loop;
	follow(one);
	if (one->conf)
		one->listener = listener_create(loop, one->socket, on_accept, one);
	if (one->listener) {
		one->socket = -1;
		loop_timer_clear(&one->timer);
		return;
	}
	log_error("worker %zu: no memory to listen yet", one->worker->options.index);
	loop_timer_set(&one->timer, now_ms() + AGAIN_MS);
}

static void on_timer(void *arg)
{
	struct worker_listener *one = arg;
	if (one->is_closing)
		end(one);
	else
		listen_or_retry(one);
}

void worker_listen_follow(struct worker *worker)
{
	struct worker_listener *one;
	LIST_FOREACH (one, &worker->listeners, entry) {
		follow(one);
		if (!one->listener && !one->is_closing)
			listen_or_retry(one); // it may have waited for the edition
	}
}

static void start(struct worker *worker, struct worker_listener *one)
{
	LIST_INSERT_HEAD(&worker->listeners, one, entry);
	loop_timer_init(&one->timer, worker->loop, on_timer, one);
	listen_or_retry(one);
}

static void free_made(struct worker_listener *made)
{
	if (made->socket >= 0)
		close(made->socket);
	free(made);
}

static void obey_listen(void *arg)
{
	struct listen_order *order = arg;
	struct worker_listener *one = find(order->worker, order->name);
	if (one) {
		one->is_dealt = order->is_dealt;
		free_made(order->made);
	} else {
		start(order->worker, order->made);
	}
	free(order);
}

static void obey_part(void *arg)
{
	struct listen_order *order = arg;
	struct worker_listener *one = find(order->worker, order->name);
	if (one && order->parting == WORKER_LEAVES) {
		listener_leave(one->listener);
		forget(one);
	} else if (one) {
		one->is_closing = true;
		loop_timer_set(&one->timer, now_ms() + CLOSING_MS);
	}
	free(order);
}

static bool post(
	struct worker *worker, loop_post_cb obey, const struct listen_order *wish)
{
	struct listen_order *order = malloc(sizeof(*order));
	if (order)
		*order = *wish;
	if (order && loop_post(worker->loop, obey, order))
		return true;
	free(order);
	return false;
}

bool worker_listen(
	struct worker *worker, int socket, const struct addr *address, bool is_dealt)
{
	struct worker_listener *made = calloc(1, sizeof(*made));
	if (!made)
		return false;
	*made = (struct worker_listener){
		.worker = worker,
		.name = socket,
		.address = *address,
		.is_dealt = is_dealt,
		.socket = fcntl(socket, F_DUPFD_CLOEXEC, 0),
	};
	struct listen_order order = {
		.worker = worker, .name = socket, .made = made, .is_dealt = is_dealt};
	if (made->socket >= 0 && post(worker, obey_listen, &order))
		return true;
	free_made(made);
	return false;
}

bool worker_part(struct worker *worker, int socket, enum worker_parting parting)
{
	struct listen_order order = {
		.worker = worker, .name = socket, .parting = parting};
	return post(worker, obey_part, &order);
}

void worker_listen_stop(struct worker *worker)
{
	while (!LIST_EMPTY(&worker->listeners))
		end(LIST_FIRST(&worker->listeners));
}

void worker_listen_finish(struct worker *worker)
{
	while (!LIST_EMPTY(&worker->listeners)) {
		struct worker_listener *one = LIST_FIRST(&worker->listeners);
		listener_leave(one->listener);
		forget(one);
	}
}
