// SPDX-License-Identifier: MIT
// What routes that push need besides their own keys.
#include "conf_load_priv.h"

#include <string.h>

static const char *const transports[] = {"websocket", "sse", "long_poll"};

void conf_load_push_finish(struct conf_route *route)
{
	const struct conf_names *names = &route->subscribe.transport_names;
	for (size_t i = 0; i < names->count; i++) {
		for (size_t j = 0; j < sizeof(transports) / sizeof(transports[0]); j++) {
			if (names->names[i] &&
				strcmp(names->names[i], transports[j]) == 0)
				route->subscribe.transports |= 1U << j;
		}
	}
	if (route->action == CONF_LIVE)
		route->subscribe.origins = route->live.origins;
	if (names->count == 0)
		route->subscribe.transports = CONF_TRANSPORT_WEBSOCKET |
					      CONF_TRANSPORT_SSE |
					      CONF_TRANSPORT_LONG_POLL;
}
