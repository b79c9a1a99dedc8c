// SPDX-License-Identifier: MIT
// What comes before HTTP on a connection, as its listener asks for it.
#include "conn_priv.h"
#include "wherry/base/now.h"

static void begin_http(struct conn *conn)
{
	conn->state = CONN_HEAD;
	loop_timer_set(
		&conn->timer, now_ms() + conn->site->conf->limits.header_timeout_ms);
}

void conn_preface_start(struct conn *conn)
{
	begin_http(conn);
	stream_resume(conn->client);
}

size_t conn_preface_read(struct conn *conn, const uint8_t *data, size_t length)
{
	return 0;
}

void conn_preface_late(struct conn *conn)
{
	conn_close(conn, CLOSE_REASON_CLIENT_SLOW, "wherry");
}
