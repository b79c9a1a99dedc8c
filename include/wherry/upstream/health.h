// SPDX-License-Identifier: MIT
// What checks say about one server: a pure judge of results, and of when the next check
// is due. Asking is health_probe's business.
#pragma once

#include "wherry/base/attributes.h"
#include "wherry/conf/conf_health.h"

// A server takes traffic unless a check says no.
enum health_state {
	HEALTH_UNKNOWN, // not checked yet, or nobody checks it
	HEALTH_UP,
	HEALTH_DOWN
};

struct health {
	enum health_state state;
	unsigned streak; // results in a row that speak against the state
};

// Takes the next result. The first one is believed at once; later it takes conf->fall
// failures in a row to be down, conf->rise successes to be up again. Gives how many
// results have changed the state; 0: it stands.
MUST_CHECK unsigned health_note(
	struct health *health, const struct conf_health_check *conf, bool has_passed);

// Milliseconds from the start of one check to the start of the next: the interval, varied
// by conf->jitter as random (any number) says.
uint64_t health_interval_ms(const struct conf_health_check *conf, uint64_t random);
// How long the first check of a server waits, so that not all start at once.
uint64_t health_first_ms(const struct conf_health_check *conf, uint64_t random);

const char *health_state_name(enum health_state state); // "unknown", "up", "down"
