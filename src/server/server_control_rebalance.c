// SPDX-License-Identifier: MIT
// `wherry rebalance`: of a group, now.
#include "server_control_priv.h"
#include "wherry/conf/conf_value.h"

enum {
	RATE_MAX = 100000 // a second
};

// "50" or "50/s".
static bool read_rate(const char *text, uint64_t *ret_rate)
{
	struct rate_limit limit;
	if (conf_value_parse_number(str_from(text), ret_rate))
		return *ret_rate >= 1 && *ret_rate <= RATE_MAX;
	if (!conf_value_parse_rate(str_from(text), &limit) || limit.period_ms == 0)
		return false;
	*ret_rate = limit.count * 1000 / limit.period_ms;
	return limit.count <= RATE_MAX && *ret_rate >= 1;
}

void server_control_rebalance(void *arg, struct control_call *call)
{
	const char *rate = NULL;
	int is_dry = 0;
	struct server_rebalance_options options = {.call = call};
	if (!control_call_unpack(call, "{ss, s?s, s?b}", "group", &options.group, "rate",
		    &rate, "dry_run", &is_dry))
		return;
	options.is_dry = is_dry != 0;
	if (!server_control_find_group(arg, call, options.group))
		return;
	if (rate && !read_rate(rate, &options.rate))
		control_call_refuse(
			call, "rate: \"%s\" (expected 1/s to 100000/s, or 50)", rate);
	else
		server_rebalance_run(arg, &options);
}
