// SPDX-License-Identifier: MIT
#include "session.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fake_clock.h"
#include "fuzz.h"

#include "wherry/base/log.h"
#include "wherry/conf/conf_load.h"
#include "wherry/hub/broker_local.h"
#include "wherry/hub/hub.h"
#include "wherry/hub/live.h"
#include "wherry/proxy/drain_plan.h"
#include "wherry/proxy/edition.h"
#include "wherry/upstream/directory.h"

enum {
	STEPS_MAX = 40,
	TURNS = 3, // of the loop, for what one step leads to
	TURNS_TO_END = 400,
	STEP_TO_END_MS = 10 * 1000,
	RECEIVE_SIZE = 64 * 1024,
	SENT_MAX = 1 << 20,
};

static struct loop *loop;
static struct snapshot *snapshot;
static struct upstream_set *upstreams;
static struct limits *limits;
static struct conf_hub hub_rules;
static struct session *current;

int __wrap_dial_open(const struct addr *addr);

static void make_pair(int pair[2])
{
	int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
	FUZZ_REQUIRE(socketpair(AF_UNIX, type, 0, pair) == 0);
}

int __wrap_dial_open(const struct addr *addr)
{
	int pair[2];
	struct session *session = current;
	FUZZ_REQUIRE(session);
	if (session->refuses || session->backend_count == SESSION_BACKENDS_MAX) {
		session->refuses = false;
		return -ECONNREFUSED;
	}
	make_pair(pair);
	session->backends[session->backend_count++] =
		(struct session_peer){.socket = pair[1]};
	return pair[0];
}

static void start_once(void)
{
	struct conf_diag diag;
	struct log_options options = {
		LOG_LEVEL_INFO, LOG_FORMAT_JSON, "/dev/null", "/dev/null"};
	if (loop)
		return;
	(void)signal(SIGPIPE, SIG_IGN);
	conf_diag_init(&diag);
	struct conf *conf =
		conf_load_text("fuzz.yaml", str_from(session_configuration), &diag);
	if (!conf)
		fprintf(stderr, "%.*s\n", STR_ARG(buf_str(&diag.text)));
	FUZZ_REQUIRE(conf && log_start(&options));
	conf_diag_finish(&diag);
	fake_clock_stop();
	loop = loop_create();
	limits = limits_create(conf);
	hub_rules = conf->hub;
	struct buf errors = BUF_INIT;
	struct names *names = names_create(loop, NULL, NULL);
	struct directory *directory = names ? directory_create(names) : NULL;
	if (directory)
		upstreams = directory_build(directory, conf, NULL, &errors);
	struct rules *rules = rules_create(conf, &errors);
	struct tls_set *none = NULL; // of its one listener
	FUZZ_REQUIRE(loop && upstreams && limits && rules);
	snapshot = snapshot_create(1, rules, upstreams, &none);
	FUZZ_REQUIRE(snapshot);
	rules_unref(rules);
	conf_unref(conf);
}

static void turn(void)
{
	int flags = EVLOOP_ONCE | EVLOOP_NONBLOCK;
	FUZZ_REQUIRE(event_base_loop(loop_base(loop), flags) >= 0);
}

static void receive(struct session_peer *peer)
{
	static char bytes[RECEIVE_SIZE];
	ssize_t got = -1;
	if (peer->socket < 0 || peer->is_silent || peer->is_over)
		return;
	while ((got = recv(peer->socket, bytes, sizeof(bytes), 0)) > 0)
		buf_append(&peer->received, bytes, (size_t)got);
	FUZZ_REQUIRE(!peer->received.is_failed);
	peer->is_over = got == 0 || errno != EAGAIN;
}

static void settle(struct session *session)
{
	for (size_t i = 0; i < TURNS; i++) {
		turn();
		for (size_t j = 0; j < session->client_count; j++)
			receive(&session->clients[j]);
		for (size_t j = 0; j < session->backend_count; j++)
			receive(&session->backends[j]);
	}
}

static struct hub *make_hub(void)
{
	struct hub_options options = {.loop = loop,
		.max_channels = hub_rules.max_channels,
		.max_bytes = hub_rules.max_bytes};
	struct broker *broker = broker_local_create(loop);
	struct hub *hub = broker ? hub_create(&options, broker) : NULL;
	FUZZ_REQUIRE(hub);
	return hub;
}

static struct live *make_live(void)
{
	struct live *live = live_create(loop);
	FUZZ_REQUIRE(live);
	live_set_limit(live, hub_rules.max_bytes);
	return live;
}

void session_start(struct session *session)
{
	start_once();
	*session = (struct session){
		.requests = loop_counters(loop)->requests,
		.retries = loop_counters(loop)->backend_retries,
		.hub = make_hub(),
		.live = make_live(),
	};
	current = session;
	struct proxy_options options = {
		.snapshot = snapshot,
		.limits = limits,
		.hub = session->hub,
		.live = session->live,
		.count = 1,
	};
	atomic_fetch_add(&snapshot->users, 1);
	session->proxy = proxy_create(loop, &options);
	FUZZ_REQUIRE(session->proxy);
	// What stood refused in the session before stands again.
	ejection_forgive(&upstreams->upstreams[0].members[0].server->ejection);
	session_connect(session);
}

void session_connect(struct session *session)
{
	int pair[2];
	struct addr client;
	struct edition *edition = proxy_edition(session->proxy);
	if (session->client_count == SESSION_CLIENTS_MAX || session->is_draining)
		return;
	FUZZ_REQUIRE(addr_parse(STR("192.0.2.1:1000"), &client));
	make_pair(pair);
	session->clients[session->client_count++] =
		(struct session_peer){.socket = pair[1]};
	proxy_accept(session->proxy, edition, edition->conf->listeners, pair[0], &client);
	settle(session);
}

void session_play(struct session *session, const uint8_t *data, size_t size,
	session_step_cb take_step)
{
	for (size_t i = 0; i < STEPS_MAX && size >= 2; i++) {
		size_t taken =
			2 + take_step(session, data[0], data[1], data + 2, size - 2);
		data += taken;
		size -= taken;
	}
	for (size_t i = 0; i < session->client_count; i++)
		session->clients[i].is_silent = false;
	for (size_t i = 0; i < session->backend_count; i++)
		session->backends[i].is_silent = false;
	session_advance(session, 1);
}

struct session_peer *session_backend(struct session *session, size_t nth)
{
	static struct session_peer none = {.socket = -1};
	size_t count = session->backend_count;
	return count > 0 ? &session->backends[count - 1 - nth % count] : &none;
}

void session_send(struct session *session, struct session_peer *peer, const void *data,
	size_t length)
{
	if (peer->socket < 0 || length == 0 || peer->sent.length + length > SENT_MAX)
		return;
	ssize_t sent = send(peer->socket, data, length, MSG_NOSIGNAL);
	if (sent > 0)
		buf_append(&peer->sent, data, (size_t)sent);
	settle(session);
}

void session_say(
	struct session *session, struct session_peer *peer, struct str text, size_t times)
{
	struct buf all = BUF_INIT;
	for (size_t i = 0; i < times; i++)
		buf_append_str(&all, text);
	session_send(session, peer, all.data, all.length);
	buf_finish(&all);
}

void session_shutdown(struct session *session, struct session_peer *peer)
{
	if (peer->socket >= 0)
		(void)shutdown(peer->socket, SHUT_WR); // it may be gone already
	settle(session);
}

void session_close(struct session *session, struct session_peer *peer)
{
	receive(peer);
	if (peer->socket >= 0)
		close(peer->socket);
	peer->socket = -1;
	settle(session);
}

void session_advance(struct session *session, uint64_t milliseconds)
{
	fake_clock_advance(milliseconds);
	settle(session);
}

static void on_stopped(void *arg)
{
}

static struct drain_plan *make_plan(
	const uint64_t *server, enum close_reason reason, uint64_t window_ms)
{
	struct drain_plan_options options = {
		.scope = server ? DRAIN_PLAN_SERVERS : DRAIN_PLAN_ALL,
		.servers = server,
		.server_count = server != NULL,
		.reason = reason,
		.window_ms = window_ms,
		.timeout_ms = 2 * window_ms + 1000,
		.shares = 1,
	};
	struct drain_plan *plan = drain_plan_create(&options);
	FUZZ_REQUIRE(plan);
	return plan;
}

void session_drain_server(struct session *session, uint64_t window_ms)
{
	uint64_t server = upstreams->upstreams[0].members[0].server->id;
	struct drain_plan *plan =
		make_plan(&server, CLOSE_REASON_SERVER_DRAINED, window_ms);
	proxy_drain(session->proxy, plan);
	drain_plan_unref(plan);
	settle(session);
}

void session_drain(struct session *session, uint64_t window_ms)
{
	if (!session->is_draining) {
		struct drain_plan *plan =
			make_plan(NULL, CLOSE_REASON_SHUTDOWN, window_ms);
		proxy_stop(session->proxy, plan, on_stopped, session);
		drain_plan_unref(plan);
	}
	session->is_draining = true;
	settle(session);
}

uint64_t session_request_count(const struct session *session)
{
	const struct counters *counters = loop_counters(loop);
	return counters->requests - session->requests + counters->backend_retries -
	       session->retries;
}

static void forget(struct session_peer *peer)
{
	buf_finish(&peer->sent);
	buf_finish(&peer->received);
}

void session_finish(struct session *session)
{
	const struct counters *counters = loop_counters(loop);
	struct session_peer *clients = session->clients, *backends = session->backends;
	for (size_t i = 0; i < session->client_count; i++)
		clients[i].is_silent = false;
	for (size_t i = 0; i < session->backend_count; i++)
		backends[i].is_silent = false;
	settle(session);
	for (size_t i = 0; i < session->client_count; i++)
		session_close(session, &clients[i]);
	for (size_t i = 0; i < TURNS_TO_END && counters->client_connections > 0; i++)
		session_advance(session, STEP_TO_END_MS);
	FUZZ_REQUIRE(counters->client_connections == 0 && counters->websockets == 0);
	for (size_t i = 0; i < session->backend_count; i++)
		session_close(session, &backends[i]);
	proxy_destroy(session->proxy);
	live_destroy(session->live);
	hub_destroy(session->hub);
	FUZZ_REQUIRE(counters->backend_connections == 0);
	FUZZ_REQUIRE(upstreams->upstreams[0].members[0].server->active == 0);
	for (size_t i = 0; i < session->client_count; i++)
		forget(&clients[i]);
	for (size_t i = 0; i < session->backend_count; i++)
		forget(&backends[i]);
	current = NULL;
}
