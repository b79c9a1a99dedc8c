// SPDX-License-Identifier: MIT
// A probe as its parts see it: the connection (health_probe), what is asked over HTTP
// (health_probe_http), and frames (health_probe_frames).
#pragma once

#include <openssl/ssl.h>

#include "wherry/net/stream.h"
#include "wherry/proto/http_reader.h"
#include "wherry/proto/ws_handshake.h"
#include "wherry/upstream/health_probe.h"

enum {
	HEALTH_PROBE_CONTENT_MAX = 64 * 1024, // of a body or message that is looked at
	HEALTH_PROBE_PING_SIZE = 8,
	HEALTH_PROBE_REASON_SIZE = 256,
};

// What it waits for.
enum health_probe_state {
	HEALTH_PROBE_CONNECT,
	HEALTH_PROBE_HEAD,
	HEALTH_PROBE_BODY,
	HEALTH_PROBE_MESSAGE,
	HEALTH_PROBE_PONG,
	HEALTH_PROBE_CLOSE,
};

struct health_probe {
	struct loop *loop;
	struct health_probe_options options;
	health_probe_done_cb done; // NULL: destroyed
	void *arg;
	enum health_probe_state state;
	enum health_probe_result result;
	char reason[HEALTH_PROBE_REASON_SIZE];
	struct stream *stream; // NULL: it is over
	SSL_SESSION *session;
	struct loop_timer timer;
	struct loop_deferred deferred;
	struct http_reader reader;
	struct ws_handshake_offer offer;
	uint8_t ping[HEALTH_PROBE_PING_SIZE];
	uint64_t payload_left; // of the data frame that is read
	bool is_final;         // it ends its message
	struct buf content;    // of the body or message so far
};

// health_probe.c

void health_probe_pass(struct health_probe *probe);
// expected NULL: what it waits for.
void health_probe_fail(
	struct health_probe *probe, const char *expected, const char *found);
// Appends what is looked at. True if the text stands in it now, or did before.
MUST_CHECK bool health_probe_find(
	struct health_probe *probe, const uint8_t *data, size_t length, const char *text);

// health_probe_http.c

void health_probe_http_ask(struct health_probe *probe);
// Gives how many bytes were taken; behind a 101 frames begin.
size_t health_probe_http_read(
	struct health_probe *probe, const uint8_t *data, size_t length);

// health_probe_frames.c

// The handshake is done.
void health_probe_frames_start(struct health_probe *probe);
size_t health_probe_frames_read(
	struct health_probe *probe, const uint8_t *data, size_t length);
