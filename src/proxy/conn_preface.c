// SPDX-License-Identifier: MIT
// What comes before HTTP on a connection, as its listener asks for it: a PROXY header,
// then TLS.
#include <errno.h>
#include <stdlib.h>

#include "conn_priv.h"
#include "wherry/base/now.h"
#include "wherry/net/tls_server.h"
#include "wherry/proto/proxy_header.h"

static void begin_http(struct conn *conn)
{
	conn->state = CONN_HEAD;
	conn->http_at = conn->request_at = conn->taken;
	loop_timer_set(&conn->http->timer,
		now_ms() + conn->edition->conf->limits.header_timeout_ms);
	stream_resume(conn->client); // what came behind the preface may be all there is
}

static void begin_tls(struct conn *conn)
{
	if (!conn_enter_handshake(conn))
		return;
	const struct edition *edition = conn->edition;
	struct tls_server *server =
		edition->tls[conn->listener - edition->conf->listeners];
	SSL *ssl = server ? tls_server_accept(server) : NULL;
	if (!ssl || !stream_start_tls(conn->client, ssl)) {
		conn_drop(conn, CLOSE_REASON_NO_MEMORY, "no memory for TLS");
		return;
	}
	loop_timer_set(
		&conn->http->timer, now_ms() + edition->conf->timeouts.tls_handshake_ms);
	stream_resume(conn->client);
}

static void follow_proxy_header(struct conn *conn)
{
	if (conn->listener->has_tls)
		begin_tls(conn);
	else
		begin_http(conn);
}

// Whoever may name the client may be anyone: only those that are told to (SECURITY T23).
static void await_proxy_header(struct conn *conn)
{
	const struct conf_proxy_protocol *protocol = &conn->listener->proxy_protocol;
	if (!addr_network_has(protocol->from, protocol->from_count, &conn->peer)) {
		conn_drop(conn, CLOSE_REASON_PROXY_SOURCE,
			"its address is not in proxy_protocol.from");
		return;
	}
	loop_timer_set(&conn->http->timer, now_ms() + protocol->timeout_ms);
	stream_resume(conn->client);
}

void conn_preface_start(struct conn *conn)
{
	if (conn->listener->has_proxy_protocol)
		await_proxy_header(conn);
	else
		follow_proxy_header(conn);
}

// False: the connection is refused, or closed.
static bool name_peer(struct conn *conn, const struct proxy_header *header)
{
	conn->is_tls_ahead = header->is_tls;
	if (header->has_addresses) {
		conn->peer = header->source;
		conn->local = malloc(sizeof(*conn->local));
		if (!conn->local) {
			conn_close(conn, CLOSE_REASON_NO_MEMORY, "wherry");
			return false;
		}
		*conn->local = header->destination;
	}
	return conn_enter_source(conn);
}

size_t conn_preface_read(struct conn *conn, const uint8_t *data, size_t length)
{
	struct proxy_header header;
	const char *error;
	switch (proxy_header_read(data, length, &header, &error)) {
	case PROXY_HEADER_MORE:
		return 0;
	case PROXY_HEADER_BAD:
		conn_drop(conn, CLOSE_REASON_PROXY_HEADER, error);
		return length;
	case PROXY_HEADER_OK:
		break;
	}
	conn->taken += header.length;
	if (!name_peer(conn, &header))
		return length;
	follow_proxy_header(conn);
	return conn->state == CONN_CLOSED ? length : header.length;
}

void conn_preface_secured(struct conn *conn)
{
	conn_leave_handshake(conn);
	begin_http(conn);
}

void conn_preface_late(struct conn *conn)
{
	if (stream_tls(conn->client))
		conn_drop(conn, CLOSE_REASON_CLIENT_TLS,
			"the handshake was not done within timeouts.tls_handshake");
	else
		conn_drop(conn, CLOSE_REASON_PROXY_HEADER,
			"not complete within proxy_protocol.timeout");
}

// One that only looks whether somebody listens has done nothing worth a line.
void conn_preface_ended(struct conn *conn)
{
	if (stream_kept_length(conn->client) > 0)
		conn_drop(conn, CLOSE_REASON_PROXY_HEADER, "ended within the header");
	else
		conn_close(conn, CLOSE_REASON_CLIENT_CLOSED, "client");
}

void conn_preface_failed(struct conn *conn, const char *detail)
{
	bool is_gone = stream_error(conn->client) == ECONNRESET;
	if (is_gone && SSL_in_before(stream_tls(conn->client)))
		conn_close(conn, CLOSE_REASON_CLIENT_CLOSED, "client");
	else
		conn_drop(conn, CLOSE_REASON_CLIENT_TLS, detail);
}
