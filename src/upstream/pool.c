// SPDX-License-Identifier: MIT
// Idle connections as one stack per server: the warmest is taken, the coldest expires.
#include "wherry/upstream/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wherry/base/log.h"
#include "wherry/base/now.h"
#include "wherry/net/dial.h"
#include "wherry/net/tls_client.h"

struct place;

struct idle {
	struct idle *warmer, *colder;
	struct place *place;
	struct stream *stream;
	uint64_t since_ms;
};

// A server as this worker knows it.
struct place {
	const struct conf_upstream *conf;
	SSL_SESSION *session; // to be resumed by its next connection; NULL = none
	struct addr *addresses;
	size_t address_count;
	size_t last_turn;
	bool has_lost_address; // so a connection may lead to one that is gone
	struct idle *warmest, *coldest;
	size_t idle_count;
};

struct pool {
	struct loop *loop;
	struct upstream_set *set;
	struct place *places;           // by server index
	struct tls_client **tls;        // by upstream index; NULL until one is needed
	struct loop_timer expiry_timer; // not later than the first to expire
	bool is_closed;
};

static void push(struct place *place, struct idle *idle)
{
	idle->warmer = NULL;
	idle->colder = place->warmest;
	if (place->warmest)
		place->warmest->warmer = idle;
	else
		place->coldest = idle;
	place->warmest = idle;
	place->idle_count++;
}

// Out of its stack; the stream is the caller's.
static struct stream *unlink_idle(struct idle *idle)
{
	struct place *place = idle->place;
	struct stream *stream = idle->stream;

	if (idle->warmer)
		idle->warmer->colder = idle->colder;
	else
		place->warmest = idle->colder;
	if (idle->colder)
		idle->colder->warmer = idle->warmer;
	else
		place->coldest = idle->warmer;
	place->idle_count--;
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

static uint64_t expires_at(const struct idle *idle)
{
	return idle->since_ms + idle->place->conf->pool_idle_ms;
}

static void expire_by(struct pool *pool, uint64_t at_ms)
{
	struct loop_timer *timer = &pool->expiry_timer;

	if (timer->at_ms == 0 || at_ms < timer->at_ms)
		loop_timer_set(timer, at_ms);
}

static void on_expiry(void *arg)
{
	struct pool *pool = arg;
	uint64_t now = now_ms();

	for (size_t i = 0; i < pool->set->server_count; i++) {
		struct place *place = &pool->places[i];

		if (place->conf->pool_idle_ms == CONF_OFF)
			continue;
		while (place->coldest && expires_at(place->coldest) <= now)
			drop(place->coldest);
		if (place->coldest)
			expire_by(pool, expires_at(place->coldest));
	}
}

struct pool *pool_create(struct loop *loop, struct upstream_set *set)
{
	struct pool *pool = calloc(1, sizeof(*pool));
	if (!pool)
		return NULL;

	pool->loop = loop;
	pool->set = set;
	loop_timer_init(&pool->expiry_timer, loop, on_expiry, pool);
	pool->places = calloc(set->server_count + 1, sizeof(*pool->places));
	pool->tls = calloc(set->upstream_count + 1, sizeof(struct tls_client *));
	if (!pool->places || !pool->tls) {
		free(pool->places);
		free(pool->tls);
		free(pool);
		return NULL;
	}
	for (size_t i = 0; i < set->upstream_count; i++) {
		const struct upstream *upstream = &set->upstreams[i];

		for (size_t j = 0; j < upstream->server_count; j++)
			pool->places[upstream->servers[j].index].conf = upstream->conf;
	}
	return pool;
}

void pool_destroy(struct pool *pool)
{
	if (!pool)
		return;
	pool_close(pool);
	loop_timer_finish(&pool->expiry_timer);
	for (size_t i = 0; i < pool->set->server_count; i++) {
		free(pool->places[i].addresses);
		SSL_SESSION_free(pool->places[i].session);
	}
	for (size_t i = 0; i < pool->set->upstream_count; i++)
		tls_client_destroy(pool->tls[i]);
	free(pool->tls);
	free(pool->places);
	free(pool);
}

static bool has_address(const struct place *place, const struct addr *address)
{
	for (size_t i = 0; i < place->address_count; i++) {
		if (addr_equal(&place->addresses[i], address))
			return true;
	}
	return false;
}

// Asked only where an address was lost, so that keeping a connection costs no system call
// elsewhere. A peer that is not there any more has no address either.
static bool leads_to_server(const struct place *place, const struct stream *stream)
{
	struct addr peer = {.length = sizeof(struct sockaddr_un)};

	return getpeername(stream_socket(stream), &peer.any, &peer.length) == 0 &&
	       has_address(place, &peer);
}

static void drop_lost(struct place *place)
{
	struct idle *colder;

	for (struct idle *idle = place->warmest; idle; idle = colder) {
		colder = idle->colder;
		if (!leads_to_server(place, idle->stream))
			drop(idle);
	}
}

void pool_set_addresses(struct pool *pool, size_t server_index,
	const struct addr *addresses, size_t count)
{
	struct place *place = &pool->places[server_index];
	struct addr *copy = calloc(count, sizeof(*copy));
	if (!copy && count > 0) {
		log_warn("no memory for new addresses: the former ones stand");
		return;
	}
	if (count > 0)
		memcpy(copy, addresses, count * sizeof(*copy));
	if (place->address_count > 0)
		place->has_lost_address = true;
	free(place->addresses);
	place->addresses = copy;
	place->address_count = count;
	drop_lost(place);
}

size_t pool_address_count(const struct pool *pool, const struct upstream_server *server)
{
	return pool->places[server->index].address_count;
}

struct stream *pool_take(struct pool *pool, const struct upstream_server *server)
{
	struct place *place = &pool->places[server->index];

	// Bytes that were kept when it was given, and not yet lent to on_data.
	while (place->warmest && stream_kept_length(place->warmest->stream) > 0)
		drop(place->warmest);
	if (!place->warmest)
		return NULL;

	struct stream *stream = unlink_idle(place->warmest);
	stream_pause(stream);
	stream_set_handler(stream, NULL, NULL);
	return stream;
}

struct stream *pool_dial(struct pool *pool, const struct upstream_server *server,
	size_t *turn, int *reterr_errno)
{
	struct place *place = &pool->places[server->index];
	int socket = -EDESTADDRREQ;

	for (size_t i = 0; socket < 0 && i < place->address_count; i++) {
		*turn = *turn == 0 ? ++place->last_turn : *turn + 1;
		socket = dial_open(&place->addresses[(*turn - 1) % place->address_count]);
	}
	if (socket < 0) {
		*reterr_errno = -socket;
		return NULL;
	}
	struct stream *stream = stream_create(pool->loop, socket, STREAM_CONNECTING,
		pool->set->conf->timeouts.write_stall_ms);
	if (!stream)
		*reterr_errno = ENOMEM;
	return stream;
}

bool pool_start_tls(
	struct pool *pool, const struct upstream_server *server, struct stream *stream)
{
	const struct url *url = &server->conf->url;
	struct place *place = &pool->places[server->index];
	size_t index = (size_t)(place->conf - pool->set->conf->upstreams);
	struct tls_client **client = &pool->tls[index];

	if (url->scheme != URL_HTTPS)
		return true;
	if (!*client)
		*client = tls_client_create(pool->set->upstreams[index].tls);
	SSL *ssl =
		*client ? tls_client_connect(*client, url->host, &place->session) : NULL;
	return ssl && stream_start_tls(stream, ssl);
}

static bool is_keepable(
	const struct pool *pool, const struct place *place, const struct stream *stream)
{
	return !pool->is_closed && place->idle_count < place->conf->pool_size &&
	       stream_queued_length(stream) == 0 && !stream_is_broken(stream) &&
	       (!place->has_lost_address || leads_to_server(place, stream));
}

void pool_give(
	struct pool *pool, const struct upstream_server *server, struct stream *stream)
{
	struct place *place = &pool->places[server->index];
	struct idle *idle =
		is_keepable(pool, place, stream) ? malloc(sizeof(*idle)) : NULL;
	if (!idle) {
		stream_destroy(stream);
		return;
	}
	*idle = (struct idle){.place = place, .stream = stream, .since_ms = now_ms()};
	push(place, idle);
	stream_set_handler(stream, &idle_handler, idle);
	stream_resume(stream);
	if (place->conf->pool_idle_ms != CONF_OFF)
		expire_by(pool, expires_at(idle));
}

void pool_close(struct pool *pool)
{
	pool->is_closed = true;
	for (size_t i = 0; i < pool->set->server_count; i++) {
		while (pool->places[i].warmest)
			drop(pool->places[i].warmest);
	}
}
