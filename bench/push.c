// SPDX-License-Identifier: MIT
// bench_push: the load generator for live polls and fan-out. One thread on raw epoll; see
// push_options.c for its use. Pollers ask at a steady pace, each at its own moment of the
// interval; the publisher sends the next messages when their time has come and all
// subscribers have the last one.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "push_client.h"

enum {
	EVENTS = 256,
	OPENING_MAX = 256, // connections begun and not yet through: less than any backlog
	PATIENCE_SECONDS = 30, // for the set-up, and for what is under way after the run
	TURN_MS = 250,
};

#define NS_PER_SECOND 1000000000ULL

struct push {
	struct push_options options;
	struct push_client *clients;  // pollers or subscribers
	struct push_client publisher; // PUSH_FANOUT
	uint32_t opening;             // clients that are not ready
	uint64_t skipped;             // polls whose time came before the last answer
	bool is_gate_open;            // stdin had a line or its end
	struct push_shared shared;
};

static bool explain(const struct push *push, const struct push_client *client)
{
	long id = client == &push->publisher ? -1 : client - push->clients;
	(void)fprintf(stderr, "bench_push: connection %ld, number %llu: %s\n", id,
		(unsigned long long)client->number, client->error);
	return false;
}

static bool is_opening(const struct push_client *client)
{
	return client->state == PUSH_CONNECTING || client->state == PUSH_UPGRADING;
}

static bool handle_client(struct push *push, struct push_client *client, uint32_t events)
{
	uint32_t others = push->opening - is_opening(client);
	if (!push_client_handle(client, events))
		return explain(push, client);
	push->opening = others + is_opening(client);
	return true;
}

static void open_gate(struct push *push)
{
	char line[64];
	push->is_gate_open = true;
	(void)epoll_ctl(push->shared.epoll_fd, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
	if (read(STDIN_FILENO, line, sizeof(line)) <
		0) // a line or the end: the same to us
		perror("bench_push: stdin");
}

static bool turn(struct push *push, int timeout_ms)
{
	struct epoll_event events[EVENTS];
	int count = epoll_wait(push->shared.epoll_fd, events, EVENTS, timeout_ms);
	if (count < 0 && errno != EINTR)
		return false;
	for (int i = 0; i < count; i++) {
		if (events[i].data.ptr == NULL)
			open_gate(push);
		else if (!handle_client(push, events[i].data.ptr, events[i].events))
			return false;
	}
	return true;
}

static bool open_client(
	struct push *push, struct push_client *client, enum push_role role)
{
	push->opening++;
	return push_client_open(client, &push->shared, role) || explain(push, client);
}

static bool is_over(uint64_t deadline, const char *what)
{
	if (push_client_now_ns() < deadline)
		return false;
	(void)fprintf(stderr, "bench_push: %s\n", what);
	return true;
}

static bool open_all(struct push *push)
{
	bool is_fanout = push->options.kind == PUSH_FANOUT;
	uint64_t deadline = push_client_now_ns() + PATIENCE_SECONDS * NS_PER_SECOND;
	uint32_t id = 0;
	if (is_fanout && !open_client(push, &push->publisher, PUSH_PUBLISHER))
		return false;
	while (id < push->options.connections || push->opening > 0) {
		while (id < push->options.connections && push->opening < OPENING_MAX) {
			if (!open_client(push, &push->clients[id++],
				    is_fanout ? PUSH_SUBSCRIBER : PUSH_POLLER))
				return false;
		}
		if (!turn(push, TURN_MS) || is_over(deadline, "not all connect"))
			return false;
	}
	return true;
}

static bool is_settled(const struct push *push)
{
	if (push->options.kind == PUSH_FANOUT)
		return push->shared.behind == 0 && push->publisher.state == PUSH_IDLE;
	for (uint32_t id = 0; id < push->options.connections; id++) {
		if (push->clients[id].state != PUSH_IDLE)
			return false;
	}
	return true;
}

static bool settle(struct push *push)
{
	uint64_t deadline = push_client_now_ns() + PATIENCE_SECONDS * NS_PER_SECOND;
	while (!is_settled(push)) {
		if (!turn(push, TURN_MS) || is_over(deadline, "some wait in vain"))
			return false;
	}
	return true;
}

// A 101 does not say that the subscription stands already: messages go out until one
// reached all.
static bool warm_fanout(struct push *push)
{
	uint64_t deadline = push_client_now_ns() + PATIENCE_SECONDS * NS_PER_SECOND;
	do {
		if (push->publisher.state == PUSH_IDLE &&
			!push_client_ask(&push->publisher))
			return explain(push, &push->publisher);
		uint64_t again = push_client_now_ns() + NS_PER_SECOND;
		while (!is_settled(push) && push_client_now_ns() < again) {
			if (!turn(push, TURN_MS))
				return false;
		}
		if (is_over(deadline, "no message reaches all"))
			return false;
	} while (!is_settled(push));
	return true;
}

static bool warm(struct push *push)
{
	if (push->options.kind == PUSH_FANOUT)
		return warm_fanout(push);
	for (uint32_t id = 0; id < push->options.connections; id++) {
		if (!push_client_ask(&push->clients[id]))
			return explain(push, &push->clients[id]);
		if (id % EVENTS == 0 && !turn(push, 0))
			return false;
	}
	return settle(push);
}

// Waits for stdin while the connections stay served.
static bool wait_at_gate(struct push *push)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
	push->is_gate_open = epoll_ctl(push->shared.epoll_fd, EPOLL_CTL_ADD, STDIN_FILENO,
				     &event) != 0;
	while (!push->is_gate_open) { // a file or /dev/null, which epoll refuses, is no
				      // gate
		if (!turn(push, -1))
			return false;
	}
	return true;
}

// Step number `step` of the run is due. False after an error; a poll is skipped while the
// last one is unanswered, a message waits.
static bool step(struct push *push, uint64_t *step)
{
	const struct push_options *options = &push->options;
	bool is_fanout = options->kind == PUSH_FANOUT;
	bool is_first = *step % options->burst == 0;
	struct push_client *client =
		is_fanout ? &push->publisher
			  : &push->clients[*step % options->connections];
	if (is_fanout && (client->state != PUSH_IDLE || (is_first && !is_settled(push))))
		return true;
	++*step;
	if (client->state != PUSH_IDLE) {
		push->skipped++;
		return true;
	}
	return push_client_ask(client) || explain(push, client);
}

static bool run_timed(struct push *push)
{
	const struct push_options *options = &push->options;
	double pace =
		options->rate * (options->kind == PUSH_FANOUT ? 1 : options->connections);
	double interval_ns = (double)NS_PER_SECOND / pace; // of bursts, in a fan-out
	uint64_t begun = push_client_now_ns();
	uint64_t deadline = begun + (uint64_t)(options->seconds * (double)NS_PER_SECOND);
	uint64_t done = 0;
	for (uint64_t now = begun; now < deadline; now = push_client_now_ns()) {
		uint64_t due =
			begun + (uint64_t)((double)(done / options->burst) * interval_ns);
		uint64_t before = done;
		if (now >= due && !step(push, &done))
			return false;
		if (done > before)
			continue; // perhaps the next one is due as well
		int wait_ms = now >= due ? TURN_MS : (int)((due - now) / 1000000) + 1;
		if (!turn(push, wait_ms))
			return false;
	}
	return settle(push);
}

static void report(const struct push *push, uint64_t begun_ns)
{
	const struct push_shared *shared = &push->shared;
	bool is_fanout = push->options.kind == PUSH_FANOUT;
	uint64_t messages = is_fanout ? shared->received : shared->answered;
	double seconds =
		(double)(push_client_now_ns() - begun_ns) / (double)NS_PER_SECOND;
	(void)printf("{\"case\":\"%s\",\"messages\":%llu,\"skipped\":%llu,"
		     "\"older\":%llu,\"seconds\":%.6f,\"per_second\":%.1f,"
		     "\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f}\n",
		push->options.case_name, (unsigned long long)messages,
		(unsigned long long)push->skipped, (unsigned long long)shared->older,
		seconds, (double)messages / seconds,
		(double)histogram_quantile(&shared->latency, 0.5) / 1e3,
		(double)histogram_quantile(&shared->latency, 0.99) / 1e3,
		(double)histogram_quantile(&shared->latency, 0.999) / 1e3);
	(void)fflush(stdout);
}

static bool run(struct push *push)
{
	if (!open_all(push) || !warm(push))
		return false;
	(void)printf("{\"ready\":true}\n");
	(void)fflush(stdout);
	if (!wait_at_gate(push))
		return false;
	histogram_reset(&push->shared.latency);
	push->shared.received = 0;
	push->shared.answered = 0;
	uint64_t begun = push_client_now_ns();
	if (!run_timed(push))
		return false;
	report(push, begun);
	return wait_at_gate(push);
}

int main(int argument_count, char **arguments)
{
	static struct push push;
	if (!push_options_parse(argument_count, arguments, &push.options))
		return 2;
	push.shared.options = &push.options;
	push.shared.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	push.clients = calloc(push.options.connections, sizeof(*push.clients));
	if (push.shared.epoll_fd < 0 || push.clients == NULL) {
		(void)fputs("bench_push: out of memory or descriptors\n", stderr);
		return 1;
	}
	bool is_good = run(&push);
	for (uint32_t id = 0; id < push.options.connections; id++)
		push_client_finish(&push.clients[id]);
	push_client_finish(&push.publisher);
	free(push.clients);
	return is_good ? 0 : 1;
}
