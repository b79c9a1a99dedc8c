// SPDX-License-Identifier: MIT
// How many TLS handshakes a worker has under way. Where there are too many, the oldest is
// given up for a new one: an honest client is done long before that, and one that stalls
// is not (SECURITY T46).
#include "conn_priv.h"
#include "wherry/proxy/limits.h"

void conn_leave_handshake(struct conn *conn)
{
	struct site *site = conn->site;
	if (!conn->is_in_handshake)
		return;
	conn->is_in_handshake = false;
	TAILQ_REMOVE(&site->handshakes, conn, handshake);
	site->handshake_count--;
	if (conn->is_handshake_counted)
		limits_leave_handshake(site->limits, &conn->peer);
	conn->is_handshake_counted = false;
}

static void give_up_oldest(struct site *site)
{
	static const struct reply why = {
		.detail = "too many TLS handshakes at once (limits.tls_handshakes)"};
	struct conn *oldest = TAILQ_FIRST(&site->handshakes);
	counters_add(&loop_counters(site->loop)->refused_handshakes, 1);
	conn_count_unanswered(site, &why);
	conn_close(oldest, CLOSE_REASON_OVERLOAD, "wherry");
}

bool conn_enter_handshake(struct conn *conn)
{
	struct site *site = conn->site;
	struct reply refusal;
	const struct conf *conf = conn->edition->conf;
	if (!limits_enter_handshake(site->limits, conf, &conn->peer,
		    &conn->is_handshake_counted, &refusal)) {
		counters_add(&loop_counters(site->loop)->refused_handshakes, 1);
		conn_count_unanswered(site, &refusal);
		conn_close(conn, CLOSE_REASON_POLICY, "wherry");
		return false;
	}
	if (site->handshake_count >= conf->limits.tls_handshakes)
		give_up_oldest(site);
	TAILQ_INSERT_TAIL(&site->handshakes, conn, handshake);
	site->handshake_count++;
	conn->is_in_handshake = true;
	return true;
}
