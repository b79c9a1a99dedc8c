// SPDX-License-Identifier: MIT
// The hub of the process, and the broker that the configuration chooses for it.
#include "server_priv.h"
#include "wherry/base/log.h"
#include "wherry/hub/broker_local.h"
#include "wherry/hub/hub.h"

bool server_hub_create(struct server *server)
{
	const struct conf_hub *conf = &server->conf->hub;
	struct hub_options options = {
		.loop = server->loop,
		.max_channels = conf->max_channels,
		.max_bytes = conf->max_bytes,
	};
	struct broker *broker = broker_local_create(server->loop);
	server->hub = broker ? hub_create(&options, broker) : NULL;
	return server->hub != NULL;
}

void server_hub_apply(struct server *server)
{
	const struct conf_hub *conf = &server->conf->hub;
	hub_set_limits(server->hub, conf->max_channels, conf->max_bytes);
}
