// SPDX-License-Identifier: MIT
// What the status address tells of the process.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "server_control_priv.h"
#include "wherry/admin/metrics.h"
#include "wherry/base/log.h"
#include "wherry/base/now.h"
#include "wherry/hub/hub.h"

// Who balances load should send nothing where new connections are refused.
const char *server_name_hindrance(const struct server *server)
{
	if (!server->has_started)
		return "starting";
	if (server->is_draining)
		return "draining";
	return server->memory.level != LIMITS_MEMORY_ENOUGH ? "short of memory" : NULL;
}

static const char *find_hindrance(void *arg)
{
	return server_name_hindrance(arg);
}

static void write_metrics(void *arg, struct buf *out)
{
	const struct server *server = arg;
	const struct counters *counters[SERVER_WORKERS_MAX];
	for (size_t i = 0; i < server->worker_count; i++)
		counters[i] = worker_counters(server->workers[i]);
	struct hub_facts hub;
	hub_read_facts(server->hub, &hub);
	struct metrics_source source = {
		.counters = counters,
		.counters_count = server->worker_count,
		.set = server->snapshot->upstreams,
		.hub = &hub,
		.started_ms = server->started_ms,
	};
	metrics_write(out, &source);
}

static void write_report(void *arg, struct buf *out)
{
	json_t *root = server_report(arg);
	char *text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;
	if (text) {
		buf_append_str(out, str_from(text));
		buf_append_str(out, STR("\n"));
	} else {
		out->is_failed = true;
	}
	free(text);
	json_decref(root);
}

void server_control_status(void *arg, struct control_call *call)
{
	if (control_call_unpack(call, "{}"))
		control_call_answer(call, server_report(arg));
}

static struct server_place *open_place(
	struct server *server, const struct addr *address, struct buf *reterr_text)
{
	char text[ADDR_TEXT_SIZE];
	int error = EADDRINUSE;
	struct server_place *place =
		server_place_find(server, address)
			? NULL
			: server_place_open(server, address, true, &error);
	if (!place)
		buf_printf(reterr_text, "status on %s: %s (expected a free address)\n",
			addr_format(address, text), strerrordesc_np(error));
	return place;
}

static bool is_same(const struct server *server, const struct conf *conf)
{
	const struct server_place *place = server->status_place;
	return conf->has_status ? place && addr_equal(&place->address, &conf->status)
				: !place;
}

static struct status *create(struct server *server, const struct server_place *place)
{
	struct status_source source = {
		find_hindrance, write_metrics, write_report, server};
	int fd = fcntl(place->sockets[0].fd, F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? NULL : status_create(server->loop, fd, &source);
}

bool server_status_serve(struct server *server)
{
	if (server->status_place)
		server->status = create(server, server->status_place);
	return !server->status_place || server->status;
}

// The new address is there before the old one goes.
static bool move(
	struct server *server, const struct addr *address, struct buf *reterr_text)
{
	bool is_later = server->predecessor >= 0;
	struct server_place *place = open_place(server, address, reterr_text);
	struct status *status = place && !is_later ? create(server, place) : NULL;
	if (!place)
		return false;
	if (!status && !is_later) {
		buf_printf(reterr_text, "status: out of memory or descriptors\n");
		server_place_close(server, place);
		return false;
	}
	server_status_stop(server);
	server->status = status;
	server->status_place = place;
	return true;
}

bool server_status_apply(
	struct server *server, const struct conf *conf, struct buf *reterr_text)
{
	if (is_same(server, conf))
		return true;
	if (conf->has_status)
		return move(server, &conf->status, reterr_text);
	server_status_stop(server);
	return true;
}

void server_status_stop(struct server *server)
{
	status_destroy(server->status);
	if (server->status_place)
		server_place_close(server, server->status_place);
	server->status = NULL;
	server->status_place = NULL;
}
