// SPDX-License-Identifier: MIT
// What an exchange tells about its server and its group, and what they allow it.
#include "exchange_priv.h"

#include "wherry/base/log.h"
#include "wherry/base/now.h"
#include "wherry/conf/conf_value.h"
#include "wherry/upstream/upstream_note.h"

static struct upstream_group *group_of(const struct exchange *exchange)
{
	return exchange->request.upstream->group;
}

static const struct conf_upstream *conf_of(const struct exchange *exchange)
{
	return exchange->request.upstream->conf;
}

// Only asked for where it is limited.
static uint64_t count_active(const struct upstream *upstream)
{
	uint64_t active = 0;

	if (upstream->conf->circuit.max_requests == CONF_OFF)
		return 0;
	for (size_t i = 0; i < upstream->member_count; i++)
		active += atomic_load_explicit(
			&upstream->members[i].server->active, memory_order_relaxed);
	return active;
}

bool exchange_outcome_begin(struct exchange *exchange)
{
	uint64_t now = now_ms();

	switch (circuit_enter(&group_of(exchange)->circuit, &conf_of(exchange)->circuit,
		count_active(exchange->request.upstream), now)) {
	case CIRCUIT_PASS:
		exchange->is_pending = true;
		retry_budget_note(&group_of(exchange)->retries, now);
		return true;
	case CIRCUIT_OPEN:
		exchange->error_text = "no server of the group answered lately "
				       "(circuit.failures)";
		return false;
	case CIRCUIT_FULL:
		exchange->error_text = "too much is under way in the group "
				       "(circuit.max_requests, circuit.max_pending)";
		break;
	}
	return false;
}

void exchange_outcome_end(struct exchange *exchange)
{
	if (exchange->is_pending)
		circuit_leave(&group_of(exchange)->circuit, &conf_of(exchange)->circuit);
	exchange->is_pending = false;
}

void exchange_outcome_answer(struct exchange *exchange, unsigned status)
{
	uint64_t now = now_ms();
	struct upstream_answer answer = {
		.status = status,
		.is_handshake = exchange->request.is_handshake,
		.sent_ms = exchange->is_request_sent ? exchange->sent_ms : now,
		.now = now,
	};

	exchange_outcome_end(exchange);
	upstream_note_answer(exchange->request.upstream, exchange->server, &answer);
	if (circuit_note_answer(&group_of(exchange)->circuit))
		log_info("upstream %s: its circuit is closed: a server answers again",
			conf_of(exchange)->name);
}

static const char *describe(
	const struct exchange *exchange, enum exchange_failure failure)
{
	if (exchange->error_text)
		return exchange->error_text;
	switch (failure) {
	case EXCHANGE_RESPONSE_TIMEOUT:
		return "no answer in time";
	case EXCHANGE_IDLE_TIMEOUT:
		return "silence inside an answer";
	case EXCHANGE_STALL:
		return "it took no byte of a request";
	case EXCHANGE_LOST:
	case EXCHANGE_BAD:
	case EXCHANGE_REFUSED:
	case EXCHANGE_UNRESOLVED:
	case EXCHANGE_CONNECT_TIMEOUT:
	case EXCHANGE_TLS:
	case EXCHANGE_FULL:
	case EXCHANGE_OVERLOAD:
	case EXCHANGE_MEMORY:
		break;
	}
	return "the connection was lost";
}

void exchange_outcome_error(struct exchange *exchange, enum exchange_failure failure)
{
	upstream_note_error(exchange->request.upstream, exchange->server, now_ms(),
		describe(exchange, failure));
}

// Of ours, or of a name, nothing is learned about the servers.
static bool is_theirs(enum exchange_failure failure)
{
	return failure != EXCHANGE_MEMORY && failure != EXCHANGE_UNRESOLVED &&
	       failure != EXCHANGE_FULL && failure != EXCHANGE_OVERLOAD;
}

void exchange_outcome_failure(struct exchange *exchange, enum exchange_failure failure)
{
	const struct conf_circuit *conf = &conf_of(exchange)->circuit;
	char text[CONF_VALUE_TEXT_SIZE];

	exchange_outcome_end(exchange);
	if (!exchange->has_head && is_theirs(failure) &&
		circuit_note_failure(&group_of(exchange)->circuit, conf, now_ms()))
		log_warn("upstream %s: its circuit is open for %s: %llu requests in a "
			 "row had no answer",
			conf_of(exchange)->name,
			conf_value_format_duration(conf->open_ms, text),
			(unsigned long long)conf->failures);
}

bool exchange_outcome_spend(struct exchange *exchange)
{
	struct counters *counters = loop_counters(exchange->loop);
	struct retry_budget *budget = &group_of(exchange)->retries;
	uint64_t now = now_ms();

	exchange->is_repeated = false;
	if (retry_budget_take(budget, &conf_of(exchange)->retry, now)) {
		counters_add(&counters->backend_retries, 1);
		return true;
	}
	counters_add(&counters->backend_retries_refused, 1);
	if (retry_budget_tell(budget, now))
		log_warn("upstream %s: too many requests fail: no more of them are sent "
			 "again for now (retry.percent, retry.min)",
			conf_of(exchange)->name);
	return false;
}
