// SPDX-License-Identifier: MIT
// The pool's fixture; see the header.
#include "pool_fixture.h"

#include <errno.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "conf_text.h"
#include "wherry/base/now.h"
#include "wherry/net/listener.h"

enum {
	DEADLINE_MS = 10 * 1000
};

static void on_deadline(void *arg)
{
	cr_assert_fail("nothing happened in time");
}

void fixture_start(struct fixture *fixture, const char *text)
{
	static const struct str hosts[FIXTURE_LISTENERS] = {
		{"127.0.0.1:0", 11}, {"127.0.0.2:0", 11}};

	*fixture = (struct fixture){.loop = loop_create()};
	cr_assert_not_null(fixture->loop);
	server_set_start(&fixture->servers, conf_text_load(text));
	fixture->pool = pool_create(fixture->loop);
	cr_assert_not_null(fixture->pool);
	loop_timer_init(&fixture->deadline, fixture->loop, on_deadline, NULL);
	loop_timer_set(&fixture->deadline, now_ms() + DEADLINE_MS);
	for (size_t i = 0; i < FIXTURE_LISTENERS; i++) {
		struct addr *address = &fixture->addresses[i];

		cr_assert(addr_parse(hosts[i], address));
		fixture->listeners[i] = listener_open(address, false);
		cr_assert_geq(fixture->listeners[i], 0);
		cr_assert_eq(getsockname(fixture->listeners[i], &address->any,
				     &address->length),
			0);
	}
}

void fixture_finish(struct fixture *fixture)
{
	pool_destroy(fixture->pool);
	server_set_finish(&fixture->servers);
	loop_timer_finish(&fixture->deadline);
	for (size_t i = 0; i < FIXTURE_LISTENERS; i++)
		close(fixture->listeners[i]);
	loop_destroy(fixture->loop);
}

void fixture_set_addresses(struct fixture *fixture, size_t first, size_t count)
{
	server_set_place(&fixture->servers, STR("backend.test"), 80,
		&fixture->addresses[first], count);
	pool_adopt(fixture->pool, fixture->servers.set);
	for (size_t i = 0; i < count; i++)
		fixture->listening[first + i] = server_set_get(&fixture->servers, 0, i);
}

static size_t take_nothing(void *arg, const uint8_t *data, size_t length)
{
	loop_stop(((struct fixture *)arg)->loop);
	return 0;
}

static void count_end(void *arg, enum stream_end end)
{
	struct fixture *fixture = arg;

	fixture->end_count++;
	loop_stop(fixture->loop);
}

static void on_connect(void *arg)
{
	loop_stop(((struct fixture *)arg)->loop);
}

const struct stream_handler fixture_handler = {
	.on_data = take_nothing, .on_end = count_end, .on_connect = on_connect};

struct stream *fixture_connect(struct fixture *fixture, size_t listener, int *ret_peer)
{
	struct timeval limit = {.tv_sec = DEADLINE_MS / 1000};
	int error = 0;
	struct stream *stream =
		pool_dial(fixture->pool, fixture->listening[listener], &error);

	cr_assert_not_null(stream, "%d", error);
	stream_set_handler(stream, &fixture_handler, fixture);
	cr_assert(loop_run(fixture->loop));
	cr_assert_eq(stream_error(stream), 0);
	*ret_peer = accept(fixture->listeners[listener], NULL, NULL);
	cr_assert_geq(*ret_peer, 0, "connected elsewhere");
	cr_assert_eq(
		setsockopt(*ret_peer, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
	return stream;
}

static void stop_loop(evutil_socket_t fd, short events, void *arg)
{
	loop_stop(arg);
}

void fixture_run_until_closed(struct fixture *fixture, int peer)
{
	struct event event;
	char byte;

	cr_assert_eq(event_assign(&event, loop_base(fixture->loop), peer, EV_READ,
			     stop_loop, fixture->loop),
		0);
	cr_assert_eq(event_add(&event, NULL), 0);
	cr_assert(loop_run(fixture->loop));
	(void)event_del(&event);
	cr_expect_leq(recv(peer, &byte, 1, 0), 0); // FIN, or RST where a byte was unread
	close(peer);
}

void fixture_expect_closed(int peer)
{
	char byte;

	cr_expect_eq(recv(peer, &byte, 1, 0), 0);
	close(peer);
}

void fixture_expect_open(int peer)
{
	char byte;

	cr_expect_eq(recv(peer, &byte, 1, MSG_DONTWAIT), -1);
	cr_expect_eq(errno, EAGAIN);
}
