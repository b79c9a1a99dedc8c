// SPDX-License-Identifier: MIT
// A circuit breaker; see the header. A time stands for its three states: closed (0), open
// (ahead), and half open (gone by): who moves that time on is the one that tries.
#include "wherry/upstream/circuit.h"

#include "wherry/conf/conf.h"

static uint64_t read_u64(const _Atomic uint64_t *number)
{
	return atomic_load_explicit(number, memory_order_relaxed);
}

static bool is_open(
	struct circuit *circuit, const struct conf_circuit *conf, uint64_t now)
{
	uint64_t until = read_u64(&circuit->open_until_ms);

	if (until == 0)
		return false;
	return until > now ||
	       !atomic_compare_exchange_strong_explicit(&circuit->open_until_ms, &until,
		       now + conf->open_ms, memory_order_relaxed, memory_order_relaxed);
}

enum circuit_verdict circuit_enter(struct circuit *circuit,
	const struct conf_circuit *conf, uint64_t active, uint64_t now)
{
	if (active >= conf->max_requests) // never as many as CONF_OFF
		return CIRCUIT_FULL;
	if (conf->max_pending != CONF_OFF &&
		atomic_fetch_add_explicit(&circuit->pending, 1, memory_order_relaxed) >=
			conf->max_pending) {
		circuit_leave(circuit, conf);
		return CIRCUIT_FULL;
	}
	if (!is_open(circuit, conf, now))
		return CIRCUIT_PASS;
	circuit_leave(circuit, conf);
	return CIRCUIT_OPEN;
}

bool circuit_is_open(const struct circuit *circuit)
{
	return read_u64(&circuit->open_until_ms) != 0;
}

void circuit_leave(struct circuit *circuit, const struct conf_circuit *conf)
{
	if (conf->max_pending != CONF_OFF)
		(void)atomic_fetch_sub_explicit(
			&circuit->pending, 1, memory_order_relaxed);
}

bool circuit_note_answer(struct circuit *circuit)
{
	if (read_u64(&circuit->failures) != 0)
		atomic_store_explicit(&circuit->failures, 0, memory_order_relaxed);
	return read_u64(&circuit->open_until_ms) != 0 &&
	       atomic_exchange_explicit(
		       &circuit->open_until_ms, 0, memory_order_relaxed) != 0;
}

bool circuit_note_failure(
	struct circuit *circuit, const struct conf_circuit *conf, uint64_t now)
{
	if (conf->failures == CONF_OFF)
		return false;
	uint64_t failures =
		atomic_fetch_add_explicit(&circuit->failures, 1, memory_order_relaxed) +
		1;
	return failures >= conf->failures &&
	       atomic_exchange_explicit(&circuit->open_until_ms, now + conf->open_ms,
		       memory_order_relaxed) == 0;
}
