// SPDX-License-Identifier: MIT
// What a server answers to health checks: whatever it is, the check ends once, and with
// the same words however the bytes are split.
// Input: "H" for an answer over HTTP, "F" for frames behind a good handshake, "E" for
// frames to a check that expects a message; then the bytes, and the end of the
// connection. There is no randomness: keys, masks and the ping are zeros.
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fake_clock.h"
#include "fuzz.h"

#include "wherry/proto/ws_handshake.h"
#include "wherry/upstream/health_probe.h"

enum {
	MAX_BYTES = 4096,
	TURNS = 4, // of the loop, for what one piece leads to
};

static const struct conf_health_check checks[] = {
	{.type = CONF_CHECK_HTTP, .method = "GET", .body = "ok"},
	{.type = CONF_CHECK_WEBSOCKET, .method = "GET"},
	{.type = CONF_CHECK_WEBSOCKET, .method = "GET", .send = "hi", .expect = "ok"},
};

struct run {
	const struct conf_health_check *check;
	struct buf answer; // all that the server says
	int server;        // its end of the connection; -1 = none yet
	struct health_probe *probe;
	enum health_probe_result result;
	char reason[256];
	size_t done_count;
};

struct comparison {
	struct run whole, split;
};

static struct loop *loop;
static struct run *current;

int __wrap_dial_open(const struct addr *addr);
ssize_t __wrap_getrandom(void *bytes, size_t length, unsigned flags);

int __wrap_dial_open(const struct addr *addr)
{
	int pair[2];
	int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;

	FUZZ_REQUIRE(socketpair(AF_UNIX, type, 0, pair) == 0);
	current->server = pair[1];
	return pair[0];
}

ssize_t __wrap_getrandom(void *bytes, size_t length, unsigned flags)
{
	memset(bytes, 0, length);
	return (ssize_t)length;
}

static void on_done(void *arg, enum health_probe_result result, const char *reason)
{
	struct run *run = arg;

	run->done_count++;
	run->result = result;
	(void)snprintf(run->reason, sizeof(run->reason), "%s", reason);
}

static void turn(void)
{
	for (size_t i = 0; i < TURNS; i++)
		FUZZ_REQUIRE(event_base_loop(loop_base(loop),
				     EVLOOP_ONCE | EVLOOP_NONBLOCK) >= 0);
}

static void feed(struct run *run, struct fuzz_pieces pieces)
{
	const struct buf *answer = &run->answer;
	size_t there = 0;

	while (there < answer->length && run->done_count == 0) {
		size_t end = fuzz_next_end(pieces, there, answer->length);

		(void)send(run->server, answer->data + there, end - there, MSG_NOSIGNAL);
		there = end;
		turn();
	}
	(void)shutdown(run->server, SHUT_WR);
	turn();
}

static void check_once(struct run *run, struct fuzz_pieces pieces)
{
	struct addr nowhere = {0};
	struct url url = {.scheme = URL_HTTP, .host = STR("app"), .port = 80};
	struct health_probe_options options = {
		.check = run->check, .address = &nowhere, .url = &url};

	current = run;
	run->probe = health_probe_start(loop, &options, on_done, run);
	FUZZ_REQUIRE(run->probe && run->done_count == 0);
	turn();
	feed(run, pieces);
	FUZZ_REQUIRE(run->done_count == 1);
	health_probe_destroy(run->probe);
	close(run->server);
	turn();
	FUZZ_REQUIRE(run->done_count == 1);
}

static void compare(struct fuzz_pieces pieces, void *arg)
{
	struct comparison *comparison = arg;
	struct run *split = &comparison->split;

	*split = (struct run){
		.check = comparison->whole.check, .answer = comparison->whole.answer};
	check_once(split, pieces);
	FUZZ_REQUIRE(split->result == comparison->whole.result);
	FUZZ_REQUIRE(strcmp(split->reason, comparison->whole.reason) == 0);
}

static void write_handshake(struct buf *out)
{
	char accept[WS_HANDSHAKE_ACCEPT_LENGTH + 1];

	FUZZ_REQUIRE(ws_handshake_accept(STR("AAAAAAAAAAAAAAAAAAAAAA=="), accept));
	buf_printf(out,
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		accept);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char kinds[] = "HFE";
	const char *kind = size > 0 ? memchr(kinds, data[0], 3) : NULL;
	struct conf_health_check check;
	struct comparison comparison = {0};

	if (!kind || size > MAX_BYTES)
		return 0;
	if (!loop) {
		(void)signal(SIGPIPE, SIG_IGN);
		fake_clock_stop();
		loop = loop_create();
	}
	check = checks[kind - kinds];
	check.target = "/";
	check.interval_ms = check.timeout_ms = 1000;
	FUZZ_REQUIRE(loop && conf_statuses_add(&check.statuses, STR("200-399")));
	comparison.whole.check = &check;
	if (check.type == CONF_CHECK_WEBSOCKET)
		write_handshake(&comparison.whole.answer);
	buf_append(&comparison.whole.answer, data + 1, size - 1);
	check_once(&comparison.whole, (struct fuzz_pieces){size + 1024, size + 1024});
	fuzz_some_splits((const uint8_t *)comparison.whole.answer.data,
		comparison.whole.answer.length, compare, &comparison);
	buf_finish(&comparison.whole.answer);
	return 0;
}
