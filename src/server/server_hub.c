// SPDX-License-Identifier: MIT
// The hub of the process, with the broker that the configuration chooses for it, and the
// home of live URLs.
#include <jansson.h>

#include "server_priv.h"
#include "wherry/base/log.h"
#include "wherry/hub/broker_local.h"
#include "wherry/hub/broker_redis.h"
#include "wherry/hub/hub.h"
#include "wherry/hub/live.h"

// NULL, logged.
static struct broker *create_broker(struct server *server)
{
	char error[BROKER_REDIS_ERROR_SIZE] = "hub: out of memory";
	struct broker *broker =
		server->conf->hub.broker == CONF_BROKER_REDIS
			? broker_redis_create(server->loop, server->conf, error)
			: broker_local_create(server->loop);
	if (!broker)
		log_error("%s", error);
	return broker;
}

bool server_hub_create(struct server *server)
{
	const struct conf_hub *conf = &server->conf->hub;
	struct hub_options options = {
		.loop = server->loop,
		.max_channels = conf->max_channels,
		.max_bytes = conf->max_bytes,
	};
	struct broker *broker = create_broker(server);
	server->hub = broker ? hub_create(&options, broker) : NULL;
	server->live = live_create(server->loop);
	if (server->live)
		live_set_limit(server->live, conf->max_bytes);
	return server->hub && server->live;
}

void server_hub_apply(struct server *server)
{
	const struct conf_hub *conf = &server->conf->hub;
	hub_set_limits(server->hub, conf->max_channels, conf->max_bytes);
	live_set_limit(server->live, conf->max_bytes);
}

void server_hub_destroy(struct server *server)
{
	live_destroy(server->live);
	hub_destroy(server->hub);
}

json_t *server_hub_report(const struct server *server)
{
	struct hub_facts facts;
	hub_read_facts(server->hub, &facts);
	return json_pack("{ss ss sI sI sI sI sI}", "broker", facts.broker, "state",
		facts.broker_state, "channels", (json_int_t)facts.channels, "subscribers",
		(json_int_t)facts.subscribers, "messages", (json_int_t)facts.messages,
		"bytes", (json_int_t)facts.bytes, "bytes_budget",
		(json_int_t)server->conf->hub.max_bytes);
}
