// SPDX-License-Identifier: MIT
// One worker's proxy; see the header.
#include "wherry/proxy/proxy.h"

#include <stdlib.h>

#include "adoption_priv.h"
#include "wherry/base/log.h"
#include "wherry/hub/feeds.h"
#include "wherry/proxy/conn.h"
#include "wherry/proxy/drain.h"
#include "wherry/proxy/lives.h"
#include "wherry/proxy/moves.h"

struct proxy {
	struct site site;
	struct adoption adoption;
};

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
	LIST_INIT(&site->drains);
	LIST_INIT(&site->walks);
	TAILQ_INIT(&site->handshakes);
	adoption_init(&proxy->adoption, site);
	site->pool = pool_create(loop);
	site->feeds = feeds_create(loop, options->hub);
	site->lives = lives_create(site, options->live);
	if (!site->pool || !site->feeds || !site->lives) {
		proxy_destroy(proxy);
		return NULL;
	}
	pool_adopt(site->pool, edition->upstreams);
	return proxy;
}

static void cut_all(struct site *site)
{
	while (!LIST_EMPTY(&site->conns))
		conn_cut(LIST_FIRST(&site->conns)); // leaves the list
}

void proxy_destroy(struct proxy *proxy)
{
	if (!proxy)
		return;
	adoption_finish(&proxy->adoption);
	conn_walk_end_all(&proxy->site);
	cut_all(&proxy->site);
	while (!LIST_EMPTY(&proxy->site.drains))
		drain_destroy(LIST_FIRST(&proxy->site.drains));
	loop_settle(proxy->site.loop); // the connections' memory still points here
	lives_destroy(proxy->site.lives);
	feeds_destroy(proxy->site.feeds);
	loop_settle(proxy->site.loop); // what it stopped frees itself
	pool_destroy(proxy->site.pool);
	edition_unref(proxy->site.edition);
	free(proxy);
}

struct edition *proxy_edition(const struct proxy *proxy)
{
	return proxy->site.edition;
}

void proxy_accept(struct proxy *proxy, struct edition *edition,
	const struct conf_listener *listener, int socket, const struct addr *peer)
{
	struct site *site = &proxy->site;
	const struct conf *conf = edition->conf;
	struct reply refusal;
	bool is_counted = false;
	counters_add(&loop_counters(site->loop)->accepted, 1);
	// The source first: what one is refused must not use up what there is for all.
	bool is_known = !listener->has_proxy_protocol; // else its header names the peer
	if (is_known &&
		!limits_enter_source(site->limits, conf, peer, &is_counted, &refusal)) {
		conn_refuse(site, edition, listener, socket, peer, &refusal);
	} else if (!limits_enter(site->limits, conf, &refusal)) {
		if (is_counted)
			limits_leave_source(site->limits, peer);
		conn_refuse(site, edition, listener, socket, peer, &refusal);
	} else {
		conn_accept(site, edition, listener, socket, peer, is_counted);
	}
}

bool proxy_adopt(struct proxy *proxy, const struct proxy_adopt_options *options)
{
	struct site *site = &proxy->site;
	struct edition *former = site->edition;
	struct edition *edition = edition_create(options->snapshot, former);
	if (!edition)
		return false;
	site->edition = edition;
	pool_adopt(site->pool, edition->upstreams);
	edition_unref(former);
	adoption_start(&proxy->adoption, options->plan, options->done, options->arg);
	return true;
}

struct site *proxy_site(struct proxy *proxy)
{
	return &proxy->site;
}

void proxy_shed(struct proxy *proxy)
{
	conn_shed(&proxy->site);
}

void proxy_move(struct proxy *proxy, struct moves *moves)
{
	moves_start(moves, &proxy->site);
}

void proxy_drain(struct proxy *proxy, struct drain_plan *plan)
{
	if (!drain_start(&proxy->site, plan))
		log_error("drain: no memory; a worker's connections stay");
}

void proxy_stop(struct proxy *proxy, struct drain_plan *plan, proxy_stopped_cb on_stopped,
	void *arg)
{
	struct site *site = &proxy->site;
	site->is_stopping = true;
	site->on_empty = on_stopped;
	site->arg = arg;
	pool_close(site->pool);
	if (!drain_start(site, plan))
		cut_all(site);
	if (site->conn_count == 0)
		on_stopped(arg);
}
