// SPDX-License-Identifier: MIT
// A connection that is one too many: it is answered and closed, or, in a flood, closed
// alone.
#include <unistd.h>

#include "conn_priv.h"
#include "wherry/base/log.h"
#include "wherry/base/now.h"
#include "wherry/proxy/limits.h"

enum {
	REFUSALS_MAX =
		32, // connections of a worker that wait for their answer to be read
	REFUSED_LINGER_MS = 1000,
	WARN_EVERY_MS = 1000,
};

// Who gets no answer has no access line either: so many of them share a line.
void conn_count_unanswered(struct site *site, const struct reply *refusal)
{
	uint64_t now = now_ms();
	site->unanswered_count++;
	if (now - site->unanswered_warned_ms < WARN_EVERY_MS)
		return;
	log_warn("%zu connections closed without an answer, the last for: %s",
		site->unanswered_count, refusal->detail);
	site->unanswered_count = 0;
	site->unanswered_warned_ms = now;
}

static void answer(struct conn *conn, const struct reply *refusal)
{
	conn->state = CONN_HEAD;
	conn_init_unread(conn);
	conn_reply(conn, *refusal,
		refusal->status == 429 ? CLOSE_REASON_POLICY : CLOSE_REASON_OVERLOAD);
	if (conn->state != CONN_LINGER)
		return; // no memory for the answer: its timer must not be set again
	conn->close_by_ms = now_ms() + REFUSED_LINGER_MS;
	loop_timer_set(&conn->http->timer, conn->close_by_ms);
}

void conn_refuse(struct site *site, struct edition *edition,
	const struct conf_listener *listener, int socket, const struct addr *peer,
	const struct reply *refusal)
{
	struct conn *conn = NULL;
	counters_add(&loop_counters(site->loop)->refused_limit, 1);
	if (site->refused_count < REFUSALS_MAX && !listener->has_tls)
		conn = conn_create(site, edition, listener, socket, peer);
	else
		close(socket);
	if (!conn) {
		conn_count_unanswered(site, refusal);
		return;
	}
	site->refused_count++;
	answer(conn, refusal);
}

bool conn_enter_source(struct conn *conn)
{
	struct site *site = conn->site;
	struct reply refusal;
	if (limits_enter_source(site->limits, conn->edition->conf, &conn->peer,
		    &conn->is_source_counted, &refusal))
		return true;
	counters_add(&loop_counters(site->loop)->refused_limit, 1);
	if (site->refused_count < REFUSALS_MAX && !conn->listener->has_tls) {
		limits_leave(site->limits); // counted as refused from here on
		conn->is_counted = false;
		site->refused_count++;
		answer(conn, &refusal);
		return false;
	}
	conn_count_unanswered(site, &refusal);
	conn_close(conn, CLOSE_REASON_POLICY, "wherry");
	return false;
}
