// SPDX-License-Identifier: MIT
// What the configuration says about live connections that are to go: how fast they are
// closed, and when some move to a server that came. Parts of struct conf and struct
// conf_upstream.
#pragma once

#include <stdint.h>

struct conf_drain_pace {
	uint64_t window_ms;  // closes are spread over this
	uint64_t timeout_ms; // then the rest is cut; counted from the start
};

struct conf_drain {
	struct conf_drain_pace common; // of the next three that have none of their own
	struct conf_drain_pace reload; // what a reload took the route or server of
	struct conf_drain_pace shutdown;
	struct conf_drain_pace server; // by wherry drain, also a listener's
};

enum conf_rebalance_after {
	CONF_REBALANCE_OFF,
	CONF_REBALANCE_JOIN
};

struct conf_rebalance {
	enum conf_rebalance_after after; // what it begins with, besides the command
	uint64_t rate;                   // WebSockets a second, of the process
	uint64_t cooldown_ms;            // in which no client is moved twice
	uint64_t settle_ms;              // that a server must have been there
	unsigned tolerance;              // percent above its share that stay
};
