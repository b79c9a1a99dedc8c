// SPDX-License-Identifier: MIT
// One worker's proxy; see the header.
#include "wherry/proxy/proxy.h"

#include <stdlib.h>

#include "wherry/base/now.h"
#include "wherry/proxy/conn.h"
#include "wherry/proxy/site.h"

enum {
	DRAIN_STEP_MS = 20,
};

struct proxy {
	struct site site;
	struct loop_timer timer; // the drain's next step
	uint64_t drain_from_ms, drain_window_ms, drain_by_ms;
	size_t drain_total; // connections when it began
	size_t drain_done;  // of them, told to close
	proxy_drained_cb on_drained;
	void *arg;
};

static void step_drain(void *arg);

struct proxy *proxy_create(struct loop *loop, const struct proxy_options *options)
{
	struct edition *edition = edition_create(options->snapshot, NULL);
	struct proxy *proxy = edition ? calloc(1, sizeof(*proxy)) : NULL;
	if (!proxy) {
		edition_unref(edition);
		return NULL;
	}
	struct site *site = &proxy->site;
	site->edition = edition;
	site->loop = loop;
	site->limits = options->limits;
	site->next_id = options->index + options->count;
	site->id_step = options->count;
	LIST_INIT(&site->conns);
	LIST_INIT(&site->drained);
	TAILQ_INIT(&site->handshakes);
	loop_timer_init(&proxy->timer, loop, step_drain, proxy);
	site->pool = pool_create(loop, edition->upstreams);
	if (site->pool)
		return proxy;
	proxy_destroy(proxy);
	return NULL;
}

static void cut_all(struct conn_list *list)
{
	while (!LIST_EMPTY(list))
		conn_cut(LIST_FIRST(list)); // leaves the list
}

void proxy_destroy(struct proxy *proxy)
{
	if (!proxy)
		return;
	cut_all(&proxy->site.conns);
	cut_all(&proxy->site.drained);
	loop_settle(proxy->site.loop); // the connections' memory still points here
	loop_timer_finish(&proxy->timer);
	pool_destroy(proxy->site.pool);
	edition_unref(proxy->site.edition);
	free(proxy);
}

void proxy_accept(
	struct proxy *proxy, size_t listener, int socket, const struct addr *peer)
{
	struct site *site = &proxy->site;
	const struct conf *conf = site->edition->conf;
	const struct conf_listener *from = &conf->listeners[listener];
	struct limits_refusal refusal;
	bool is_counted = false;
	counters_add(&loop_counters(site->loop)->accepted, 1);
	// The source first: what one is refused must not use up what there is for all.
	bool is_known = !from->has_proxy_protocol; // else its header names the peer
	if (is_known &&
		!limits_enter_source(site->limits, conf, peer, &is_counted, &refusal)) {
		conn_refuse(site, from, socket, peer, &refusal);
	} else if (!limits_enter(site->limits, conf, &refusal)) {
		if (is_counted)
			limits_leave_source(site->limits, peer);
		conn_refuse(site, from, socket, peer, &refusal);
	} else {
		conn_accept(site, from, socket, peer, is_counted);
	}
}

bool proxy_adopt(struct proxy *proxy, struct snapshot *snapshot)
{
	struct site *site = &proxy->site;
	struct edition *former = site->edition;
	struct edition *edition = edition_create(snapshot, former);
	if (!edition)
		return false;
	site->edition = edition;
	edition_unref(former);
	return true;
}

void proxy_set_addresses(struct proxy *proxy, size_t server_index,
	const struct addr *addresses, size_t count)
{
	pool_set_addresses(proxy->site.pool, server_index, addresses, count);
}

void proxy_shed(struct proxy *proxy)
{
	conn_shed(&proxy->site);
}

static void tell_drained(void *arg)
{
	struct proxy *proxy = arg;
	loop_timer_clear(&proxy->timer);
	proxy->on_drained(proxy->arg);
}

// As many connections are told to close as the window's share that has gone by.
static void step_drain(void *arg)
{
	struct proxy *proxy = arg;
	struct site *site = &proxy->site;
	uint64_t now = now_ms(), gone = now - proxy->drain_from_ms;
	if (now >= proxy->drain_by_ms) {
		cut_all(&site->conns);
		cut_all(&site->drained);
		return;
	}
	size_t due = proxy->drain_total;
	if (gone < proxy->drain_window_ms)
		due = (size_t)(1 + proxy->drain_total * gone / proxy->drain_window_ms);
	for (; proxy->drain_done < due && !LIST_EMPTY(&site->conns); proxy->drain_done++)
		conn_drain(LIST_FIRST(&site->conns));
	bool is_paced = !LIST_EMPTY(&site->conns);
	loop_timer_set(
		&proxy->timer, is_paced ? now + DRAIN_STEP_MS : proxy->drain_by_ms);
}

void proxy_drain(struct proxy *proxy, uint64_t window_ms, uint64_t timeout_ms,
	proxy_drained_cb on_drained, void *arg)
{
	struct site *site = &proxy->site;
	proxy->on_drained = on_drained;
	proxy->arg = arg;
	proxy->drain_from_ms = now_ms();
	proxy->drain_window_ms = window_ms;
	proxy->drain_by_ms = proxy->drain_from_ms + timeout_ms;
	proxy->drain_total = site->conn_count;
	proxy->drain_done = 0;
	site->is_draining = true;
	site->on_empty = tell_drained;
	site->arg = proxy;
	pool_close(site->pool);
	if (site->conn_count == 0)
		tell_drained(proxy);
	else
		step_drain(proxy);
}
