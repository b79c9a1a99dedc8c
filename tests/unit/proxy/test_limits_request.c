// SPDX-License-Identifier: MIT
// Limits of requests: of everybody, of a client, of a route, and at once.
#include "wherry/proxy/limits.h"

#include <stdlib.h>

#include <criterion/criterion.h>

#include "fake_clock.h"

static struct conf_route routes[2];
static struct addr_network exempt[1];
static struct conf conf;
static struct rules rules = {.conf = &conf};

static void init(void)
{
	fake_clock_stop();
	cr_assert(addr_network_parse(STR("10.0.0.0/8"), &exempt[0]));
	routes[0] = routes[1] = (struct conf_route){.limits = {.concurrent = CONF_OFF}};
	conf = (struct conf){
		.routes = routes,
		.route_count = 2,
		.limits = {.connections = 10, .exempt = exempt, .exempt_count = 1},
	};
	rules.routes = limits_create_routes(&conf);
	cr_assert_not_null(rules.routes);
}

static void finish(void)
{
	free(rules.routes);
	fake_clock_resume();
}

TestSuite(limits_request, .init = init, .fini = finish);

static struct request make(const char *client, size_t route)
{
	return (struct request){.client = str_from(client), .route = &routes[route]};
}

// The status it is refused with, or 0.
static unsigned enter(struct limits *limits, struct request request)
{
	struct reply refusal = {0};

	if (limits_enter_request(limits, &rules, &request, &refusal))
		return 0;
	cr_expect_not(request.is_counted);
	cr_expect_str_not_empty(refusal.detail);
	cr_expect_geq(refusal.retry_after_s, 1);
	return refusal.status;
}

Test(limits_request, are_none_unless_they_are_set)
{
	struct limits *limits = limits_create(&conf);

	for (size_t i = 0; i < 10000; i++)
		cr_expect_eq(enter(limits, make("192.0.2.1", 0)), 0);
	limits_destroy(limits);
}

Test(limits_request, count_all_requests)
{
	conf.limits.request_rate.total = (struct rate_limit){1, 1000, 2};
	struct limits *limits = limits_create(&conf);

	cr_expect_eq(enter(limits, make("192.0.2.1", 0)), 0);
	cr_expect_eq(enter(limits, make("10.0.0.1", 1)), 0);
	cr_expect_eq(enter(limits, make("192.0.2.3", 0)), 503);
	fake_clock_advance(1000);
	cr_expect_eq(enter(limits, make("192.0.2.3", 0)), 0);
	limits_destroy(limits);
}

Test(limits_request, count_each_client_s)
{
	conf.limits.request_rate.per_source = (struct rate_limit){1, 1000, 1};
	struct limits *limits = limits_create(&conf);

	cr_expect_eq(enter(limits, make("192.0.2.1", 0)), 0);
	cr_expect_eq(enter(limits, make("192.0.2.1", 1)), 429);
	cr_expect_eq(enter(limits, make("192.0.2.2", 0)), 0);
	cr_expect_eq(enter(limits, make("2001:db8::1", 0)), 0);
	cr_expect_eq(enter(limits, make("2001:db8::2", 0)), 429);
	for (size_t i = 0; i < 10; i++) {
		cr_expect_eq(enter(limits, make("10.0.0.1", 0)), 0, "exempt");
		cr_expect_eq(enter(limits, make("unix:", 0)), 0, "one for all");
	}
	fake_clock_advance(1000);
	cr_expect_eq(enter(limits, make("192.0.2.1", 0)), 0);
	limits_destroy(limits);
}

Test(limits_request, count_what_is_on_no_route_as_far_as_all_are)
{
	conf.limits.request_rate.total = (struct rate_limit){1, 1000, 2};
	routes[0].limits.request_rate.per_source = (struct rate_limit){1, 1000, 1};
	conf.limits.websocket_rate.per_source = (struct rate_limit){1, 1000, 1};
	struct limits *limits = limits_create(&conf);
	struct request none = {.client = STR("192.0.2.1"), .is_websocket = true};

	cr_expect_eq(enter(limits, none), 0);
	cr_expect_eq(enter(limits, none), 429);
	none.client = STR("192.0.2.2");
	cr_expect_eq(enter(limits, none), 0);
	cr_expect_eq(enter(limits, make("192.0.2.3", 1)), 503);
	limits_destroy(limits);
}

Test(limits_request, count_websocket_handshakes_besides)
{
	conf.limits.websocket_rate.total = (struct rate_limit){1, 1000, 2};
	conf.limits.websocket_rate.per_source = (struct rate_limit){1, 1000, 1};
	struct limits *limits = limits_create(&conf);
	struct request one = make("192.0.2.1", 0), other = make("192.0.2.2", 0),
		       third = make("192.0.2.3", 0);

	one.is_websocket = other.is_websocket = third.is_websocket = true;
	cr_expect_eq(enter(limits, one), 0);
	cr_expect_eq(enter(limits, one), 429);
	cr_expect_eq(enter(limits, other), 0);
	cr_expect_eq(enter(limits, third), 503);
	cr_expect_eq(enter(limits, make("192.0.2.1", 0)), 0, "no handshake");
	limits_destroy(limits);
}

Test(limits_request, count_each_route_s)
{
	routes[0].limits.request_rate.total = (struct rate_limit){1, 1000, 3};
	routes[1].limits.request_rate.per_source = (struct rate_limit){1, 1000, 1};
	struct limits *limits = limits_create(&conf);

	for (size_t i = 0; i < 3; i++)
		cr_expect_eq(enter(limits, make("192.0.2.1", 0)), 0);
	cr_expect_eq(enter(limits, make("192.0.2.2", 0)), 503);
	cr_expect_eq(enter(limits, make("192.0.2.1", 1)), 0);
	cr_expect_eq(enter(limits, make("192.0.2.1", 1)), 429);
	cr_expect_eq(enter(limits, make("192.0.2.2", 1)), 0);
	limits_destroy(limits);
}

Test(limits_request, count_what_a_route_has_at_once)
{
	struct reply refusal;
	struct request one = make("192.0.2.1", 0), other = make("192.0.2.1", 0);

	routes[0].limits.concurrent = 2;
	struct limits *limits = limits_create(&conf);
	cr_expect(limits_enter_request(limits, &rules, &one, &refusal));
	cr_expect(limits_enter_request(limits, &rules, &other, &refusal));
	cr_expect_eq(enter(limits, make("192.0.2.2", 0)), 503);
	cr_expect_eq(enter(limits, make("192.0.2.2", 1)), 0);
	limits_leave_request(&rules, &one);
	limits_leave_request(&rules, &one); // once is enough
	cr_expect(limits_enter_request(limits, &rules, &one, &refusal));
	cr_expect_eq(enter(limits, make("192.0.2.2", 0)), 503);
	limits_destroy(limits);
}

Test(limits_request, move_a_request_to_other_rules)
{
	struct conf_route newer_route = {.limits = {.concurrent = 1}};
	struct conf newer_conf = {.routes = &newer_route, .route_count = 1};
	struct rules newer = {
		.conf = &newer_conf,
		.routes = limits_create_routes(&newer_conf),
	};
	struct reply refusal;
	struct request one = make("192.0.2.1", 0), other = one, third = one;

	routes[0].limits.concurrent = 2;
	struct limits *limits = limits_create(&conf);
	cr_expect(limits_enter_request(limits, &rules, &one, &refusal));
	cr_expect(limits_enter_request(limits, &rules, &other, &refusal));
	limits_move_request(&rules, &newer, &one, &newer_route);
	limits_move_request(&rules, &newer, &other, &newer_route); // though it is full
	cr_expect_eq(enter(limits, make("192.0.2.1", 0)), 0, "both have left");
	third.route = &newer_route;
	limits_leave_request(&newer, &one);
	cr_expect_not(limits_enter_request(limits, &newer, &third, &refusal));
	limits_leave_request(&newer, &other);
	cr_expect(limits_enter_request(limits, &newer, &third, &refusal));
	limits_destroy(limits);
	free(newer.routes);
}
