// SPDX-License-Identifier: MIT
// Ejecting a server; see the header. Orders of memory do not matter: each number stands
// for itself, and one that is read late is as good as a request that came earlier.
#include "wherry/upstream/ejection.h"

#include "wherry/conf/conf.h"

static uint64_t read_u64(const _Atomic uint64_t *number)
{
	return atomic_load_explicit(number, memory_order_relaxed);
}

// Writes are felt by all threads that read the line: none without need.
static void clear(_Atomic uint32_t *count)
{
	if (atomic_load_explicit(count, memory_order_relaxed) != 0)
		atomic_store_explicit(count, 0, memory_order_relaxed);
}

bool ejection_is_on(const struct ejection *ejection, uint64_t now)
{
	return read_u64(&ejection->until_ms) > now;
}

bool ejection_is_failure(const struct conf_ejection *conf, unsigned status,
	bool is_handshake, uint64_t took_ms)
{
	return (conf->counts_5xx && status >= 500) ||
	       (conf->counts_refusals && is_handshake && status != 101) ||
	       took_ms > conf->latency_ms; // never more than CONF_OFF
}

bool ejection_note_failure(struct ejection *ejection, const struct conf_ejection *conf,
	enum ejection_kind kind, uint64_t now)
{
	bool is_connect = kind == EJECTION_CONNECT;
	_Atomic uint32_t *count =
		is_connect ? &ejection->connect_errors : &ejection->errors;
	uint64_t enough = is_connect ? conf->connect_errors : conf->errors;

	if (enough == CONF_OFF || ejection_is_on(ejection, now))
		return false;
	return atomic_fetch_add_explicit(count, 1, memory_order_relaxed) + 1 >= enough;
}

static uint64_t duration_ms(const struct conf_ejection *conf, uint32_t former)
{
	uint64_t duration = conf->time_ms;

	for (; former > 0 && duration < conf->max_time_ms; former--)
		duration *= 2;
	return duration < conf->max_time_ms ? duration : conf->max_time_ms;
}

// The times before this one, if the last of them ended a moment ago.
static uint32_t count_former(
	const struct ejection *ejection, const struct conf_ejection *conf, uint64_t now)
{
	uint32_t count = atomic_load_explicit(&ejection->count, memory_order_relaxed);
	uint64_t since = read_u64(&ejection->since_ms);

	if (count == 0)
		return 0;
	return now > since + duration_ms(conf, count - 1) + conf->max_time_ms ? 0 : count;
}

uint64_t ejection_start(
	struct ejection *ejection, const struct conf_ejection *conf, uint64_t now)
{
	uint64_t until = read_u64(&ejection->until_ms);
	uint32_t former = count_former(ejection, conf, now);
	uint64_t duration = duration_ms(conf, former);

	if (until > now ||
		!atomic_compare_exchange_strong_explicit(&ejection->until_ms, &until,
			now + duration, memory_order_relaxed, memory_order_relaxed))
		return 0;
	atomic_store_explicit(&ejection->since_ms, now, memory_order_relaxed);
	atomic_store_explicit(&ejection->count, former + 1, memory_order_relaxed);
	clear(&ejection->connect_errors);
	clear(&ejection->errors);
	return duration;
}

void ejection_note_connected(struct ejection *ejection)
{
	clear(&ejection->connect_errors);
}

bool ejection_note_answer(struct ejection *ejection, uint64_t sent_ms, uint64_t now)
{
	clear(&ejection->errors);
	if (read_u64(&ejection->until_ms) == 0 || sent_ms < read_u64(&ejection->since_ms))
		return false;
	return atomic_exchange_explicit(&ejection->until_ms, 0, memory_order_relaxed) >
	       now;
}

void ejection_forgive(struct ejection *ejection)
{
	clear(&ejection->connect_errors);
	clear(&ejection->errors);
	clear(&ejection->count);
	atomic_store_explicit(&ejection->until_ms, 0, memory_order_relaxed);
}
