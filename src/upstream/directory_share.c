// SPDX-License-Identifier: MIT
// What the groups of a set have besides servers: the line of those that wait, the
// sessions, and the cookies' tokens.
#include <stdlib.h>

#include "directory_priv.h"
#include "wherry/upstream/session_table.h"
#include "wherry/upstream/wait_queue.h"

static bool has_maximum(const struct conf_upstream *conf)
{
	for (size_t i = 0; i < conf->server_count; i++) {
		if (conf->servers[i].max_connections != CONF_OFF)
			return true;
	}
	return false;
}

// A server that once had a maximum wakes who waits from then on: it may still be one's in
// a set of before.
static bool share_queue(struct upstream *upstream, struct directory_group *one)
{
	if (!has_maximum(upstream->conf))
		return true;
	if (!one->queue)
		one->queue = wait_queue_create();
	upstream->queue = one->queue;
	for (size_t i = 0; one->queue && i < upstream->member_count; i++) {
		struct upstream_server *server = upstream->members[i].server;

		if (!atomic_load_explicit(&server->queue, memory_order_relaxed))
			atomic_store_explicit(&server->queue, wait_queue_ref(one->queue),
				memory_order_release);
	}
	return one->queue != NULL;
}

static bool share_sessions(struct upstream *upstream, struct directory_group *one)
{
	if (upstream->conf->session.kind == CONF_SESSION_OFF)
		return true;
	if (!one->sessions)
		one->sessions = session_table_create();
	upstream->sessions = one->sessions;
	return one->sessions != NULL;
}

static bool find_key(struct upstream *upstream, struct directory_group *one,
	bool is_same_conf, struct buf *ret_text)
{
	const struct conf_file *secret = &upstream->conf->sticky.secret;

	if (!secret->path) {
		one->has_key = one->has_key || sticky_make_key(&one->key);
		upstream->key = one->key;
		return one->has_key;
	}
	if (!is_same_conf)
		return sticky_read_key(secret, &upstream->key, ret_text);
	upstream->key = one->former->key;
	return true;
}

static bool share_tokens(struct upstream *upstream, struct directory_group *one,
	bool is_same_conf, struct buf *ret_text)
{
	if (upstream->conf->balance != CONF_BALANCE_STICKY)
		return true;
	if (!find_key(upstream, one, is_same_conf, ret_text))
		return false;
	upstream->tokens = calloc(upstream->member_count + 1, sizeof(*upstream->tokens));
	for (size_t i = 0; upstream->tokens && i < upstream->member_count; i++) {
		if (!sticky_make_token(&upstream->key, upstream->conf->name,
			    upstream->members[i].server->name, &upstream->tokens[i]))
			return false;
	}
	return upstream->tokens != NULL;
}

bool directory_share(struct upstream *upstream, struct directory_group *one,
	bool is_same_conf, struct buf *ret_text)
{
	return share_queue(upstream, one) && share_sessions(upstream, one) &&
	       share_tokens(upstream, one, is_same_conf, ret_text);
}
