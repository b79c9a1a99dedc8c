// SPDX-License-Identifier: MIT
// Who takes the connection, and which route the request: why each of the others does not.
#include "explain_priv.h"

static bool is_any(const struct addr *address)
{
	return address->any.sa_family == AF_INET
		       ? address->v4.sin_addr.s_addr == INADDR_ANY
		       : IN6_IS_ADDR_UNSPECIFIED(&address->v6.sin6_addr);
}

// A name may lead to any address of the machine.
static bool may_take(const struct conf_listener *listener, const struct explain_url *url)
{
	const struct addr *address = &listener->address;
	struct addr wanted;
	if (addr_is_unix(address) || addr_port(address) != url->port)
		return false;
	return is_any(address) || !addr_parse_ip(url->host, url->port, &wanted) ||
	       addr_equal(address, &wanted);
}

static const struct conf_listener *find_listener(const struct explain *explain)
{
	const struct conf_listener *found = NULL;
	for (size_t i = 0; i < explain->conf->listener_count; i++) {
		const struct conf_listener *listener = &explain->conf->listeners[i];
		if (!may_take(listener, &explain->url))
			continue;
		if (listener->has_tls == explain->url.is_tls)
			return listener;
		found = listener;
	}
	return found;
}

static const char *kind_of(const struct conf_listener *listener)
{
	if (listener->has_proxy_protocol)
		return listener->has_tls ? ", TLS behind a PROXY header"
					 : ", behind a PROXY header";
	return listener->has_tls ? ", TLS" : "";
}

void explain_listener(struct explain *explain)
{
	const struct conf_listener *listener = find_listener(explain);
	json_t *to = explain->root;
	if (listener && listener->has_tls != explain->url.is_tls) {
		explain_add(explain, to, "listener",
			"%s speaks %s (expected %s in the URL, or that a proxy in front "
			"changes it)",
			listener->name, listener->has_tls ? "TLS" : "plain HTTP",
			listener->has_tls ? "https or wss" : "http or ws");
		return;
	}
	if (listener) {
		explain_add(explain, to, "listener", "%s%s", listener->name,
			kind_of(listener));
		return;
	}
	to = explain_add_list(explain, to, "listener");
	explain_add(explain, to, NULL,
		"none at port %u (expected one of these, or a proxy in front)",
		explain->url.port);
	for (size_t i = 0; i < explain->conf->listener_count; i++)
		explain_add(explain, to, NULL, "%s%s", explain->conf->listeners[i].name,
			kind_of(&explain->conf->listeners[i]));
}

static void add_unmet_field(
	struct explain *explain, json_t *to, const struct conf_header *wanted)
{
	const struct http_field *field =
		http_message_find_name(&explain->message, str_from(wanted->name));
	if (field)
		explain_add(explain, to, "because", "%s is \"%.*s\" (expected \"%s\")",
			wanted->name, STR_ARG(field->value), wanted->value);
	else
		explain_add(explain, to, "because", "there is no %s (expected \"%s\")",
			wanted->name, wanted->value);
}

static void add_unmet_path(struct explain *explain, json_t *to, struct str wanted)
{
	bool is_prefix = wanted.data[wanted.length - 1] == '/';
	explain_add(explain, to, "because", "path is %.*s (expected %.*s%s)",
		STR_ARG(explain->choice.path), STR_ARG(wanted),
		is_prefix ? " or below" : " exactly");
}

static void add_reason(
	struct explain *explain, json_t *to, const struct conf_route *route)
{
	const struct conf_match *match = &route->match;
	const struct conf_header *field;
	switch (route_find_unmet(route, &explain->message, explain->request.is_https,
		explain->choice.path, &field)) {
	case ROUTE_CONDITION_NONE:
		explain_add(explain, to, "because", "all its conditions hold%s",
			route == explain->choice.route ? "" : ", if the path is read so");
		return;
	case ROUTE_CONDITION_PLAIN:
		explain_add(explain, to, "because",
			"it came by TLS (expected not to, since this leads there)");
		return;
	case ROUTE_CONDITION_PATH:
		add_unmet_path(explain, to, str_from(match->path));
		return;
	case ROUTE_CONDITION_HOST:
		explain_add(explain, to, "because", "host is %.*s (expected %s)",
			STR_ARG(explain->message.host), match->host);
		return;
	case ROUTE_CONDITION_METHOD:
		explain_add(explain, to, "because", "method is %.*s (expected %s)",
			STR_ARG(explain->message.method), match->method);
		return;
	case ROUTE_CONDITION_SUBPROTOCOL:
		explain_add(explain, to, "because", "subprotocol %s is not offered",
			match->subprotocol);
		return;
	case ROUTE_CONDITION_FIELD:
		add_unmet_field(explain, to, field);
		return;
	}
}

void explain_routes(struct explain *explain)
{
	const struct conf *conf = explain->conf;
	json_t *list = explain_add_list(explain, explain->root, "routes");
	for (size_t i = 0; i < conf->route_count; i++) {
		const struct conf_route *route = &conf->routes[i];
		bool is_taken = route == explain->choice.route;
		json_t *to = explain_add_object(explain, list, NULL);
		explain_add(explain, to, "route", "%s", route->name);
		explain_add_number(explain, to, "line", route->line);
		explain_add_bool(explain, to, "taken", is_taken);
		add_reason(explain, to, route);
		if (is_taken)
			return;
	}
}
