// SPDX-License-Identifier: MIT
// Judging results of checks; see the header.
#include "wherry/upstream/health.h"

unsigned health_note(
	struct health *health, const struct conf_health_check *conf, bool has_passed)
{
	enum health_state told = has_passed ? HEALTH_UP : HEALTH_DOWN;
	unsigned needed = health->state == HEALTH_UNKNOWN ? 1
			  : has_passed                    ? conf->rise
							  : conf->fall;
	health->streak = health->state == told ? 0 : health->streak + 1;
	if (health->streak < needed)
		return 0;
	*health = (struct health){.state = told};
	return needed;
}

// Half of what the interval varies by to either side.
static uint64_t spread_ms(const struct conf_health_check *conf)
{
	return conf->interval_ms * conf->jitter / 100;
}

uint64_t health_interval_ms(const struct conf_health_check *conf, uint64_t random)
{
	uint64_t spread = spread_ms(conf);

	return conf->interval_ms - spread + random % (2 * spread + 1);
}

uint64_t health_first_ms(const struct conf_health_check *conf, uint64_t random)
{
	return random % (spread_ms(conf) + 1);
}

const char *health_state_name(enum health_state state)
{
	switch (state) {
	case HEALTH_UNKNOWN:
		return "unknown";
	case HEALTH_UP:
		return "up";
	case HEALTH_DOWN:
		break;
	}
	return "down";
}
