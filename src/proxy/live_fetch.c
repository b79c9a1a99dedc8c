// SPDX-License-Identifier: MIT
// Asks a backend for a live URL, and makes a snapshot of the answer, if it is for
// sharing. What is sent follows from the key, but for what makes it conditional: no
// client has a part in it.
#include <stdlib.h>

#include "live_draft_priv.h"
#include "lives_priv.h"
#include "wherry/base/now.h"
#include "wherry/proto/http_write.h"
#include "wherry/proto/proxy_header.h"
#include "wherry/proxy/forward.h"
#include "wherry/proxy/live_rules.h"

struct live_fetch {
	LIST_ENTRY(live_fetch) link;
	struct exchange exchange;
	struct loop_timer timer; // for the whole answer
	struct loop_deferred deferred;
	struct live_entry *entry; // one of its users
	struct edition *edition;  // a reference, as the next
	struct live_snapshot *newest;
	const struct conf_route *route; // of the edition
	uint64_t started_ms;
	uint64_t fresh_ms;
	unsigned status; // 0: no head yet
	struct live_draft draft;
	uint8_t prologue[PROXY_HEADER_WRITE_MAX];
};

static void write_conditions(struct buf *out, const struct live_snapshot *newest)
{
	if (newest && newest->parts.validator.length > 0)
		http_write_field(out, STR("If-None-Match"), newest->parts.validator);
	if (newest && newest->parts.modified.length > 0)
		http_write_field(out, STR("If-Modified-Since"), newest->parts.modified);
}

// Called for each server that is tried. Host may stand behind the other fields.
static void write_head(void *arg, const struct upstream_server *server, struct buf *out)
{
	struct live_fetch *fetch = arg;
	const struct live_entry *entry = fetch->entry;
	buf_append_str(out, buf_str(&entry->head));
	request_head_write_host(out, fetch->route, live_key_host(&entry->key), server);
	write_conditions(out, fetch->newest);
	http_write_end(out);
}

static void free_fetch(void *arg)
{
	struct live_fetch *fetch = arg;
	live_draft_finish(&fetch->draft);
	loop_timer_finish(&fetch->exchange.timer);
	live_snapshot_unref(fetch->newest);
	edition_unref(fetch->edition);
	free(fetch);
}

// Its callbacks may be on the stack: the memory goes at the end of the turn.
static void stop(struct live_fetch *fetch)
{
	struct lives *lives = fetch->entry->lives;
	if (fetch->exchange.is_open)
		exchange_finish(&fetch->exchange);
	loop_timer_finish(&fetch->timer);
	LIST_REMOVE(fetch, link);
	live_entry_release(fetch->entry);
	loop_defer(lives->site->loop, &fetch->deferred, free_fetch, fetch);
}

static void report(struct live_fetch *fetch, struct live_result *result)
{
	struct live_entry *entry = fetch->entry;
	result->turn = (struct live_pace_turn){
		.started_ms = fetch->started_ms,
		.ended_ms = now_ms(),
		.fresh_ms = fetch->fresh_ms,
		.is_changed = result->turn.is_changed,
	};
	bool is_told =
		live_port_report(entry->lives->port, buf_str(&entry->key.text), result);
	(void)is_told; // else the home asks again, after a while
	stop(fetch);
}

static void fail(struct live_fetch *fetch, unsigned status, const char *reason)
{
	struct live_result result = {
		.outcome = LIVE_FAILED, .status = status, .reason = reason};
	report(fetch, &result);
}

static void on_fail(void *arg, enum exchange_failure failure)
{
	const struct forward_failure *told = forward_find_failure(failure);
	fail(arg, told->status, told->text);
}

static void keep_apart(struct live_fetch *fetch, const char *reason)
{
	struct live_result result = {.outcome = LIVE_UNSHARED, .reason = reason};
	report(fetch, &result);
}

static void report_same(struct live_fetch *fetch)
{
	struct live_result result = {.outcome = LIVE_SAME};
	report(fetch, &result);
}

// False once it is over.
static bool judge(struct live_fetch *fetch, const struct http_message *message)
{
	const struct conf_live *live = &fetch->route->live;
	const char *reason =
		live_rules_find_private(live, message, fetch->entry->key.is_plain);
	fetch->fresh_ms = live_rules_fresh_ms(message);
	if (reason) {
		keep_apart(fetch, reason);
		return false;
	}
	if (message->status == 304) {
		report_same(fetch);
		return false;
	}
	if (message->body_kind == HTTP_BODY_LENGTH &&
		message->content_length > live->max_snapshot) {
		keep_apart(fetch, "its body is longer than live.snapshot");
		return false;
	}
	live_draft_take_fields(&fetch->draft, &fetch->route->response_headers, message);
	return true;
}

// Too busy is not a word for one client, and passing all of them through would not help.
static bool take_head(struct live_fetch *fetch, const struct http_message *message)
{
	fetch->status = message->status;
	if (message->status < 200 && message->status != 101)
		return true; // interim
	if (message->status == 200 || (message->status == 304 && fetch->newest))
		return judge(fetch, message);
	if (message->status == 429 || message->status == 503)
		fail(fetch, 503, "the backend is too busy");
	else if (message->status >= 500)
		fail(fetch, 502, "the backend answers with an error");
	else if (message->status == 101 || message->status == 304)
		on_fail(fetch, EXCHANGE_BAD);
	else
		keep_apart(fetch, "its status is not 200");
	return false;
}

static void conclude(struct live_fetch *fetch)
{
	struct live_result result = {.outcome = LIVE_NEW};
	result.snapshot = live_draft_make(&fetch->draft, live_key_url(&fetch->entry->key),
		fetch->newest, fetch->route->live.merges_patches);
	if (!result.snapshot) {
		fail(fetch, 503, "out of memory");
		return;
	}
	result.turn.is_changed =
		!fetch->newest ||
		live_snapshot_id(result.snapshot) != live_snapshot_id(fetch->newest);
	report(fetch, &result);
	live_snapshot_unref(result.snapshot);
}

static bool take_body(struct live_fetch *fetch)
{
	struct str piece = fetch->exchange.reader.body;
	struct buf *body = &fetch->draft.body;
	if (body->length + piece.length > fetch->route->live.max_snapshot) {
		keep_apart(fetch, "its body is longer than live.snapshot");
		return false;
	}
	buf_append_str(body, piece);
	if (body->is_failed) {
		fail(fetch, 503, "out of memory");
		return false;
	}
	return true;
}

// False once it is over.
static bool pull(struct live_fetch *fetch)
{
	struct http_message message;
	switch (exchange_next(&fetch->exchange, &message)) {
	case HTTP_READER_HEAD:
		return take_head(fetch, &message);
	case HTTP_READER_BODY:
		return take_body(fetch);
	case HTTP_READER_END:
		conclude(fetch);
		return false;
	case HTTP_READER_MORE:
	case HTTP_READER_BAD:
		break;
	}
	return false;
}

static void on_readable(void *arg)
{
	while (pull(arg))
		continue;
}

static const struct exchange_handler exchange_events = {
	.on_readable = on_readable,
	.on_fail = on_fail,
};

static void on_timer(void *arg)
{
	fail(arg, 504, "the backend's answer took too long");
}

static struct live_fetch *create(struct live_entry *entry, struct live_snapshot *newest)
{
	struct live_fetch *fetch = calloc(1, sizeof(*fetch));
	struct site *site = entry->lives->site;
	if (!fetch)
		return NULL;
	entry->users++;
	fetch->entry = entry;
	fetch->edition = edition_ref(entry->edition);
	fetch->route = entry->route;
	fetch->newest = live_snapshot_ref(newest);
	fetch->started_ms = now_ms();
	exchange_init(&fetch->exchange, site->pool, site->loop, &exchange_events,
		write_head, fetch);
	loop_timer_init(&fetch->timer, site->loop, on_timer, fetch);
	LIST_INSERT_HEAD(&entry->lives->fetches, fetch, link);
	return fetch;
}

// There is no client whose connection it carries on.
static struct str write_prologue(struct live_fetch *fetch, enum conf_proxy_header kind)
{
	bool is_v2 = kind == CONF_PROXY_HEADER_V2;
	size_t length = kind != CONF_PROXY_HEADER_OFF
				? proxy_header_write_local(is_v2, fetch->prologue)
				: 0;
	return (struct str){(const char *)fetch->prologue, length};
}

static struct exchange_request plan(struct live_fetch *fetch)
{
	const struct conf *conf = fetch->edition->conf;
	const struct conf_route *route = fetch->route;
	const struct upstream *upstream =
		&fetch->edition->upstreams->upstreams[route->upstream];
	return (struct exchange_request){
		.upstream = upstream,
		.prologue = write_prologue(fetch, upstream->conf->proxy_header),
		.may_repeat = true,
		.may_reuse = true,
		.body_kind = HTTP_BODY_NONE,
		.connect_timeout_ms = conf->timeouts.connect_ms,
		.response_timeout_ms = route->response_timeout_ms,
		.idle_timeout_ms = route->idle_timeout_ms,
		.write_stall_ms = conf->timeouts.write_stall_ms,
		.limits = {conf->limits.header, HTTP_SCAN_LIMITS_DEFAULT.line_bytes},
	};
}

void live_fetch_start(struct live_entry *entry, struct live_snapshot *newest)
{
	static const struct live_result no_memory = {
		.outcome = LIVE_FAILED, .status = 503, .reason = "out of memory"};
	struct live_fetch *fetch = create(entry, newest);
	enum exchange_failure failure;
	if (!fetch) {
		bool is_told = live_port_report(
			entry->lives->port, buf_str(&entry->key.text), &no_memory);
		(void)is_told; // else the home asks again, after a while
		return;
	}
	struct exchange_request request = plan(fetch);
	counters_add(&loop_counters(entry->lives->site->loop)->live_fetches, 1);
	if (!exchange_start(&fetch->exchange, &request, &failure)) {
		on_fail(fetch, failure);
		return;
	}
	// A body that trickles in would never be silent.
	if (fetch->route->response_timeout_ms != CONF_OFF)
		loop_timer_set(
			&fetch->timer, now_ms() + fetch->route->response_timeout_ms);
}

void live_fetch_stop_all(struct lives *lives)
{
	while (!LIST_EMPTY(&lives->fetches))
		stop(LIST_FIRST(&lives->fetches));
}
