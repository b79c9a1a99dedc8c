// SPDX-License-Identifier: MIT
// Rules about channels, and about webhooks: what could never hold is a mistake.
#include "conf_check_push_priv.h"

#include <stdio.h>
#include <string.h>

#include "wherry/conf/conf_value.h"

// Claims are those of a token that was verified.
static void check_claims(const struct conf_route *route, const struct template *template,
	const struct conf_yaml_node *node, const char *path, struct conf_diag *diag)
{
	if (template && node && !route->has_jwt &&
		template_uses(template, template_bit(TEMPLATE_CLAIM)))
		conf_diag_add(diag, node->at, "\"jwt\" in the route", NULL,
			"%s: {claim.NAME} has no value without a token", path);
}

static void check_subscribe(const struct conf_route *route,
	const struct conf_yaml_node *node, struct conf_diag *diag)
{
	const struct conf_templates *channels = &route->subscribe.channels;
	const struct conf_yaml_node *value = conf_yaml_find(node, "channel");
	const struct conf_yaml_node *each =
		value && value->kind == CONF_YAML_SEQUENCE ? value->first : value;
	for (size_t i = 0; i < channels->count && each; i++, each = each->next)
		check_claims(route, &channels->list[i], each,
			"routes[].subscribe.channel", diag);
}

// A delivery that is forgotten while its timestamp is still good could come again.
static void check_replay(const struct conf_verify *verify,
	const struct conf_yaml_node *node, struct conf_diag *diag)
{
	char text[CONF_VALUE_TEXT_SIZE];
	const struct conf_yaml_node *replay = conf_yaml_find(node, "replay");
	if (verify->replay_ms < 2 * verify->tolerance_ms)
		conf_diag_add(diag, replay ? replay->at : node->at,
			"at least twice the tolerance",
			conf_value_format_duration(verify->replay_ms, text),
			"routes[].publish.verify.replay: too short");
}

static void check_verify(const struct conf_verify *verify,
	const struct conf_yaml_node *node, struct conf_diag *diag)
{
	const struct conf_yaml_node *tolerance = conf_yaml_find(node, "tolerance");
	if (!node || node->has_mistake)
		return;
	if (verify->scheme == CONF_WEBHOOK_STANDARD)
		check_replay(verify, node, diag);
	else if (tolerance)
		conf_diag_add(diag, tolerance->key_at, NULL, NULL,
			"routes[].publish.verify.tolerance: has no effect on a scheme "
			"without a timestamp");
	if (verify->scheme == CONF_WEBHOOK_HMAC_SHA256 && !verify->header)
		conf_diag_add(diag, node->at, "the name of a header", "none",
			"routes[].publish.verify.header: missing, as hmac-sha256 has "
			"none of its own");
}

static void check_publish(const struct conf_route *route,
	const struct conf_yaml_node *node, struct conf_diag *diag)
{
	const struct conf_publish *publish = &route->publish;
	const struct conf_yaml_node *verify = conf_yaml_find(node, "verify");
	check_claims(route, publish->channel, conf_yaml_find(node, "channel"),
		"routes[].publish.channel", diag);
	check_claims(route, publish->payload, conf_yaml_find(node, "payload"),
		"routes[].publish.payload", diag);
	check_claims(route, publish->key, conf_yaml_find(node, "key"),
		"routes[].publish.key", diag);
	check_claims(route, publish->verify.id, conf_yaml_find(verify, "id"),
		"routes[].publish.verify.id", diag);
	check_verify(&publish->verify, verify, diag);
}

static void check_method(const struct conf_route *route,
	const struct conf_yaml_node *node, struct conf_diag *diag)
{
	bool publishes = route->action == CONF_PUBLISH;
	const char *expected = publishes ? "POST" : "GET";
	const struct conf_yaml_node *method =
		conf_yaml_find(conf_yaml_find(node, "match"), "method");
	if (method && route->match.method && strcmp(route->match.method, expected) != 0)
		conf_diag_add(diag, method->at, expected, route->match.method,
			"routes[].match.method: nothing is %s by it",
			publishes ? "published" : "subscribed");
}

// Slower, while nothing changes, can't be faster.
static void check_live(const struct conf_live *live, const struct conf_yaml_node *node,
	struct conf_diag *diag)
{
	char interval[CONF_VALUE_TEXT_SIZE], found[CONF_VALUE_TEXT_SIZE];
	char expected[CONF_VALUE_TEXT_SIZE + 32];
	const struct conf_yaml_node *value = conf_yaml_find(node, "max_interval");
	if (!value || node->has_mistake || live->max_interval_ms >= live->interval_ms)
		return;
	(void)snprintf(expected, sizeof(expected), "at least the interval, %s",
		conf_value_format_duration(live->interval_ms, interval));
	conf_diag_add(diag, value->at, expected,
		conf_value_format_duration(live->max_interval_ms, found),
		"routes[].live.max_interval: too short");
}

void conf_check_push_route(const struct conf_route *route,
	const struct conf_yaml_node *node, struct conf_diag *diag)
{
	if (route->action == CONF_SUBSCRIBE)
		check_subscribe(route, conf_yaml_find(node, "subscribe"), diag);
	if (route->action == CONF_PUBLISH)
		check_publish(route, conf_yaml_find(node, "publish"), diag);
	if (route->action == CONF_LIVE)
		check_live(&route->live, conf_yaml_find(node, "live"), diag);
	if (conf_route_pushes(route))
		check_method(route, node, diag);
}
