// SPDX-License-Identifier: MIT
// From failures to ejections; see the header.
#include "wherry/upstream/upstream_note.h"

#include <stdio.h>

#include "wherry/base/log.h"
#include "wherry/conf/conf_value.h"

void upstream_note_connected(struct upstream_server *server)
{
	ejection_note_connected(&server->ejection);
}

// For how long, unless another thread was faster.
static uint64_t eject(
	struct upstream_server *server, const struct conf_ejection *conf, uint64_t now)
{
	uint64_t duration_ms = ejection_start(&server->ejection, conf, now);

	if (duration_ms > 0)
		upstream_start_slowly(server, now + duration_ms);
	return duration_ms;
}

void upstream_note_connect_error(const struct upstream *upstream,
	struct upstream_server *server, uint64_t now, const char *reason)
{
	const struct conf_ejection *conf = &upstream->conf->ejection;
	char text[CONF_VALUE_TEXT_SIZE];

	if (ejection_is_on(&server->ejection, now))
		return; // said already, a moment ago
	bool is_enough =
		ejection_note_failure(&server->ejection, conf, EJECTION_CONNECT, now);
	uint64_t duration_ms = is_enough ? eject(server, conf, now) : 0;
	if (duration_ms > 0)
		log_warn("upstream %s: connect to %s: %s; it is passed over for %s",
			upstream->conf->name, server->name, reason,
			conf_value_format_duration(duration_ms, text));
	else
		log_warn("upstream %s: connect to %s: %s", upstream->conf->name,
			server->name, reason);
}

// Errors may be the requests' fault: some servers always stay.
static bool may_eject(const struct upstream *upstream, uint64_t now)
{
	uint64_t all = 0, out = 1;

	for (size_t i = 0; i < upstream->member_count; i++) {
		const struct upstream_member *member = &upstream->members[i];

		if (!upstream_takes_traffic(member))
			continue;
		all++;
		out += !upstream_is_healthy(member->server, now);
	}
	return out * 100 <= all * upstream->conf->ejection.max_percent;
}

void upstream_note_error(const struct upstream *upstream, struct upstream_server *server,
	uint64_t now, const char *reason)
{
	const struct conf_ejection *conf = &upstream->conf->ejection;
	char text[CONF_VALUE_TEXT_SIZE];

	if (!ejection_note_failure(&server->ejection, conf, EJECTION_ERROR, now) ||
		!may_eject(upstream, now))
		return;
	uint64_t duration_ms = eject(server, conf, now);
	if (duration_ms > 0)
		log_warn("upstream %s: %s is ejected for %s: %llu failures in a row (%s)",
			upstream->conf->name, server->name,
			conf_value_format_duration(duration_ms, text),
			(unsigned long long)conf->errors, reason);
}

void upstream_note_answer(const struct upstream *upstream, struct upstream_server *server,
	const struct upstream_answer *answer)
{
	const struct conf_ejection *conf = &upstream->conf->ejection;
	uint64_t took_ms = answer->now - answer->sent_ms;

	char reason[64];

	if (!ejection_is_failure(conf, answer->status, answer->is_handshake, took_ms)) {
		if (ejection_note_answer(&server->ejection, answer->sent_ms, answer->now))
			upstream_start_slowly(server, answer->now);
		return;
	}
	(void)snprintf(reason, sizeof(reason), "status %u%s after %llu ms",
		answer->status, answer->is_handshake ? " to a handshake" : "",
		(unsigned long long)took_ms);
	upstream_note_error(upstream, server, answer->now, reason);
}
