// SPDX-License-Identifier: MIT
// The memory budget: looks every now and then how much is used, lets no new connections
// in when it is all gone, and has the workers give up old ones before the kernel's OOM
// killer would choose for itself.
#include <malloc.h>

#include "server_priv.h"
#include "wherry/base/log.h"
#include "wherry/base/now.h"

enum {
	LOOK_MS = 250,
	LOOK_CLOSELY_MS = 50, // a flood may take a tenth of a small budget meanwhile
	TRIM_MS = 300,
	WARN_MS = 1000,
};

static uint64_t to_mib(uint64_t bytes)
{
	return bytes >> 20;
}

static uint64_t count_shed(const struct server *server)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < server->worker_count; i++) {
		const struct counters *counters = worker_counters(server->workers[i]);
		sum += atomic_load_explicit(&counters->shed, memory_order_relaxed);
	}
	return sum;
}

static void tell(struct server *server, enum limits_memory level, uint64_t used)
{
	struct server_memory *memory = &server->memory;
	uint64_t now = now_ms(), shed = count_shed(server);
	bool is_news = level != memory->told_level || shed != memory->told_shed;
	if (!is_news || now - memory->told_ms < WARN_MS)
		return;
	const char *state = level == LIMITS_MEMORY_ENOUGH ? "taken again" : "refused";
	log_warn("memory: %llu MiB in use of a budget of %llu MiB: new connections are "
		 "%s, %llu were given up (limits.memory)",
		(unsigned long long)to_mib(used),
		(unsigned long long)to_mib(memory->budget), state,
		(unsigned long long)(shed - memory->told_shed));
	memory->told_level = level;
	memory->told_shed = shed;
	memory->told_ms = now;
}

// What was freed is the kernel's again only if it is told so.
static void trim(struct server_memory *memory, uint64_t now)
{
	(void)malloc_trim(0); // says only whether there was something
	memory->trimmed_ms = now;
}

static void shed(struct server *server)
{
	for (size_t i = 0; i < server->worker_count; i++)
		worker_shed(server->workers[i]);
}

static void look(void *arg)
{
	struct server *server = arg;
	struct server_memory *memory = &server->memory;
	uint64_t now = now_ms(), used = memory_use_read(&memory->use);
	enum limits_memory level =
		limits_judge_memory(used, memory->budget, memory->level);
	bool is_trim_due =
		level != LIMITS_MEMORY_ENOUGH && now - memory->trimmed_ms >= TRIM_MS;
	if (is_trim_due) {
		trim(memory, now);
		used = memory_use_read(&memory->use);
		level = limits_judge_memory(used, memory->budget, level);
	}
	memory->level = level;
	limits_set_memory(server->limits, level);
	if (level == LIMITS_MEMORY_SHORT && is_trim_due && server->has_started)
		shed(server);
	tell(server, level, used);
	bool is_close = used > memory->budget / 2;
	loop_timer_set(&memory->timer, now + (is_close ? LOOK_CLOSELY_MS : LOOK_MS));
}

void server_memory_start(struct server *server)
{
	struct server_memory *memory = &server->memory;
	uint64_t wanted = server->conf->limits.memory;
	if (wanted == CONF_OFF)
		return;
	if (wanted == 0)
		memory_use_open(&memory->use, "");
	else
		memory_use_open_process(&memory->use, "");
	memory->budget = wanted != 0 ? wanted : memory->use.limit / 5 * 4;
	loop_timer_init(&memory->timer, server->loop, look, server);
	look(server);
}

void server_memory_stop(struct server *server)
{
	loop_timer_finish(&server->memory.timer);
	memory_use_close(&server->memory.use);
}
