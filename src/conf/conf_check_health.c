// SPDX-License-Identifier: MIT
// What of health checks, ejection and circuits does not fit together.
#include "conf_check_health_priv.h"

#include <stdio.h>

#include "wherry/conf/conf_value.h"

// Keys that one type of check has no use for would be ignored in silence.
static const struct {
	const char *key;
	bool is_for[3]; // by enum conf_check_type
} check_keys[] = {
	{"path", {false, true, true}},
	{"method", {false, true, false}},
	{"status", {false, true, false}},
	{"body", {false, true, false}},
	{"host", {false, true, true}},
	{"subprotocol", {false, false, true}},
	{"send", {false, false, true}},
	{"expect", {false, false, true}},
};

static void check_type(const struct conf_health_check *check,
	const struct conf_yaml_node *node, struct conf_diag *diag)
{
	static const char *const types[] = {"tcp", "http", "websocket"};
	for (size_t i = 0; i < sizeof(check_keys) / sizeof(check_keys[0]); i++) {
		const struct conf_yaml_node *key =
			conf_yaml_find(node, check_keys[i].key);
		if (key && !check_keys[i].is_for[check->type])
			conf_diag_add(diag, key->key_at, NULL, NULL,
				"upstreams.NAME.health_check.%s: has no effect with type "
				"%s",
				check_keys[i].key, types[check->type]);
	}
}

static void check_timeout(const struct conf_health_check *check,
	const struct conf_yaml_node *node, struct conf_diag *diag)
{
	char expected[CONF_VALUE_TEXT_SIZE + 8], found[CONF_VALUE_TEXT_SIZE];
	char interval[CONF_VALUE_TEXT_SIZE];
	const struct conf_yaml_node *timeout = conf_yaml_find(node, "timeout");
	if (!timeout || check->timeout_ms <= check->interval_ms)
		return;
	(void)snprintf(expected, sizeof(expected), "at most %s",
		conf_value_format_duration(check->interval_ms, interval));
	conf_diag_add(diag, timeout->at, expected,
		conf_value_format_duration(check->timeout_ms, found),
		"upstreams.NAME.health_check.timeout: longer than the interval");
}

static void check_ejection(const struct conf_ejection *ejection,
	const struct conf_yaml_node *node, struct conf_diag *diag)
{
	static const char *const kinds[] = {
		"status_5xx", "refused_handshakes", "latency", "max_percent"};
	const struct conf_yaml_node *key = conf_yaml_find(node, "max_time");
	key = key ? key : conf_yaml_find(node, "time");
	if (key && ejection->max_time_ms < ejection->time_ms)
		conf_diag_add(diag, key->at, NULL, NULL,
			"upstreams.NAME.ejection: max_time is shorter than time");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		key = conf_yaml_find(node, kinds[i]);
		if (key && ejection->errors == CONF_OFF)
			conf_diag_add(diag, key->key_at, NULL, NULL,
				"upstreams.NAME.ejection.%s: has no effect without "
				"errors",
				kinds[i]);
	}
}

static void check_circuit(const struct conf_circuit *circuit,
	const struct conf_yaml_node *node, struct conf_diag *diag)
{
	const struct conf_yaml_node *open = conf_yaml_find(node, "open");
	if (open && circuit->failures == CONF_OFF)
		conf_diag_add(diag, open->key_at, NULL, NULL,
			"upstreams.NAME.circuit.open: has no effect without failures");
}

void conf_check_health_all(const struct conf *conf, const struct conf_yaml_node *nodes,
	struct conf_diag *diag)
{
	const struct conf_yaml_node *node = nodes;
	for (size_t i = 0; node && i < conf->upstream_count; i++, node = node->next) {
		const struct conf_upstream *group = &conf->upstreams[i];
		const struct conf_yaml_node *check = conf_yaml_find(node, "health_check");
		if (node->has_mistake)
			continue;
		check_type(&group->health_check, check, diag);
		check_timeout(&group->health_check, check, diag);
		check_ejection(&group->ejection, conf_yaml_find(node, "ejection"), diag);
		check_circuit(&group->circuit, conf_yaml_find(node, "circuit"), diag);
	}
}
