// SPDX-License-Identifier: MIT
// The relay's fixture; see the header.
#include "relay_fixture.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "socket_pair.h"

enum {
	DEADLINE_MS = 10 * 1000,
	SETTLE_TURNS = 12,
	RECEIVE_SIZE = 64 * 1024,
	STALL_MS = 10 * 1000,
	REFUSALS = 3, // of the kernel, before it counts as full
	FILL_TURNS = 4,
};

const struct conf_websocket RELAY_FIXTURE_DEFAULTS = {
	.max_message = 16 << 20,
	.max_frame = 1 << 20,
	.max_fragments = 1024,
	.control_frames_per_second = 32,
	.messages_per_second = CONF_OFF,
	.bytes_per_second = CONF_OFF,
	.ping_ms = 30 * 1000,
	.ping_timeout_ms = 10 * 1000,
	.idle_timeout_ms = CONF_OFF,
};

static void on_done(void *arg, const struct relay_result *result)
{
	struct relay_fixture *fixture = arg;

	fixture->done_count++;
	fixture->result = *result;
}

static void start_peer(struct relay_peer *peer, struct relay_fixture *fixture,
	const int pair[2], bool is_client, uint64_t write_stall_ms)
{
	*peer = (struct relay_peer){.fixture = fixture, .socket = pair[1]};
	peer->script.is_client = is_client;
	peer->stream =
		stream_create(fixture->loop, pair[0], STREAM_CONNECTED, write_stall_ms);
	cr_assert_not_null(peer->stream);
}

static void start_peers(struct relay_fixture *fixture, void (*make_pair)(int pair[2]),
	uint64_t write_stall_ms)
{
	int client[2], backend[2];

	(void)signal(SIGPIPE, SIG_IGN); // as main does
	fake_clock_stop();
	*fixture = (struct relay_fixture){.loop = loop_create()};
	cr_assert_not_null(fixture->loop);
	make_pair(client);
	make_pair(backend);
	start_peer(&fixture->client, fixture, client, true, write_stall_ms);
	start_peer(&fixture->backend, fixture, backend, false, write_stall_ms);
}

static void start_relay(struct relay_fixture *fixture,
	const struct conf_websocket *websocket, bool uses_deflate)
{
	fixture->relay = relay_create(fixture->client.stream, fixture->backend.stream,
		websocket, uses_deflate, on_done, fixture);
	cr_assert_not_null(fixture->relay);
}

void relay_fixture_start(
	struct relay_fixture *fixture, const struct conf_websocket *websocket)
{
	start_peers(fixture, socket_pair_unix, STALL_MS);
	start_relay(fixture, websocket, false);
}

void relay_fixture_start_tcp(
	struct relay_fixture *fixture, const struct conf_websocket *websocket)
{
	start_peers(fixture, socket_pair_tcp, STALL_MS);
	start_relay(fixture, websocket, false);
}

void relay_fixture_start_deflate(
	struct relay_fixture *fixture, const struct conf_websocket *websocket)
{
	start_peers(fixture, socket_pair_unix, STALL_MS);
	start_relay(fixture, websocket, true);
}

void relay_fixture_start_stalling(struct relay_fixture *fixture,
	const struct conf_websocket *websocket, uint64_t write_stall_ms)
{
	start_peers(fixture, socket_pair_unix, write_stall_ms);
	start_relay(fixture, websocket, false);
}

static size_t take_nothing(void *arg, const uint8_t *data, size_t length)
{
	stream_pause(((struct relay_peer *)arg)->stream);
	return 0;
}

static void say_early(struct relay_peer *peer, const char *items)
{
	static const struct stream_handler KEEPING = {.on_data = take_nothing};

	stream_set_handler(peer->stream, &KEEPING, peer);
	stream_resume(peer->stream);
	relay_fixture_send(peer, items);
	cr_assert_gt(stream_kept_length(peer->stream), 0);
}

void relay_fixture_start_early(struct relay_fixture *fixture,
	const struct conf_websocket *websocket, const char *client_items,
	const char *backend_items)
{
	start_peers(fixture, socket_pair_unix, STALL_MS);
	say_early(&fixture->client, client_items);
	say_early(&fixture->backend, backend_items);
	start_relay(fixture, websocket, false);
}

static void finish_peer(struct relay_peer *peer)
{
	if (peer->socket >= 0)
		close(peer->socket);
	buf_finish(&peer->received);
}

void relay_fixture_finish(struct relay_fixture *fixture)
{
	relay_destroy(fixture->relay);
	loop_destroy(fixture->loop);
	finish_peer(&fixture->client);
	finish_peer(&fixture->backend);
}

void relay_fixture_receive(struct relay_peer *peer)
{
	char bytes[RECEIVE_SIZE];
	ssize_t got = -1;

	if (peer->socket < 0 || peer->is_ended || peer->is_reset)
		return;
	while ((got = recv(peer->socket, bytes, sizeof(bytes), 0)) > 0)
		buf_append(&peer->received, bytes, (size_t)got);
	cr_assert_not(peer->received.is_failed);
	peer->is_ended = got == 0;
	peer->is_reset = got < 0 && errno != EAGAIN;
}

void relay_fixture_turn(struct relay_fixture *fixture)
{
	int flags = EVLOOP_ONCE | EVLOOP_NONBLOCK;

	cr_assert_geq(event_base_loop(loop_base(fixture->loop), flags), 0);
}

static void turn(struct relay_fixture *fixture)
{
	relay_fixture_turn(fixture);
	relay_fixture_receive(&fixture->client);
	relay_fixture_receive(&fixture->backend);
}

void relay_fixture_settle(struct relay_fixture *fixture)
{
	for (size_t i = 0; i < SETTLE_TURNS; i++)
		turn(fixture);
}

void relay_fixture_run_until_done(struct relay_fixture *fixture)
{
	uint64_t deadline_ms = fake_clock_real_ms() + DEADLINE_MS;

	while (fixture->done_count == 0 && fake_clock_real_ms() < deadline_ms)
		turn(fixture);
	cr_assert_eq(fixture->done_count, 1, "the relay does not end");
	relay_fixture_settle(fixture);
}

void relay_fixture_send_bytes(struct relay_peer *peer, struct str bytes)
{
	ssize_t sent = send(peer->socket, bytes.data, bytes.length, MSG_NOSIGNAL);

	cr_assert_eq(sent, (ssize_t)bytes.length);
	relay_fixture_settle(peer->fixture);
}

size_t relay_fixture_fill(struct relay_peer *peer, struct str bytes)
{
	size_t sent = 0;

	for (size_t refusals = 0; refusals < REFUSALS && sent < bytes.length;) {
		size_t left = bytes.length - sent;
		ssize_t got = send(peer->socket, bytes.data + sent, left, MSG_NOSIGNAL);

		cr_assert(got > 0 || errno == EAGAIN);
		refusals = got > 0 ? 0 : refusals + 1;
		sent += got > 0 ? (size_t)got : 0;
		for (size_t i = 0; i < FILL_TURNS; i++)
			relay_fixture_turn(peer->fixture);
	}
	return sent;
}

void relay_fixture_send(struct relay_peer *peer, const char *items)
{
	struct buf bytes = BUF_INIT;

	ws_script_write(&peer->script, items, &bytes);
	relay_fixture_send_bytes(peer, buf_str(&bytes));
	buf_finish(&bytes);
}

void relay_fixture_shut(struct relay_peer *peer)
{
	cr_assert_eq(shutdown(peer->socket, SHUT_WR), 0);
	relay_fixture_settle(peer->fixture);
}

void relay_fixture_close(struct relay_peer *peer)
{
	close(peer->socket);
	peer->socket = -1;
	relay_fixture_settle(peer->fixture);
}

void relay_fixture_reset(struct relay_peer *peer)
{
	socket_pair_reset(peer->socket);
	peer->socket = -1;
	relay_fixture_settle(peer->fixture);
}

void relay_fixture_expect(struct relay_peer *peer, const char *items)
{
	struct buf text = BUF_INIT;
	const char *who = peer->script.is_client ? "client" : "backend";

	relay_fixture_settle(peer->fixture);
	ws_script_read(&peer->script, buf_str(&peer->received), &text);
	buf_clear(&peer->received);
	if (peer->is_ended || peer->is_reset) {
		buf_append_str(&text, text.length > 0 ? STR(" ") : STR(""));
		buf_append_str(&text, peer->is_ended ? STR("$") : STR("!"));
	}
	cr_expect(str_equal(buf_str(&text), str_from(items)),
		"the %s got \"%.*s\", not \"%s\"", who, STR_ARG(buf_str(&text)), items);
	buf_finish(&text);
}

void relay_fixture_expect_done(struct relay_fixture *fixture, enum close_reason reason,
	const char *ended_by, uint16_t close_code)
{
	const struct relay_result *result = &fixture->result;

	cr_expect_eq(fixture->done_count, 1, "done %zu times", fixture->done_count);
	if (fixture->done_count == 0)
		return;
	cr_expect_eq(result->reason, reason, "%s, not %s",
		close_reason_name(result->reason), close_reason_name(reason));
	cr_expect_str_eq(result->ended_by, ended_by);
	cr_expect_eq(result->close_code, close_code, "%d, not %d", result->close_code,
		close_code);
}

void relay_fixture_expect_open(struct relay_fixture *fixture)
{
	cr_expect_eq(fixture->done_count, 0, "it is done: %s",
		close_reason_name(fixture->result.reason));
}
