// SPDX-License-Identifier: MIT
// Where the server is, and one connection after the other to it; see the header.
#include "wherry/net/link_redis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <hiredis/async.h>

#include "link_redis_events_priv.h"
#include "link_redis_priv.h"

#include "wherry/base/now.h"

enum {
	RETRY_MIN_MS = 100, // doubled with each attempt that fails
	RETRY_MAX_MS = 2000,
	ERROR_SIZE = 256,
};

// Between half of it and all of it, so that machines that lost the same server do not
// come back in step.
static uint64_t jittered(uint64_t wait_ms)
{
	uint16_t random = 0;
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		random = (uint16_t)now_ms();
	return wait_ms / 2 + random % (wait_ms / 2 + 1);
}

// Tells the owner where it was, and why.
static void tell_down(struct link_redis *link, const char *error)
{
	char place[ADDR_TEXT_SIZE], text[ERROR_SIZE];
	size_t last = link->attempts - 1;

	if (link->attempts > 0)
		(void)addr_format(&link->addresses[last % link->address_count], place);
	else
		(void)snprintf(place, sizeof(place), "%.*s", STR_ARG(link->url->host));
	(void)snprintf(text, sizeof(text), "%s: %s", place,
		*error ? error : "connection closed");
	link->handler->on_down(link->arg, text);
}

void link_redis_fail(struct link_redis *link, const char *error)
{
	uint64_t now = now_ms();
	bool was_up = link->is_up;
	char text[ERROR_SIZE]; // the error may live in what is freed here
	(void)snprintf(text, sizeof(text), "%s", error);

	redisAsyncContext *context = link->context;
	link->context = NULL;
	link->is_up = false;
	if (context)
		redisAsyncFree(context); // at the end of the callback that we are in
	// One that broke at once is no reason to hurry.
	if (was_up && now - link->up_ms >= RETRY_MAX_MS)
		link->retry_ms = 0;
	link->retry_ms = link->retry_ms == 0 ? RETRY_MIN_MS : link->retry_ms * 2;
	if (link->retry_ms > RETRY_MAX_MS)
		link->retry_ms = RETRY_MAX_MS;
	loop_timer_set(&link->timer, now + jittered(link->retry_ms));
	tell_down(link, text);
}

void link_redis_come_up(struct link_redis *link)
{
	loop_timer_clear(&link->timer);
	link->is_up = true;
	link->up_ms = now_ms();
	link->handler->on_up(link->arg);
}

// hiredis frees the context itself after these two.
static void on_disconnect(const redisAsyncContext *context, int status)
{
	struct link_redis *link = context->data;
	if (context != link->context)
		return;
	link->context = NULL;
	link_redis_fail(link, context->errstr ? context->errstr : "");
}

static void on_connect(const redisAsyncContext *context, int status)
{
	struct link_redis *link = context->data;
	if (context != link->context)
		return;
	if (status == REDIS_OK) {
		link_redis_login(link);
		return;
	}
	link->context = NULL;
	link_redis_fail(link, context->c.errstr);
}

static redisAsyncContext *open_context(const struct addr *address)
{
	char host[ADDR_TEXT_SIZE];
	if (addr_is_unix(address))
		return redisAsyncConnectUnix(address->local.sun_path);
	return redisAsyncConnect(addr_format_ip(address, host), addr_port(address));
}

static void connect_next(struct link_redis *link)
{
	const struct addr *address =
		&link->addresses[link->attempts++ % link->address_count];
	redisAsyncContext *context = open_context(address);

	link->context = context;
	if (!context || context->err != 0) {
		link_redis_fail(link, context ? context->errstr : "out of memory");
		return;
	}
	context->data = link;
	if (!link_redis_events_attach(context, link->loop)) {
		link_redis_fail(link, "out of memory");
		return;
	}
	(void)redisAsyncSetConnectCallback(context, on_connect); // none is set yet
	(void)redisAsyncSetDisconnectCallback(context, on_disconnect);
	loop_timer_set(&link->timer, now_ms() + link->connect_timeout_ms);
}

static void on_timer(void *arg)
{
	struct link_redis *link = arg;
	if (link->context)
		link_redis_fail(link, "no answer in time");
	else if (link->address_count > 0)
		connect_next(link);
}

static bool set_addresses(
	struct link_redis *link, const struct addr *addresses, size_t count)
{
	struct addr *copy = malloc(count * sizeof(*copy));
	if (!copy)
		return false;
	memcpy(copy, addresses, count * sizeof(*copy));
	free(link->addresses);
	link->addresses = copy;
	link->address_count = count;
	return true;
}

// A connection that stands stays, wherever the name leads now.
static void on_answer(
	void *arg, const struct addr *addresses, size_t count, const char *error)
{
	struct link_redis *link = arg;
	bool is_first = link->address_count == 0;

	if (count == 0 || !set_addresses(link, addresses, count))
		tell_down(link, count == 0 ? error : "out of memory");
	else if (is_first)
		loop_timer_set(&link->timer, now_ms());
}

static bool find_server(struct link_redis *link, struct resolver *resolver)
{
	const struct url_redis *url = link->url;
	struct addr address = {0};

	if (url->is_unix) {
		address.length = sizeof(address.local);
		address.local.sun_family = AF_UNIX;
		memcpy(address.local.sun_path, url->host.data, url->host.length);
	} else if (!addr_parse_ip(url->host, url->port, &address)) {
		link->name =
			resolver_follow(resolver, url->host, url->port, on_answer, link);
		return link->name != NULL;
	}
	loop_timer_set(&link->timer, now_ms());
	return set_addresses(link, &address, 1);
}

struct link_redis *link_redis_create(const struct link_redis_options *options,
	const struct link_redis_handler *handler, void *arg)
{
	struct link_redis *link = calloc(1, sizeof(*link));
	if (!link)
		return NULL;

	link->loop = options->loop;
	link->url = options->url;
	link->password = options->password;
	link->connect_timeout_ms = options->connect_timeout_ms;
	link->handler = handler;
	link->arg = arg;
	loop_timer_init(&link->timer, link->loop, on_timer, link);
	if (!find_server(link, options->resolver)) {
		link_redis_destroy(link);
		return NULL;
	}
	return link;
}

void link_redis_destroy(struct link_redis *link)
{
	if (!link)
		return;
	redisAsyncContext *context = link->context;
	int is_done; // or not: what the kernel does not take now is lost
	if (link->is_up)
		(void)redisBufferWrite(&context->c, &is_done);
	link->context = NULL;
	link->is_up = false;
	if (context)
		redisAsyncFree(context);
	if (link->name)
		resolver_forget(link->name);
	loop_timer_finish(&link->timer);
	free(link->addresses);
	free(link);
}

bool link_redis_is_up(const struct link_redis *link)
{
	return link->is_up;
}

void link_redis_drop(struct link_redis *link, const char *reason)
{
	if (link->context)
		link_redis_fail(link, reason);
}
