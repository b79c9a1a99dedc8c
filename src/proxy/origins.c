// SPDX-License-Identifier: MIT
// Origins; see the header.
#include "wherry/proxy/origins.h"

#include "wherry/proto/http_write.h"
#include "wherry/proto/ws_handshake.h"

static bool is_same_host(
	const struct http_message *request, struct str origin, bool is_https)
{
	return ws_handshake_is_same_origin(
		origin, request->host, is_https ? "https" : "http");
}

bool origins_allow(const struct conf_origin_rule *rule,
	const struct http_message *request, bool is_https)
{
	const struct http_field *origin = http_message_find(request, HTTP_FIELD_ORIGIN);
	if (!origin)
		return rule->kind != CONF_ORIGINS_LIST || !request->is_websocket_upgrade;
	switch (rule->kind) {
	case CONF_ORIGINS_ANY:
		return true;
	case CONF_ORIGINS_SAME_HOST:
		return is_same_host(request, origin->value, is_https);
	case CONF_ORIGINS_LIST:
		break;
	}
	return ws_handshake_is_origin_listed(
		origin->value, (const char *const *)rule->list, rule->count);
}

// Credentials go with a list only: "any" would lend each visitor's to every page.
static void write_allowed(
	struct buf *out, const struct conf_origin_rule *rule, struct str origin)
{
	if (rule->kind == CONF_ORIGINS_ANY) {
		http_write_field(out, STR("Access-Control-Allow-Origin"), STR("*"));
		return;
	}
	http_write_field(out, STR("Access-Control-Allow-Origin"), origin);
	http_write_field(out, STR("Access-Control-Allow-Credentials"), STR("true"));
}

void origins_write_fields(struct buf *out, const struct conf_origin_rule *rule,
	const struct http_message *request, bool is_https)
{
	const struct http_field *origin = http_message_find(request, HTTP_FIELD_ORIGIN);
	if (rule->kind == CONF_ORIGINS_LIST)
		http_write_field(out, STR("Vary"), STR("Origin"));
	if (!origin || is_same_host(request, origin->value, is_https))
		return;
	write_allowed(out, rule, origin->value);
	http_write_field(out, STR("Access-Control-Expose-Headers"),
		STR("ETag, Retry-After, Wherry-Gap"));
}

bool origins_is_preflight(const struct http_message *request)
{
	return http_message_is_method(request, "OPTIONS") &&
	       http_message_find(request, HTTP_FIELD_ORIGIN) &&
	       http_message_find_name(request, STR("Access-Control-Request-Method"));
}

struct str origins_preflight_method(const struct http_message *preflight)
{
	return http_message_find_name(preflight, STR("Access-Control-Request-Method"))
		->value;
}

void origins_write_preflight(struct buf *out, const struct conf_origin_rule *rule,
	const struct http_message *request, bool is_https, const char *methods)
{
	const struct http_field *fields =
		http_message_find_name(request, STR("Access-Control-Request-Headers"));
	const struct http_field *origin = http_message_find(request, HTTP_FIELD_ORIGIN);
	http_write_field(out, STR("Vary"),
		STR("Origin, Access-Control-Request-Method, "
		    "Access-Control-Request-Headers"));
	if (is_same_host(request, origin->value, is_https))
		return;
	write_allowed(out, rule, origin->value);
	http_write_field(out, STR("Access-Control-Allow-Methods"), str_from(methods));
	if (fields)
		http_write_field(out, STR("Access-Control-Allow-Headers"), fields->value);
	http_write_field_u64(out, STR("Access-Control-Max-Age"), 600);
}
