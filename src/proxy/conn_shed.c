// SPDX-License-Identifier: MIT
// Which connections are given up when memory is short, and how: first those with which
// nothing is lost, then those that hold much because their reader has stopped, then the
// WebSockets that have been silent for the longest time.
#include "conn_priv.h"
#include "wherry/base/now.h"

enum {
	STEP = 64, // that carry something: so many at a time, for then it is looked again
	HEAD_MS = 1000, // a head that takes longer is no loss
};

struct candidate {
	struct conn *conn;
	uint64_t since_ms; // silent since; 0: it holds much
};

// The best of those seen so far, in order.
struct choice {
	struct candidate candidates[STEP];
	size_t count;
};

static bool is_slow_head(const struct conn *conn, uint64_t now)
{
	uint64_t timeout = conn->edition->conf->limits.header_timeout_ms;
	return conn->is_head_begun && now + timeout > conn->http->timer.at_ms + HEAD_MS;
}

// No request is under way.
static bool is_idle(const struct conn *conn, uint64_t now)
{
	switch (conn->state) {
	case CONN_PREFACE:
		return true;
	case CONN_HEAD:
		return stream_queued_length(conn->client) == 0 &&
		       (!conn->is_head_begun || is_slow_head(conn, now));
	case CONN_LINGER:
		return stream_queued_length(conn->client) == 0;
	case CONN_ACCESS:
	case CONN_FORWARD:
	case CONN_PUSH:
	case CONN_SOCKET:
	case CONN_RELAY:
	case CONN_CLOSED:
		break;
	}
	return false;
}

// False: it can't be given up.
static bool weigh(struct conn *conn, uint64_t *ret_since_ms)
{
	if (conn->state == CONN_RELAY) {
		*ret_since_ms = relay_silent_since_ms(conn->relay);
		return *ret_since_ms != UINT64_MAX;
	}
	*ret_since_ms = 0;
	if (conn->state == CONN_SOCKET && !stream_is_full(conn->client))
		*ret_since_ms = conn->push->methods->last_message_ms(conn->push);
	if (conn->state == CONN_SOCKET)
		return !conn->push->is_closing;
	return (conn->state == CONN_FORWARD || conn->state == CONN_PUSH) &&
	       stream_is_full(conn->client);
}

static void offer(struct choice *choice, struct candidate candidate)
{
	size_t at = choice->count;
	if (at == STEP && choice->candidates[--at].since_ms <= candidate.since_ms)
		return;
	for (; at > 0 && choice->candidates[at - 1].since_ms > candidate.since_ms; at--)
		choice->candidates[at] = choice->candidates[at - 1];
	choice->candidates[at] = candidate;
	if (choice->count < STEP)
		choice->count++;
}

static void give_up(struct candidate candidate)
{
	struct conn *conn = candidate.conn;
	if (conn->state == CONN_SOCKET && candidate.since_ms != 0) {
		conn_push_close(conn, CLOSE_REASON_OVERLOAD,
			close_reason_code(CLOSE_REASON_OVERLOAD), "");
		return;
	}
	if (conn->state != CONN_RELAY) {
		stream_abort(conn->client); // the answer is not whole
		conn_close(conn, CLOSE_REASON_OVERLOAD, "wherry");
		return;
	}
	relay_close(conn->relay, CLOSE_REASON_OVERLOAD);
	// Who does not read would not read that either.
	if (candidate.since_ms == 0 && conn->state == CONN_RELAY)
		relay_cut(conn->relay, CLOSE_REASON_OVERLOAD);
}

static size_t close_idle(struct site *site, uint64_t now)
{
	struct conn *next, *conn = LIST_FIRST(&site->conns);
	size_t count = 0;
	for (; conn; conn = next) {
		next = LIST_NEXT(conn, entry);
		if (!is_idle(conn, now))
			continue;
		conn_close(conn, CLOSE_REASON_OVERLOAD, "wherry");
		count++;
	}
	return count;
}

static size_t give_up_some(struct site *site)
{
	struct choice choice = {.count = 0};
	struct conn *conn = LIST_FIRST(&site->conns);
	for (; conn; conn = LIST_NEXT(conn, entry)) {
		struct candidate candidate = {.conn = conn};
		if (weigh(conn, &candidate.since_ms))
			offer(&choice, candidate);
	}
	for (size_t i = 0; i < choice.count; i++)
		give_up(choice.candidates[i]);
	return choice.count;
}

void conn_shed(struct site *site)
{
	size_t count = close_idle(site, now_ms());
	if (count == 0)
		count = give_up_some(site);
	counters_add(&loop_counters(site->loop)->shed, count);
}
