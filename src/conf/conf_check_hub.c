// SPDX-License-Identifier: MIT
// Whether what is said of Redis is enough, and is of use.
#include "conf_check_hub_priv.h"

#include "wherry/base/url_redis.h"

static void check_url(const struct conf_hub *hub, const struct conf_yaml_node *node,
	struct conf_diag *diag)
{
	struct url_redis url;
	const char *expected;
	const struct conf_yaml_node *value = conf_yaml_find(node, "url");
	if (!value)
		conf_diag_add(diag, node->at, "redis://host:port or unix:/path",
			"nothing", "hub.url: missing, with broker: redis");
	else if (hub->url && !url_redis_parse(str_from(hub->url), &url, &expected))
		conf_diag_add(diag, value->at, expected, NULL, // it may hold a password
			"hub.url: bad value");
}

static void check_unused(const struct conf_yaml_node *node, struct conf_diag *diag)
{
	static const char *const keys[] = {"url", "prefix", "password_file"};
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct conf_yaml_node *value = conf_yaml_find(node, keys[i]);
		if (value)
			conf_diag_add(diag, value->key_at, NULL, NULL,
				"hub.%s: has no effect without broker: redis", keys[i]);
	}
}

void conf_check_hub_all(const struct conf *conf, const struct conf_yaml_node *root,
	struct conf_diag *diag)
{
	const struct conf_yaml_node *node = conf_yaml_find(root, "hub");
	if (!node || node->kind != CONF_YAML_MAPPING || node->has_mistake)
		return;
	if (conf->hub.broker == CONF_BROKER_REDIS)
		check_url(&conf->hub, node, diag);
	else
		check_unused(node, diag);
}
