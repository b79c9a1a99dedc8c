// SPDX-License-Identifier: MIT
// libevent for hiredis: it says what it waits for, and is called when that is there.
#include "link_redis_events_priv.h"

#include <stdlib.h>

#include <hiredis/async.h>

// Freed by hiredis through its cleanup hook, since that may come later than our own end.
struct watch {
	redisAsyncContext *context;
	struct event readable, writable;
};

static void on_readable(evutil_socket_t fd, short events, void *arg)
{
	redisAsyncHandleRead(((struct watch *)arg)->context);
}

static void on_writable(evutil_socket_t fd, short events, void *arg)
{
	redisAsyncHandleWrite(((struct watch *)arg)->context);
}

// Its places were made when it was attached: adding it again needs no memory.
static void add_read(void *arg)
{
	(void)event_add(&((struct watch *)arg)->readable, NULL);
}

static void add_write(void *arg)
{
	(void)event_add(&((struct watch *)arg)->writable, NULL);
}

// Fails only on one never assigned, as below.
static void delete_read(void *arg)
{
	(void)event_del(&((struct watch *)arg)->readable);
}

static void delete_write(void *arg)
{
	(void)event_del(&((struct watch *)arg)->writable);
}

static void cleanup(void *arg)
{
	delete_read(arg);
	delete_write(arg);
	free(arg);
}

bool link_redis_events_attach(struct redisAsyncContext *context, struct loop *loop)
{
	struct event_base *base = loop_base(loop);
	const short read = EV_READ | EV_PERSIST, write = EV_WRITE | EV_PERSIST;
	struct watch *watch = calloc(1, sizeof(*watch));
	if (!watch)
		return false;

	watch->context = context;
	if (event_assign(&watch->readable, base, context->c.fd, read, on_readable,
		    watch) != 0 ||
		event_assign(&watch->writable, base, context->c.fd, write, on_writable,
			watch) != 0 ||
		event_add(&watch->readable, NULL) != 0 ||
		event_add(&watch->writable, NULL) != 0) {
		cleanup(watch);
		return false;
	}
	context->ev.data = watch;
	context->ev.addRead = add_read;
	context->ev.addWrite = add_write;
	context->ev.delRead = delete_read;
	context->ev.delWrite = delete_write;
	context->ev.cleanup = cleanup;
	return true;
}
