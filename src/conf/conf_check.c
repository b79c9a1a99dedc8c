// SPDX-License-Identifier: MIT
// Each rule goes over the items of the configuration and of the tree side by side: item i
// of one is child i of the other.
#include "wherry/conf/conf_check.h"

#include <stdio.h>
#include <string.h>

#include "conf_check_balance_priv.h"
#include "conf_check_drain_priv.h"
#include "conf_check_health_priv.h"
#include "conf_check_hub_priv.h"
#include "conf_check_route_priv.h"

// Any free port may be asked for more than once.
static bool is_same_place(const struct addr *a, const struct addr *b)
{
	return a->length > 0 && addr_equal(a, b) &&
	       (addr_is_unix(a) || addr_port(a) != 0);
}

static void check_addresses(const struct conf *conf, const struct conf_yaml_node *root,
	struct conf_diag *diag)
{
	const struct conf_yaml_node *node = conf_yaml_first(root, "listeners");
	for (size_t i = 0; i < conf->listener_count; i++, node = node->next) {
		const struct addr *address = &conf->listeners[i].address;
		const struct conf_yaml_node *value = conf_yaml_find(node, "address");
		for (size_t j = 0; j < i; j++) {
			if (!is_same_place(address, &conf->listeners[j].address))
				continue;
			conf_diag_add(diag, value->at, "an address of its own",
				conf->listeners[i].name,
				"listeners[].address: the same as listeners[%zu]", j);
			break;
		}
	}
	node = conf_yaml_find(root, "status");
	for (size_t i = 0; i < conf->listener_count && conf->has_status; i++) {
		if (is_same_place(&conf->status, &conf->listeners[i].address))
			conf_diag_add(diag, node->at, "an address of its own", NULL,
				"status: the same as listeners[%zu]", i);
	}
}

static void check_certificates(const struct conf_listener *listener,
	const struct conf_yaml_node *tls, struct conf_diag *diag)
{
	const struct conf_yaml_node *self_signed = conf_yaml_find(tls, "self_signed");
	bool has_certificates = conf_yaml_find(tls, "certificates") != NULL;
	if (has_certificates && listener->tls.is_self_signed)
		conf_diag_add(diag, self_signed->key_at, "one of them", "both",
			"listeners[].tls: \"certificates\" and \"self_signed\"");
	if (!has_certificates && !listener->tls.is_self_signed)
		conf_diag_add(diag, tls->at, "a list of cert and key", "nothing",
			"listeners[].tls.certificates: missing");
}

static void check_tls(const struct conf *conf, const struct conf_yaml_node *root,
	struct conf_diag *diag)
{
	const struct conf_yaml_node *node = conf_yaml_first(root, "listeners");
	for (size_t i = 0; i < conf->listener_count; i++, node = node->next) {
		const struct conf_yaml_node *tls = conf_yaml_find(node, "tls");
		const struct conf_yaml_node *auth = conf_yaml_find(tls, "client_auth");
		if (!tls || (tls->kind != CONF_YAML_MAPPING && !tls->is_null))
			continue;
		check_certificates(&conf->listeners[i], tls, diag);
		if (auth && !conf_yaml_find(tls, "client_ca"))
			conf_diag_add(diag, auth->key_at, NULL, NULL,
				"listeners[].tls.client_auth: has no effect without "
				"\"client_ca\"");
	}
}

// IPv6 sockets take no IPv4.
static bool has_family(const struct conf_proxy_protocol *protocol, int family)
{
	for (size_t i = 0; i < protocol->from_count; i++) {
		if (protocol->from[i].family == family)
			return true;
	}
	return false;
}

static const char *family_form(int family)
{
	if (family == AF_UNIX)
		return "unix in the list";
	return family == AF_INET ? "an IPv4 network" : "an IPv6 network";
}

// A listener that refuses everybody was not meant.
static void check_proxy_sources(const struct conf *conf,
	const struct conf_yaml_node *root, struct conf_diag *diag)
{
	const struct conf_yaml_node *node = conf_yaml_first(root, "listeners");
	for (size_t i = 0; i < conf->listener_count; i++, node = node->next) {
		const struct conf_listener *listener = &conf->listeners[i];
		const struct conf_yaml_node *from =
			conf_yaml_find(conf_yaml_find(node, "proxy_protocol"), "from");
		int family = listener->address.any.sa_family;
		if (from && listener->address.length > 0 && !node->has_mistake &&
			!has_family(&listener->proxy_protocol, family))
			conf_diag_add(diag, from->at, family_form(family), NULL,
				"listeners[].proxy_protocol.from: nobody could connect");
	}
}

static bool is_loopback(const struct addr *addr)
{
	struct addr_network loopback[2];
	return addr_is_unix(addr) ||
	       (addr_network_parse(STR("127.0.0.0/8"), &loopback[0]) &&
		       addr_network_parse(STR("::1"), &loopback[1]) &&
		       addr_network_has(loopback, 2, addr));
}

// Metrics tell about clients and backends, and nobody is asked for a password there.
static void check_status(const struct conf *conf, const struct conf_yaml_node *root,
	struct conf_diag *diag)
{
	char found[CONF_YAML_TEXT_SIZE];
	const struct conf_yaml_node *node = conf_yaml_find(root, "status");
	if (conf->has_status && !is_loopback(&conf->status))
		conf_diag_add(diag, node->at, "127.0.0.1:port, [::1]:port or unix:/path",
			conf_yaml_describe(node, found), "status: open to the network");
}

// Who may ask there is told by the kernel, which knows that of UNIX sockets alone.
static void check_control(const struct conf *conf, const struct conf_yaml_node *root,
	struct conf_diag *diag)
{
	char found[CONF_YAML_TEXT_SIZE];
	const struct addr *address = &conf->control.address;
	const struct conf_yaml_node *node = conf_yaml_find(root, "control");
	if (address->length == 0)
		return;
	if (!addr_is_unix(address))
		conf_diag_add(diag, node->at, "unix:/path, auto or off",
			conf_yaml_describe(node, found), "control: not a UNIX socket");
	if (conf->has_status && is_same_place(address, &conf->status))
		conf_diag_add(diag, node->at, "an address of its own", NULL,
			"control: the same as status");
	for (size_t i = 0; i < conf->listener_count; i++) {
		if (is_same_place(address, &conf->listeners[i].address))
			conf_diag_add(diag, node->at, "an address of its own", NULL,
				"control: the same as listeners[%zu]", i);
	}
}

static bool is_used(const struct conf *conf, size_t upstream)
{
	for (size_t i = 0; i < conf->route_count; i++) {
		const struct conf_route *route = &conf->routes[i];
		if (conf_route_forwards(route) && route->upstream == upstream)
			return true;
	}
	return false;
}

// A route with a mistake, or missing, may be the one that means it.
static bool has_mistaken_route(const struct conf *conf, const struct conf_yaml_node *root)
{
	const struct conf_yaml_node *node = conf_yaml_first(root, "routes");
	if (conf->route_count == 0)
		return true;
	for (; node; node = node->next) {
		if (node->kind != CONF_YAML_MAPPING || node->has_mistake)
			return true;
	}
	return false;
}

static void check_upstreams(const struct conf *conf, const struct conf_yaml_node *root,
	struct conf_diag *diag)
{
	if (has_mistaken_route(conf, root))
		return;
	const struct conf_yaml_node *node = conf_yaml_first(root, "upstreams");
	// Auth services have no node.
	for (size_t i = 0; node && i < conf->upstream_count; i++, node = node->next) {
		if (node->kind != CONF_YAML_INVALID && !is_used(conf, i))
			conf_diag_add(diag, node->key_at, "a route with it as \"to\"",
				NULL, "upstream \"%s\" is used by no route",
				conf->upstreams[i].name);
	}
}

static void check_upstream_tls(const struct conf *conf, const struct conf_yaml_node *root,
	struct conf_diag *diag)
{
	const struct conf_yaml_node *node = conf_yaml_first(root, "upstreams");
	for (size_t i = 0; node && i < conf->upstream_count; i++, node = node->next) {
		const struct conf_yaml_node *tls = conf_yaml_find(node, "tls");
		const struct conf_yaml_node *cert = conf_yaml_find(tls, "cert");
		const struct conf_yaml_node *key = conf_yaml_find(tls, "key");
		if (tls && !node->has_mistake && !conf_has_https(&conf->upstreams[i]))
			conf_diag_add(diag, tls->key_at, NULL, NULL,
				"upstreams.NAME.tls: has no effect without https "
				"servers");
		if (!cert != !key)
			conf_diag_add(diag, cert ? cert->key_at : key->key_at,
				"both of them", "one",
				"upstreams.NAME.tls: cert and key");
	}
}

// The kernel lets only root filter system calls or files without it (prctl(2)).
static void check_sandbox(const struct conf *conf, const struct conf_yaml_node *root,
	struct conf_diag *diag)
{
	const struct conf_sandbox *sandbox = &conf->sandbox;
	const struct conf_yaml_node *node = conf_yaml_find(root, "sandbox");
	node = node ? conf_yaml_find(node, "no_new_privs") : NULL;
	if (node && !sandbox->no_new_privs && (sandbox->seccomp || sandbox->landlock))
		conf_diag_add(diag, node->at, "true, or both of them false", "false",
			"sandbox.no_new_privs: seccomp and landlock need it");
}

void conf_check_rules(const struct conf *conf, const struct conf_yaml_node *root,
	struct conf_diag *diag)
{
	check_addresses(conf, root, diag);
	check_tls(conf, root, diag);
	check_proxy_sources(conf, root, diag);
	check_status(conf, root, diag);
	check_control(conf, root, diag);
	check_sandbox(conf, root, diag);
	check_upstreams(conf, root, diag);
	check_upstream_tls(conf, root, diag);
	conf_check_health_all(conf, conf_yaml_first(root, "upstreams"), diag);
	conf_check_balance_all(conf, conf_yaml_first(root, "upstreams"), diag);
	conf_check_route_all(conf, conf_yaml_first(root, "routes"), diag);
	conf_check_drain_all(conf, root, diag);
	conf_check_hub_all(conf, root, diag);
}
