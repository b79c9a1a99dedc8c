// SPDX-License-Identifier: MIT
// What of the process and its listeners is hardly meant.
#include "wherry/conf/conf_lint.h"

#include "conf_lint_priv.h"
#include "wherry/conf/conf_value.h"

enum {
	SYSTEMD_STOP_MS = 90 * 1000, // its default of TimeoutStopSec
};

static void lint_drain(const struct conf *conf, const struct conf_yaml_node *root,
	struct conf_diag *warnings)
{
	char found[CONF_VALUE_TEXT_SIZE];
	uint64_t timeout_ms = conf->drain.shutdown.timeout_ms;
	const struct conf_yaml_node *drain = conf_yaml_find(root, "drain");
	const struct conf_yaml_node *node =
		conf_yaml_find(conf_yaml_find(drain, "shutdown"), "timeout");
	if (!node)
		node = conf_yaml_find(drain, "timeout");
	if (node && timeout_ms > SYSTEMD_STOP_MS)
		conf_diag_add(warnings, node->at,
			"at most 90s, or TimeoutStopSec= above it in the unit",
			conf_value_format_duration(timeout_ms, found),
			"drain.shutdown.timeout: systemd kills what takes longer than "
			"90s to stop");
}

static bool is_everybody(const struct addr_network *network)
{
	return network->prefix_bits == 0 && network->family != AF_UNIX;
}

static void lint_trusted(const struct conf *conf, const struct conf_yaml_node *root,
	struct conf_diag *warnings)
{
	const struct conf_yaml_node *node = conf_yaml_first(root, "trusted_proxies");
	for (size_t i = 0; i < conf->trusted_proxy_count && node;
		i++, node = node->next) {
		if (is_everybody(&conf->trusted_proxies[i]))
			conf_diag_add(warnings, node->at, "your own proxies' networks",
				"everybody",
				"trusted_proxies: any client may claim to be another "
				"one");
	}
}

static bool has_unix(const struct addr_network *networks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (networks[i].family == AF_UNIX)
			return true;
	}
	return false;
}

// Who connects to a UNIX socket is a proxy on the same machine.
static void lint_unix_listeners(const struct conf *conf,
	const struct conf_yaml_node *root, struct conf_diag *warnings)
{
	const struct conf_yaml_node *node = conf_yaml_first(root, "listeners");
	if (has_unix(conf->trusted_proxies, conf->trusted_proxy_count) ||
		has_unix(conf->limits.exempt, conf->limits.exempt_count))
		return;
	for (size_t i = 0; i < conf->listener_count; i++, node = node->next) {
		const struct conf_listener *listener = &conf->listeners[i];
		const struct conf_yaml_node *at = conf_yaml_find(node, "address");
		if (at && listener->address.any.sa_family == AF_UNIX &&
			!listener->has_proxy_protocol)
			conf_diag_add(warnings, at->at,
				"unix in trusted_proxies, or proxy_protocol", "neither",
				"listeners[].address: all clients behind it count as "
				"one source in limits.per_source");
	}
}

void conf_lint(const struct conf *conf, const struct conf_yaml_node *root,
	struct conf_diag *warnings)
{
	lint_drain(conf, root, warnings);
	lint_trusted(conf, root, warnings);
	lint_unix_listeners(conf, root, warnings);
	conf_lint_routes(conf, conf_yaml_first(root, "routes"), warnings);
	conf_lint_upstreams(conf, conf_yaml_first(root, "upstreams"), warnings);
}
