// SPDX-License-Identifier: MIT
// Tells the backend in a PROXY header whose connection it carries on. Such a connection
// is that client's alone: another one's request on it would come under a wrong name.
#include "conn_priv.h"
#include "wherry/proto/proxy_header.h"

// Where the client connected to; of length 0 if the kernel does not know any more.
static struct addr find_local(const struct conn *conn)
{
	struct addr local = {.length = sizeof(struct sockaddr_un)};
	if (conn->local)
		return *conn->local;
	if (getsockname(stream_socket(conn->client), &local.any, &local.length) != 0)
		local.length = 0;
	return local;
}

void conn_write_prologue(struct conn *conn)
{
	const struct conf *conf = conn->site->conf;
	enum conf_proxy_header version =
		conf->upstreams[conn->request.route->upstream].proxy_header;
	uint8_t header[PROXY_HEADER_WRITE_MAX];
	if (version == CONF_PROXY_HEADER_OFF)
		return;
	struct addr local = find_local(conn);
	size_t length =
		version == CONF_PROXY_HEADER_V1
			? proxy_header_write_v1(&conn->peer, &local, header)
			: proxy_header_write_v2(&conn->peer, &local, NULL, header);
	forward_set_prologue(conn->forward, header, length);
}
