// SPDX-License-Identifier: MIT
// The stream's fixture; see the header.
#include "stream_fixture.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "socket_pair.h"
#include "wherry/base/now.h"

enum {
	DEADLINE_MS = 10 * 1000,
	SETTLE_TURNS = 6,
	RECEIVE_SIZE = 64 * 1024,
};

static void act(struct fixture *fixture, enum fixture_act what)
{
	switch (what) {
	case ACT_NONE:
		break;
	case ACT_PAUSE:
		stream_pause(fixture->stream);
		break;
	case ACT_DESTROY:
		fixture_destroy_stream(fixture);
		break;
	}
}

static size_t on_data(void *arg, const uint8_t *data, size_t length)
{
	struct fixture *fixture = arg;
	size_t taken = length < fixture->take_from ? 0 : length;
	if (taken > fixture->take_at_most)
		taken = fixture->take_at_most;

	fixture->data_count++;
	fixture->last_length = length;
	buf_append(&fixture->taken, data, taken);
	act(fixture, fixture->on_data);
	return taken;
}

static void on_drain(void *arg)
{
	struct fixture *fixture = arg;

	fixture->drain_count++;
	act(fixture, fixture->on_drain);
}

static void on_end(void *arg, enum stream_end end)
{
	struct fixture *fixture = arg;

	fixture->end_count++;
	fixture->last_end = end;
	act(fixture, fixture->on_end);
}

static void on_connect(void *arg)
{
	struct fixture *fixture = arg;

	fixture->connect_count++;
	act(fixture, fixture->on_connect);
}

const struct stream_handler fixture_handler = {.on_data = on_data,
	.on_drain = on_drain,
	.on_end = on_end,
	.on_connect = on_connect};

static void on_deadline(void *arg)
{
	cr_assert_fail("nothing happened in time");
}

void fixture_start_with(struct fixture *fixture, int socket, int peer,
	enum stream_state state, uint64_t write_stall_ms)
{
	(void)signal(SIGPIPE, SIG_IGN); // as main does
	*fixture = (struct fixture){
		.loop = loop_create(), .peer = peer, .take_at_most = SIZE_MAX};
	cr_assert_not_null(fixture->loop);
	fixture->stream = stream_create(fixture->loop, socket, state, write_stall_ms);
	cr_assert_not_null(fixture->stream);
	stream_set_handler(fixture->stream, &fixture_handler, fixture);
	loop_timer_init(&fixture->deadline, fixture->loop, on_deadline, NULL);
	loop_timer_set(&fixture->deadline, now_ms() + DEADLINE_MS);
}

void fixture_start(struct fixture *fixture)
{
	int pair[2];

	socket_pair_unix(pair);
	fixture_start_with(fixture, pair[0], pair[1], STREAM_CONNECTED, FIXTURE_STALL_MS);
}

void fixture_start_tcp(struct fixture *fixture)
{
	int pair[2];

	socket_pair_tcp(pair);
	fixture_start_with(fixture, pair[0], pair[1], STREAM_CONNECTED, FIXTURE_STALL_MS);
}

void fixture_destroy_stream(struct fixture *fixture)
{
	stream_destroy(fixture->stream);
	fixture->stream = NULL;
}

void fixture_finish(struct fixture *fixture)
{
	stream_destroy(fixture->stream);
	if (fixture->peer >= 0)
		close(fixture->peer);
	loop_timer_finish(&fixture->deadline);
	loop_destroy(fixture->loop);
	buf_finish(&fixture->taken);
}

void fixture_turn(struct fixture *fixture)
{
	cr_assert_geq(event_base_loop(loop_base(fixture->loop), EVLOOP_ONCE), 0);
}

void fixture_settle(struct fixture *fixture)
{
	for (size_t i = 0; i < SETTLE_TURNS; i++)
		cr_assert_geq(
			event_base_loop(loop_base(fixture->loop), EVLOOP_NONBLOCK), 0);
}

void fixture_send(struct fixture *fixture, const void *data, size_t length)
{
	cr_assert_eq(send(fixture->peer, data, length, MSG_NOSIGNAL), (ssize_t)length);
}

void fixture_close_peer(struct fixture *fixture)
{
	close(fixture->peer);
	fixture->peer = -1;
}

void fixture_reset_peer(struct fixture *fixture)
{
	socket_pair_reset(fixture->peer);
	fixture->peer = -1;
}

bool fixture_receive(struct fixture *fixture, struct buf *into)
{
	char bytes[RECEIVE_SIZE];
	ssize_t got;

	while ((got = recv(fixture->peer, bytes, sizeof(bytes), 0)) > 0)
		buf_append(into, bytes, (size_t)got);
	cr_assert(got == 0 || errno == EAGAIN);
	cr_assert_not(into->is_failed);
	return got == 0;
}
