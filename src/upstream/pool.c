// SPDX-License-Identifier: MIT
// Idle connections as one stack per server: the warmest is taken, the coldest expires.
#include "wherry/upstream/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "pool_client_priv.h"
#include "wherry/base/now.h"
#include "wherry/net/dial.h"

struct place;

struct idle {
	TAILQ_ENTRY(idle) beside;
	struct place *place;
	struct stream *stream;
	uint64_t since_ms;
};

// A server as this worker knows it. Its memory stays where it is, since connections keep
// their session here until they end; the next server of the same slot gets it.
struct place {
	uint64_t server_id;
	uint64_t adoption; // the last one that had the server
	uint64_t max_idle_ms;
	size_t max_idle_count;
	SSL_SESSION *session; // to be resumed by its next connection; NULL = none
	TAILQ_HEAD(idle_stack, idle) stack; // the warmest first
	size_t idle_count;
};

struct pool {
	struct loop *loop;
	struct place **places; // by slot; NULL until there is a server
	size_t place_count;
	struct pool_clients clients;    // one for each tls_client_set that is needed
	struct loop_timer expiry_timer; // not later than the first to expire
	uint64_t adoption;
	uint64_t write_stall_ms;
	bool is_closed;
};

// Out of its stack; the stream is the caller's.
static struct stream *unlink_idle(struct idle *idle)
{
	struct stream *stream = idle->stream;
	TAILQ_REMOVE(&idle->place->stack, idle, beside);
	idle->place->idle_count--;
	free(idle);
	return stream;
}

static void drop(struct idle *idle)
{
	stream_destroy(unlink_idle(idle));
}

// A byte nobody asked for is the start of an answer to nobody (request smuggling): the
// connection is closed as at its end.
static size_t on_data(void *arg, const uint8_t *data, size_t length)
{
	drop(arg);
	return length;
}

static void on_end(void *arg, enum stream_end end)
{
	drop(arg);
}

static const struct stream_handler idle_handler = {.on_data = on_data, .on_end = on_end};

static struct idle *warmest(const struct place *place)
{
	return TAILQ_FIRST(&place->stack);
}

static struct idle *coldest(const struct place *place)
{
	return TAILQ_LAST(&place->stack, idle_stack);
}

static uint64_t expires_at(const struct idle *idle)
{
	return idle->since_ms + idle->place->max_idle_ms;
}

static void expire_by(struct pool *pool, uint64_t at_ms)
{
	struct loop_timer *timer = &pool->expiry_timer;

	if (timer->at_ms == 0 || at_ms < timer->at_ms)
		loop_timer_set(timer, at_ms);
}

static void expire(struct pool *pool, struct place *place, uint64_t now)
{
	if (place->max_idle_ms == CONF_OFF)
		return;
	while (coldest(place) && expires_at(coldest(place)) <= now)
		drop(coldest(place));
	if (coldest(place))
		expire_by(pool, expires_at(coldest(place)));
}

static void on_expiry(void *arg)
{
	struct pool *pool = arg;
	uint64_t now = now_ms();

	for (size_t i = 0; i < pool->place_count; i++) {
		struct place *place = pool->places[i];

		if (place)
			expire(pool, place, now);
	}
}

struct pool *pool_create(struct loop *loop)
{
	struct pool *pool = calloc(1, sizeof(*pool));
	if (!pool)
		return NULL;

	pool->loop = loop;
	LIST_INIT(&pool->clients);
	loop_timer_init(&pool->expiry_timer, loop, on_expiry, pool);
	return pool;
}

void pool_destroy(struct pool *pool)
{
	if (!pool)
		return;
	pool_close(pool);
	loop_timer_finish(&pool->expiry_timer);
	for (size_t i = 0; i < pool->place_count; i++) {
		if (pool->places[i])
			SSL_SESSION_free(pool->places[i]->session);
		free(pool->places[i]);
	}
	pool_client_keep(&pool->clients, NULL);
	free(pool->places);
	free(pool);
}

static bool grow(struct pool *pool, size_t slot)
{
	size_t count = pool->place_count;
	if (slot < count)
		return true;
	size_t wanted = slot < count * 2 ? count * 2 : slot + 1;
	struct place **places = realloc(pool->places, wanted * sizeof(*places));
	if (!places)
		return false;
	memset(places + count, 0, (wanted - count) * sizeof(*places));
	pool->places = places;
	pool->place_count = wanted;
	return true;
}

static struct place *find_place(
	const struct pool *pool, const struct upstream_server *server)
{
	struct place *place =
		server->slot < pool->place_count ? pool->places[server->slot] : NULL;

	return place && place->server_id == server->id ? place : NULL;
}

static void drop_all(struct place *place)
{
	while (warmest(place))
		drop(warmest(place));
}

// Finds it, or has it take the place over from a server that is no more. NULL when memory
// is short.
static struct place *put_place(struct pool *pool, const struct upstream_server *server)
{
	struct place *place = find_place(pool, server);
	if (place || !grow(pool, server->slot))
		return place;
	place = pool->places[server->slot];
	if (!place)
		place = calloc(1, sizeof(*place));
	if (!place)
		return NULL;
	drop_all(place);
	SSL_SESSION_free(place->session);
	*place = (struct place){.server_id = server->id};
	TAILQ_INIT(&place->stack);
	pool->places[server->slot] = place;
	return place;
}

static void adopt_server(struct pool *pool, const struct upstream_server *server,
	const struct conf_upstream *conf)
{
	struct place *place = put_place(pool, server);
	if (!place)
		return; // then none of its connections is kept
	place->adoption = pool->adoption;
	place->max_idle_ms = conf->pool_idle_ms;
	place->max_idle_count = conf->pool_size;
	while (place->idle_count > place->max_idle_count)
		drop(coldest(place));
	expire(pool, place, now_ms());
}

void pool_adopt(struct pool *pool, const struct upstream_set *set)
{
	pool->adoption++;
	pool->write_stall_ms = set->conf->timeouts.write_stall_ms;
	for (size_t i = 0; i < set->upstream_count; i++) {
		const struct upstream *upstream = &set->upstreams[i];

		for (size_t j = 0; j < upstream->member_count; j++) {
			if (!upstream->members[j].is_gone)
				adopt_server(pool, upstream->members[j].server,
					upstream->conf);
		}
	}
	for (size_t i = 0; i < pool->place_count; i++) {
		if (pool->places[i] && pool->places[i]->adoption != pool->adoption)
			drop_all(pool->places[i]);
	}
	pool_client_keep(&pool->clients, set);
}

struct stream *pool_take(struct pool *pool, const struct upstream_server *server)
{
	struct place *place = find_place(pool, server);

	// Bytes that were kept when it was given, and not yet lent to on_data.
	while (place && warmest(place) && stream_kept_length(warmest(place)->stream) > 0)
		drop(warmest(place));
	if (!place || !warmest(place))
		return NULL;

	struct stream *stream = unlink_idle(warmest(place));
	stream_pause(stream);
	stream_set_handler(stream, NULL, NULL);
	return stream;
}

struct stream *pool_dial(
	struct pool *pool, const struct upstream_server *server, int *reterr_errno)
{
	int socket = dial_open(&server->address);
	if (socket < 0) {
		*reterr_errno = -socket;
		return NULL;
	}
	struct stream *stream = stream_create(
		pool->loop, socket, STREAM_CONNECTING, pool->write_stall_ms);
	if (!stream)
		*reterr_errno = ENOMEM;
	return stream;
}

bool pool_start_tls(struct pool *pool, const struct upstream *upstream,
	const struct upstream_server *server, struct stream *stream)
{
	if (server->url.scheme != URL_HTTPS)
		return true;
	struct place *place = put_place(pool, server);
	struct tls_client *client = pool_client_find(&pool->clients, upstream->tls);
	SSL *ssl = place && client
			   ? tls_client_connect(client, server->url.host, &place->session)
			   : NULL;
	return ssl && stream_start_tls(stream, ssl);
}

static bool is_keepable(
	const struct pool *pool, const struct place *place, const struct stream *stream)
{
	return !pool->is_closed && place && place->adoption == pool->adoption &&
	       place->idle_count < place->max_idle_count &&
	       stream_queued_length(stream) == 0 && !stream_is_broken(stream);
}

void pool_give(
	struct pool *pool, const struct upstream_server *server, struct stream *stream)
{
	struct place *place = find_place(pool, server);
	struct idle *idle =
		is_keepable(pool, place, stream) ? malloc(sizeof(*idle)) : NULL;
	if (!idle) {
		stream_destroy(stream);
		return;
	}
	*idle = (struct idle){.place = place, .stream = stream, .since_ms = now_ms()};
	TAILQ_INSERT_HEAD(&place->stack, idle, beside);
	place->idle_count++;
	stream_set_handler(stream, &idle_handler, idle);
	stream_resume(stream);
	if (place->max_idle_ms != CONF_OFF)
		expire_by(pool, expires_at(idle));
}

void pool_close(struct pool *pool)
{
	pool->is_closed = true;
	for (size_t i = 0; i < pool->place_count; i++) {
		if (pool->places[i])
			drop_all(pool->places[i]);
	}
}
