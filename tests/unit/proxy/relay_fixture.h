// SPDX-License-Identifier: MIT
// A relay between two sockets whose other ends the test plays, by scripts of frames. The
// clock stands still but for fake_clock_advance.
#pragma once

#include "fake_clock.h"
#include "wherry/proxy/relay.h"
#include "ws_script.h"

// An end that the test plays.
struct relay_peer {
	struct relay_fixture *fixture;
	int socket;            // -1 once closed; does not block
	struct stream *stream; // the relay's end of it; gone when the relay has closed it
	struct ws_script script;
	struct buf received; // since the last look
	bool is_ended;       // FIN came
	bool is_reset;
};

struct relay_fixture {
	struct loop *loop;
	struct relay *relay;
	struct relay_peer client, backend;
	size_t done_count;
	struct relay_result result;
};

// Limits as the configuration has them by default.
extern const struct conf_websocket RELAY_FIXTURE_DEFAULTS;

void relay_fixture_start(
	struct relay_fixture *fixture, const struct conf_websocket *websocket);
// Over TCP, which knows resets.
void relay_fixture_start_tcp(
	struct relay_fixture *fixture, const struct conf_websocket *websocket);
void relay_fixture_start_deflate(
	struct relay_fixture *fixture, const struct conf_websocket *websocket);
// Both streams have kept what the peers said before the relay began.
void relay_fixture_start_early(struct relay_fixture *fixture,
	const struct conf_websocket *websocket, const char *client_items,
	const char *backend_items);
// Peers that take no byte for that long, in real time, have stalled.
void relay_fixture_start_stalling(struct relay_fixture *fixture,
	const struct conf_websocket *websocket, uint64_t write_stall_ms);
void relay_fixture_finish(struct relay_fixture *fixture);

// Lets the loop do all it has to do now; what arrives is received.
void relay_fixture_settle(struct relay_fixture *fixture);
// The same until the relay is done; asserts that this happens.
void relay_fixture_run_until_done(struct relay_fixture *fixture);

// One turn of the loop; nothing is received.
void relay_fixture_turn(struct relay_fixture *fixture);

// Sends all at once, and settles.
void relay_fixture_send(struct relay_peer *peer, const char *items);
void relay_fixture_send_bytes(struct relay_peer *peer, struct str bytes);
// Sends what there is room for, while nobody receives; returns how much.
size_t relay_fixture_fill(struct relay_peer *peer, struct str bytes);
// FIN after what was sent; the peer still reads. And the end of its socket.
void relay_fixture_shut(struct relay_peer *peer);
void relay_fixture_close(struct relay_peer *peer);
// RST, TCP only.
void relay_fixture_reset(struct relay_peer *peer);

// Receives what there is.
void relay_fixture_receive(struct relay_peer *peer);
// What this peer received since the last look, and " $" if its connection has ended
// ("!" by a reset).
void relay_fixture_expect(struct relay_peer *peer, const char *items);
// The relay is done, and this is how.
void relay_fixture_expect_done(struct relay_fixture *fixture, enum close_reason reason,
	const char *ended_by, uint16_t close_code);
// It is not.
void relay_fixture_expect_open(struct relay_fixture *fixture);
