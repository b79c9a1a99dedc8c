// SPDX-License-Identifier: MIT
// The connection's state, for the files that make it, log in on it and use it.
#pragma once

#include "wherry/net/link_redis.h"

struct redisAsyncContext;

struct link_redis {
	struct loop *loop;
	struct resolver_name *name; // NULL where the URL holds an address
	const struct url_redis *url;
	struct str password;
	uint64_t connect_timeout_ms;
	const struct link_redis_handler *handler;
	void *arg;

	struct addr *addresses;
	size_t address_count;
	size_t attempts;         // one address after the other
	struct loop_timer timer; // the next attempt, or the end of this one's patience
	uint64_t retry_ms;
	struct redisAsyncContext *context; // NULL between two connections
	bool is_up;
	uint64_t up_ms; // since when
};

// The connection is over, or did not come about: tries again later.
void link_redis_fail(struct link_redis *link, const char *error);

// Sends a command on the connection. False: it broke, or memory was short.
MUST_CHECK bool link_redis_write(struct link_redis *link, struct buf *command,
	void (*reply)(struct redisAsyncContext *context, void *reply, void *arg),
	void *arg);

// It is connected: sends who we are, and comes up when all of that was accepted.
void link_redis_login(struct link_redis *link);
void link_redis_come_up(struct link_redis *link);
