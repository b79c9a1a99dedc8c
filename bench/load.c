// SPDX-License-Identifier: MIT
// bench_load: the benchmark's load generator. One thread on raw epoll; see load_options.c
// for its use. It opens all connections with one message each, runs its case, prints the
// report.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "client.h"
#include "load_options.h"

enum {
	EVENTS = 256,
	OPENING_MAX = 256, // connections begun and not yet through: less than any backlog
	PATIENCE_SECONDS = 60, // for the set-up, and for what is under way after the run
};

#define NS_PER_SECOND 1000000000ULL

struct load {
	struct load_options options;
	struct client *clients;
	uint64_t *sent_ns; // in_flight for each client
	uint32_t busy;     // clients that are not settled
	bool is_reopening; // a handshake that ends is followed by the next one
	bool is_gate_open; // stdin had a line or its end
	uint64_t handshakes;
	uint64_t handshakes_left;
	struct histogram handshake_latency;
	struct client_shared shared;
	struct client_tls_shared tls;
};

static bool is_settled(const struct load *load, const struct client *client)
{
	if (load->options.kind == LOAD_HANDSHAKE)
		return client->fd < 0;
	return client->answered == client->quota;
}

static bool explain(const struct client *client)
{
	(void)fprintf(stderr, "bench_load: connection %u, message %llu: %s\n", client->id,
		(unsigned long long)client->answered, client->error);
	return false;
}

static bool open_client(struct load *load, uint32_t id)
{
	struct client *client = &load->clients[id];
	uint64_t *sent_ns = &load->sent_ns[(size_t)id * load->options.in_flight];
	if (client_open(client, &load->shared, id, sent_ns, 1) != CLIENT_OK)
		return explain(client);
	load->busy++;
	return true;
}

static bool on_handshake_end(struct load *load, struct client *client)
{
	histogram_add(&load->handshake_latency, client_now_ns() - client->opened_ns);
	load->handshakes++;
	if (!load->is_reopening || load->handshakes_left == 0)
		return true;
	load->handshakes_left--;
	return open_client(load, client->id);
}

static bool handle_client(struct load *load, struct client *client, uint32_t events)
{
	bool was_settled = is_settled(load, client);
	enum client_result result = client_handle(client, events);
	if (result == CLIENT_OK && load->options.kind == LOAD_HANDSHAKE &&
		client->state == CLIENT_OPEN && client->answered == client->quota)
		result = client_close(client);
	if (result == CLIENT_FAILED)
		return explain(client);
	if (!was_settled && is_settled(load, client))
		load->busy--;
	return result == CLIENT_OK || on_handshake_end(load, client);
}

static void open_gate(struct load *load)
{
	char line[64];
	load->is_gate_open = true;
	(void)epoll_ctl(load->shared.epoll_fd, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
	if (read(STDIN_FILENO, line, sizeof(line)) <
		0) // a line or the end: the same to us
		perror("bench_load: stdin");
}

static bool turn(struct load *load, int timeout_ms)
{
	struct epoll_event events[EVENTS];
	int count = epoll_wait(load->shared.epoll_fd, events, EVENTS, timeout_ms);
	if (count < 0 && errno != EINTR)
		return false;
	for (int i = 0; i < count; i++) {
		if (events[i].data.ptr == NULL)
			open_gate(load);
		else if (!handle_client(load, events[i].data.ptr, events[i].events))
			return false;
	}
	return true;
}

static bool settle(struct load *load)
{
	uint64_t deadline = client_now_ns() + PATIENCE_SECONDS * NS_PER_SECOND;
	while (load->busy > 0) {
		if (!turn(load, 1000))
			return false;
		if (client_now_ns() < deadline)
			continue;
		(void)fprintf(
			stderr, "bench_load: %u connections wait in vain\n", load->busy);
		return false;
	}
	return true;
}

static bool open_all(struct load *load)
{
	uint64_t deadline = client_now_ns() + PATIENCE_SECONDS * NS_PER_SECOND;
	for (uint32_t id = 0; id < load->options.connections;) {
		if (load->busy < OPENING_MAX) {
			if (!open_client(load, id++))
				return false;
		} else if (!turn(load, 1000) || client_now_ns() > deadline) {
			return false;
		}
	}
	return settle(load);
}

// Waits for stdin while the connections stay served (a proxy may ping them).
static bool wait_at_gate(struct load *load)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
	int epoll_fd = load->shared.epoll_fd;
	load->is_gate_open =
		epoll_ctl(epoll_fd, EPOLL_CTL_ADD, STDIN_FILENO, &event) != 0;
	while (!load->is_gate_open) { // a file or /dev/null, which epoll refuses, is no
				      // gate
		if (!turn(load, -1))
			return false;
	}
	return true;
}

static bool start_clients(struct load *load)
{
	const struct load_options *options = &load->options;
	bool is_timed = options->messages == 0;
	uint64_t all = is_timed ? UINT64_MAX / 2 : options->messages;
	load->is_reopening = true;
	load->handshakes_left = all;
	for (uint32_t id = 0; id < options->connections; id++) {
		struct client *client = &load->clients[id];
		uint64_t share =
			all / options->connections + (id < all % options->connections);
		if (share == 0)
			continue;
		if (options->kind == LOAD_HANDSHAKE) {
			load->handshakes_left--;
			if (!open_client(load, id))
				return false;
			continue;
		}
		client->quota += share;
		load->busy++;
		if (client_send(client) != CLIENT_OK)
			return explain(client);
	}
	return true;
}

// No new message is begun; one that is partly sent is completed.
static void stop_clients(struct load *load)
{
	load->is_reopening = false;
	if (load->options.kind == LOAD_HANDSHAKE)
		return;
	for (uint32_t id = 0; id < load->options.connections; id++) {
		struct client *client = &load->clients[id];
		bool was_settled = is_settled(load, client);
		client->quota = client->sent + (client->sent_bytes > 0);
		if (!was_settled && is_settled(load, client))
			load->busy--;
	}
}

static bool run_timed(struct load *load)
{
	uint64_t now = client_now_ns();
	uint64_t deadline =
		now + (uint64_t)(load->options.seconds * (double)NS_PER_SECOND);
	for (; now < deadline; now = client_now_ns()) {
		if (!turn(load, (int)((deadline - now) / 1000000) + 1))
			return false;
	}
	stop_clients(load);
	return settle(load);
}

static void report(const struct load *load, uint64_t begun_ns)
{
	bool is_handshake = load->options.kind == LOAD_HANDSHAKE;
	uint64_t messages = is_handshake ? load->handshakes : load->shared.answered;
	const struct histogram *latency =
		is_handshake ? &load->handshake_latency : &load->shared.latency;
	double seconds = (double)(client_now_ns() - begun_ns) / (double)NS_PER_SECOND;
	(void)printf(
		"{\"case\":\"%s\",\"messages\":%llu,\"seconds\":%.6f,"
		"\"per_second\":%.1f,\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f}\n",
		load->options.case_name, (unsigned long long)messages, seconds,
		(double)messages / seconds,
		(double)histogram_quantile(latency, 0.5) / 1e3,
		(double)histogram_quantile(latency, 0.99) / 1e3,
		(double)histogram_quantile(latency, 0.999) / 1e3);
	(void)fflush(stdout);
}

static bool run(struct load *load)
{
	if (!open_all(load))
		return false;
	if (load->options.has_gate || load->options.kind == LOAD_IDLE) {
		(void)printf("{\"ready\":true}\n");
		(void)fflush(stdout);
		if (!wait_at_gate(load))
			return false;
	}
	if (load->options.kind == LOAD_IDLE)
		return true;
	histogram_reset(&load->shared.latency);
	histogram_reset(&load->handshake_latency);
	load->shared.answered = 0;
	load->handshakes = 0;
	uint64_t begun = client_now_ns();
	if (!start_clients(load))
		return false;
	if (load->options.messages == 0 ? !run_timed(load) : !settle(load))
		return false;
	report(load, begun);
	return !load->options.has_gate || wait_at_gate(load);
}

static bool load_init(struct load *load)
{
	const struct load_options *options = &load->options;
	load->shared.address = options->address;
	load->shared.in_flight = options->in_flight;
	load->shared.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (options->tls != LOAD_PLAIN) {
		load->shared.tls = &load->tls;
		if (!client_tls_init(&load->tls, options->tls == LOAD_TLS_RESUME))
			return false;
	}
	load->clients = calloc(options->connections, sizeof(*load->clients));
	load->sent_ns = calloc((size_t)options->connections * options->in_flight,
		sizeof(*load->sent_ns));
	return load->shared.epoll_fd >= 0 && load->clients != NULL &&
	       load->sent_ns != NULL &&
	       plan_init(&load->shared.plan, options->kind == LOAD_HTTP_GET,
		       options->message_bytes, options->headers);
}

static void load_finish(struct load *load)
{
	for (uint32_t id = 0; load->clients != NULL && id < load->options.connections;
		id++)
		client_finish(&load->clients[id]);
	client_tls_finish(&load->tls);
	plan_finish(&load->shared.plan);
	free(load->clients);
	free(load->sent_ns);
}

int main(int argument_count, char **arguments)
{
	static struct load load;
	if (!load_options_parse(argument_count, arguments, &load.options))
		return 2;
	if (!load_init(&load)) {
		(void)fputs("bench_load: out of memory or descriptors, or bad headers\n",
			stderr);
		return 1;
	}
	bool is_good = run(&load);
	load_finish(&load);
	return is_good ? 0 : 1;
}
