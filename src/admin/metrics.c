// SPDX-License-Identifier: MIT
// Prometheus text from the table of counters.
#include "wherry/admin/metrics.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "wherry/base/log.h"
#include "wherry/base/now.h"
#include "wherry/hub/hub.h"
#include "wherry/upstream/health.h"

struct metric {
	const char *name;
	const char *type;
	const char *help;
	size_t offset; // in struct counters
};

static const struct metric metrics[] = {
#define X(symbol, name, type, help) {name, type, help, offsetof(struct counters, symbol)},
	COUNTERS(X)
#undef X
};

static void write_head(
	struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void write_single(struct buf *out, const char *name, const char *type,
	const char *help, uint64_t value)
{
	write_head(out, name, type, help);
	buf_printf(out, "%s %llu\n", name, (unsigned long long)value);
}

// The sum over all loops of the counter at offset.
static uint64_t sum(const struct metrics_source *source, size_t offset)
{
	uint64_t total = 0;

	for (size_t i = 0; i < source->counters_count; i++) {
		const char *counters = (const char *)source->counters[i];
		const _Atomic uint64_t *counter =
			(const _Atomic uint64_t *)(counters + offset);

		total += atomic_load_explicit(counter, memory_order_relaxed);
	}
	return total;
}

static void write_counters(struct buf *out, const struct metrics_source *source)
{
	for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
		const struct metric *metric = &metrics[i];

		write_single(out, metric->name, metric->type, metric->help,
			sum(source, metric->offset));
	}
}

static void write_closes(struct buf *out, const struct metrics_source *source)
{
	write_head(out, "wherry_closes_total", "counter",
		"Ends of requests and WebSocket relays, by reason");
	for (size_t i = 0; i < CLOSE_REASON_COUNT; i++) {
		size_t offset =
			offsetof(struct counters, closes) + i * sizeof(_Atomic uint64_t);

		buf_printf(out, "wherry_closes_total{reason=\"%s\"} %llu\n",
			close_reason_name((enum close_reason)i),
			(unsigned long long)sum(source, offset));
	}
}

// Names and URLs are the administrator's own and may hold anything.
static void write_label(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, "%s=\"", name);
	for (const char *c = value; *c; c++) {
		if (*c == '\n')
			buf_append(out, "\\n", 2);
		else if (*c == '"' || *c == '\\')
			buf_append(out, (const char[]){'\\', *c}, 2);
		else
			buf_append(out, c, 1);
	}
	buf_append(out, "\"", 1);
}

// Where it was resolved to.
static void write_address(struct buf *out, const struct upstream_server *server)
{
	char text[ADDR_TEXT_SIZE];

	if (strcmp(server->name, server->text) == 0)
		return;
	buf_append(out, ",", 1);
	write_label(out, "address", addr_format(&server->address, text));
}

static uint64_t read_active(const struct upstream_server *server)
{
	return atomic_load_explicit(&server->active, memory_order_relaxed);
}

static uint64_t read_up(const struct upstream_server *server)
{
	return atomic_load_explicit(&server->health, memory_order_relaxed) != HEALTH_DOWN;
}

static uint64_t read_ejected(const struct upstream_server *server)
{
	return ejection_is_on(&server->ejection, now_ms());
}

static const struct {
	const char *name, *help;
	uint64_t (*read)(const struct upstream_server *server);
} server_gauges[] = {
	{"wherry_server_active", "Connections reserved on a server", read_active},
	{"wherry_server_up", "0: health checks say that it is down", read_up},
	{"wherry_server_ejected", "1: passed over for a while, since requests failed",
		read_ejected},
};

static void write_server_gauge(
	struct buf *out, const struct upstream_set *set, size_t gauge)
{
	const char *name = server_gauges[gauge].name;

	write_head(out, name, "gauge", server_gauges[gauge].help);
	for (size_t i = 0; i < set->upstream_count; i++) {
		const struct upstream *upstream = &set->upstreams[i];

		for (size_t j = 0; j < upstream->member_count; j++) {
			const struct upstream_server *server =
				upstream->members[j].server;

			if (upstream_is_forgotten(&upstream->members[j]))
				continue;
			buf_printf(out, "%s{", name);
			write_label(out, "upstream", upstream->conf->name);
			buf_append(out, ",", 1);
			write_label(out, "server", server->text);
			write_address(out, server);
			buf_printf(out, "} %llu\n",
				(unsigned long long)server_gauges[gauge].read(server));
		}
	}
}

static bool is_in_panic(const struct upstream *upstream)
{
	return upstream_is_in_panic(upstream, now_ms());
}

static bool has_open_circuit(const struct upstream *upstream)
{
	return circuit_is_open(&upstream->group->circuit);
}

static void write_groups(struct buf *out, const struct upstream_set *set,
	const char *name, const char *help, bool (*read)(const struct upstream *upstream))
{
	write_head(out, name, "gauge", help);
	for (size_t i = 0; i < set->upstream_count; i++) {
		buf_printf(out, "%s{", name);
		write_label(out, "upstream", set->upstreams[i].conf->name);
		buf_printf(out, "} %d\n", read(&set->upstreams[i]));
	}
}

static void write_servers(struct buf *out, const struct upstream_set *set)
{
	for (size_t i = 0; i < sizeof(server_gauges) / sizeof(server_gauges[0]); i++)
		write_server_gauge(out, set, i);
	write_groups(out, set, "wherry_upstream_panic",
		"1: no server is healthy, so all of them get requests", is_in_panic);
	write_groups(out, set, "wherry_upstream_circuit_open",
		"1: the group is asked no more for a while", has_open_circuit);
}

static void write_hub(struct buf *out, const struct hub_facts *facts)
{
	write_single(out, "wherry_push_channels", "gauge",
		"Channels with subscribers or history", facts->channels);
	write_single(out, "wherry_push_messages", "gauge",
		"Messages that channels remember", facts->messages);
	write_single(out, "wherry_push_bytes", "gauge",
		"Memory of all messages that are remembered or wait for subscribers",
		facts->bytes);
	write_single(out, "wherry_push_broker_up", "gauge",
		"0: the hub's broker can't be reached", facts->is_ready);
}

// proc(5): the second number is the resident set, in pages.
static uint64_t resident_bytes(void)
{
	char text[128];
	unsigned long long size, resident;
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;

	ssize_t got = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (got <= 0)
		return 0;
	text[got] = '\0';
	if (sscanf(text, "%llu %llu", &size, &resident) != 2)
		return 0;
	return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void write_process(struct buf *out, const struct metrics_source *source)
{
	write_head(out, "wherry_info", "gauge", "Always 1; the label says the version");
	buf_printf(out, "wherry_info{version=\"%s\"} 1\n", WHERRY_VERSION);
	write_single(out, "wherry_uptime_seconds", "gauge", "Since the process started",
		(now_ms() - source->started_ms) / 1000);
	write_single(out, "wherry_log_dropped_total", "counter",
		"Log lines dropped because the log could not keep up",
		log_dropped_count());
	uint64_t resident = resident_bytes();
	if (resident != 0) // /proc may be hidden
		write_single(out, "process_resident_memory_bytes", "gauge",
			"Resident memory", resident);
}

void metrics_write(struct buf *out, const struct metrics_source *source)
{
	write_counters(out, source);
	write_closes(out, source);
	if (source->set)
		write_servers(out, source->set);
	if (source->hub)
		write_hub(out, source->hub);
	write_process(out, source);
}
