// SPDX-License-Identifier: MIT
// One connection to a Redis server that is kept up (hiredis on the loop): it looks the
// name up, connects, logs in, and comes back after ever longer, jittered waits when it
// broke. It keeps no commands for later, notices no silence and logs nothing: who uses it
// does.
//
// For the thread of its loop. No callback runs inside a call into it, but those that
// link_redis_drop and link_redis_destroy say.
#pragma once

#include "wherry/base/buf.h"
#include "wherry/base/url_redis.h"
#include "wherry/net/loop.h"
#include "wherry/net/resolver.h"

struct link_redis;
struct redisReply; // hiredis's

enum link_redis_push {
	LINK_REDIS_SUBSCRIBED, // from here on everything published there comes
	LINK_REDIS_MESSAGE,
};

struct link_redis_handler {
	// It can be used. What was subscribed before is not any more.
	void (*on_up)(void *arg);
	// It can't any more, or an attempt to connect failed; "10.0.0.5:6379: why", lent.
	void (*on_down)(void *arg, const char *error);
	// Of what was subscribed; all is lent. May be NULL.
	void (*on_push)(void *arg, enum link_redis_push push, struct str channel,
		struct str payload);
};

// The reply is lent; NULL: the link broke before one came, and whether the command was
// done is not known.
typedef void (*link_redis_reply_cb)(void *arg, const struct redisReply *reply);

struct link_redis_options {
	struct loop *loop;
	struct resolver *resolver;   // outlives the link; NULL if no name is to be found
	const struct url_redis *url; // outlives the link, as does the password
	struct str password;         // empty: none
	uint64_t connect_timeout_ms; // until it is logged in
};

// Begins to connect in a later turn. NULL when memory is short.
MUST_CHECK struct link_redis *link_redis_create(const struct link_redis_options *options,
	const struct link_redis_handler *handler, void *arg);
// What was sent goes out, if the kernel takes it at once; what is under way is answered
// with NULL. Not from within a callback of its own.
// NULL is allowed.
void link_redis_destroy(struct link_redis *link);

bool link_redis_is_up(const struct link_redis *link);
// Closes the connection, for the reason given (a literal), and tries again. on_down runs
// before it returns, and what is under way is answered with NULL then or soon after, in
// any case before the next on_up. Nothing happens if there is no connection.
void link_redis_drop(struct link_redis *link, const char *reason);

// Sends a command (proto/resp); copied. True: reply runs once. False: it is not up, or
// memory was short.
MUST_CHECK bool link_redis_send(struct link_redis *link, struct buf *command,
	link_redis_reply_cb reply, void *arg);

// Pushes for the link's handler. A link that subscribed to anything sends nothing else.
// False: it is not up, or memory is short.
MUST_CHECK bool link_redis_subscribe(struct link_redis *link, struct str channel);
void link_redis_unsubscribe(struct link_redis *link, struct str channel);
