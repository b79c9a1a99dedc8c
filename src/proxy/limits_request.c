// SPDX-License-Identifier: MIT
// What a request must keep to: the rates of all requests and of its route, and how many
// its route may have at once.
#include <string.h>

#include "limits_priv.h"
#include "wherry/base/now.h"

struct limits_route *limits_create_routes(const struct conf *conf)
{
	return calloc(conf->route_count + 1, sizeof(struct limits_route));
}

static bool looks_at_source(const struct rules *rules, const struct request *request)
{
	const struct conf_limits *conf = &rules->conf->limits;
	return conf->request_rate.per_source.count != 0 ||
	       (request->is_websocket && conf->websocket_rate.per_source.count != 0) ||
	       (request->route &&
		       request->route->limits.request_rate.per_source.count != 0);
}

static size_t find_route(const struct rules *rules, const struct request *request)
{
	return (size_t)(request->route - rules->conf->routes);
}

// The route's own bucket of the source.
static bool take_route_source(struct limits *limits, const struct rules *rules,
	const struct request *request, const struct addr *client,
	struct reply *ret_refusal)
{
	const struct rate_limit *limit = &request->route->limits.request_rate.per_source;
	if (limit->count == 0)
		return true;
	uint64_t wait_ms = limits_rate_wait_source(
		limits, client, LIMITS_RATE_COUNT + find_route(rules, request), limit);
	return wait_ms == 0 ||
	       limits_rate_refuse(429,
		       "too many requests from this address for this route "
		       "(routes[].limits.requests_per_source)",
		       wait_ms, ret_refusal);
}

static bool take_source(struct limits *limits, const struct rules *rules,
	const struct request *request, struct reply *ret_refusal)
{
	const struct conf *conf = rules->conf;
	struct addr client;
	if (!looks_at_source(rules, request))
		return true;
	request_client_address(request, &client);
	return !limits_counts_source(conf, &client) ||
	       (limits_rate_take_source(
			limits, conf, LIMITS_RATE_REQUESTS, &client, ret_refusal) &&
		       (!request->is_websocket ||
			       limits_rate_take_source(limits, conf,
				       LIMITS_RATE_WEBSOCKETS, &client, ret_refusal)) &&
		       (!request->route || take_route_source(limits, rules, request,
						   &client, ret_refusal)));
}

static bool take_route(const struct rules *rules, const struct request *request,
	struct reply *ret_refusal)
{
	const struct rate_limit *limit = &request->route->limits.request_rate.total;
	struct limits_route *route = &rules->routes[find_route(rules, request)];
	if (limit->count == 0)
		return true;
	uint64_t wait_ms = rate_take_shared(&route->rate, limit, now_ms(), 1);
	return wait_ms == 0 || limits_rate_refuse(503,
				       "too many requests for this route "
				       "(routes[].limits.requests)",
				       wait_ms, ret_refusal);
}

static bool count_in_route(
	const struct rules *rules, struct request *request, struct reply *ret_refusal)
{
	uint64_t most = request->route->limits.concurrent;
	struct limits_route *route = &rules->routes[find_route(rules, request)];
	if (most == CONF_OFF)
		return true;
	request->is_counted = true;
	if (atomic_fetch_add(&route->count, 1) < most)
		return true;
	limits_leave_request(rules, request);
	return limits_rate_refuse(503,
		"too many requests at once for this route "
		"(routes[].limits.concurrent)",
		LIMITS_RETRY_MS, ret_refusal);
}

bool limits_enter_request(struct limits *limits, const struct rules *rules,
	struct request *request, struct reply *ret_refusal)
{
	const struct conf *conf = rules->conf;
	return take_source(limits, rules, request, ret_refusal) &&
	       limits_rate_take(limits, conf, LIMITS_RATE_REQUESTS, ret_refusal) &&
	       (!request->is_websocket || limits_rate_take(limits, conf,
						  LIMITS_RATE_WEBSOCKETS, ret_refusal)) &&
	       (!request->route || (take_route(rules, request, ret_refusal) &&
					   count_in_route(rules, request, ret_refusal)));
}

bool limits_enter_publications(const struct rules *rules, const struct request *request,
	size_t count, struct reply *ret_refusal)
{
	const struct rate_limit *limit = &request->route->publish.rate;
	struct limits_route *route = &rules->routes[find_route(rules, request)];
	if (limit->count == 0)
		return true;
	uint64_t wait_ms = rate_take_shared(&route->publications, limit, now_ms(), count);
	return wait_ms == 0 || limits_rate_refuse(429,
				       "too many messages by way of this route "
				       "(routes[].publish.rate)",
				       wait_ms, ret_refusal);
}

void limits_leave_request(const struct rules *rules, struct request *request)
{
	if (!request->is_counted)
		return;
	request->is_counted = false;
	atomic_fetch_sub(&rules->routes[find_route(rules, request)].count, 1);
}

void limits_move_request(const struct rules *from, const struct rules *to,
	struct request *request, const struct conf_route *route)
{
	limits_leave_request(from, request);
	request->route = route;
	request->is_counted = route->limits.concurrent != CONF_OFF;
	if (request->is_counted)
		atomic_fetch_add(&to->routes[find_route(to, request)].count, 1);
}
