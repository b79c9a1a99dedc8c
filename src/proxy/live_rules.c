// SPDX-License-Identifier: MIT
// What live routes share; see the header.
#include "wherry/proxy/live_rules.h"

#include "wherry/proto/http_cache_control.h"
#include "wherry/proxy/head_fields.h"

// What a key does not know of, and an answer may depend on.
static bool is_conditional(struct str name)
{
	return str_equal_nocase(name, STR("If-Match")) ||
	       str_equal_nocase(name, STR("If-Unmodified-Since"));
}

// NULL: it is not.
static const char *find_credential(
	const struct conf_route *route, const struct http_field *field)
{
	bool is_credential =
		field->id == HTTP_FIELD_COOKIE || field->id == HTTP_FIELD_AUTHORIZATION;
	if (!is_credential || head_fields_is_named(&route->live.vary, field->name) ||
		head_fields_is_removed(&route->request_headers, field->name))
		return NULL;
	return field->id == HTTP_FIELD_COOKIE
		       ? "a request with a Cookie is not shared (expected live.share: "
			 "public, if all get the same, or Cookie in live.vary)"
		       : "a request with Authorization is not shared (expected "
			 "live.share: public, if all get the same, or Authorization in "
			 "live.vary)";
}

// The backend is told who it is by fields that the key does not have.
static const char *find_identity(const struct conf_route *route, bool has_certificate)
{
	if (has_certificate)
		return "a client with a certificate shares nothing (expected "
		       "live.share: public, if all get the same)";
	return route->added_fields.count > 0
		       ? "access rules tell the backend who asks, so nothing is shared "
			 "(expected live.share: public, if all get the same)"
		       : NULL;
}

const char *live_rules_find_own(const struct conf_route *route,
	const struct http_message *request, bool has_certificate)
{
	bool is_read = http_message_is_method(request, "GET") ||
		       http_message_is_method(request, "HEAD");
	const char *own = NULL;
	if (!is_read || request->body_kind != HTTP_BODY_NONE)
		return "only GET and HEAD without a body are shared";
	if (!route->live.is_public)
		own = find_identity(route, has_certificate);
	for (size_t i = 0; i < request->field_count && !own; i++) {
		const struct http_field *field = &request->fields[i];
		if (is_conditional(field->name))
			own = "If-Match and If-Unmodified-Since are not shared";
		else if (!route->live.is_public)
			own = find_credential(route, field);
	}
	return own;
}

// All that it names must be in the key, Host always is.
static bool varies_within(const struct conf_live *live, struct str list)
{
	struct str name;
	while (str_next_item(&list, &name)) {
		if (!str_equal_nocase(name, STR("Accept-Encoding")) &&
			!str_equal_nocase(name, STR("Host")) &&
			!head_fields_is_named(&live->vary, name))
			return false;
	}
	return true;
}

// These have no end.
static bool is_stream(struct str type)
{
	return str_has_prefix_nocase(type, STR("text/event-stream")) ||
	       str_has_prefix_nocase(type, STR("multipart/x-mixed-replace"));
}

static const char *find_private_field(
	const struct conf_live *live, const struct http_field *field, bool is_plain)
{
	if (field->id == HTTP_FIELD_SET_COOKIE)
		return "Set-Cookie";
	if (field->id == HTTP_FIELD_CONTENT_TYPE && is_stream(field->value))
		return "a response without end";
	if (str_equal_nocase(field->name, STR("Vary")) &&
		!varies_within(live, field->value))
		return "Vary names what is not in live.vary";
	if (is_plain && str_equal_nocase(field->name, STR("Content-Encoding")) &&
		!str_equal_nocase(field->value, STR("identity")))
		return "a Content-Encoding that was not asked for";
	return NULL;
}

const char *live_rules_find_private(
	const struct conf_live *live, const struct http_message *response, bool is_plain)
{
	struct http_cache_control control;
	http_cache_control_read(response, &control);
	if (control.is_private)
		return "Cache-Control: private";
	if (control.is_no_store)
		return "Cache-Control: no-store";
	for (size_t i = 0; i < response->field_count; i++) {
		const char *reason =
			find_private_field(live, &response->fields[i], is_plain);
		if (reason)
			return reason;
	}
	return NULL;
}

uint64_t live_rules_fresh_ms(const struct http_message *response)
{
	struct http_cache_control control;
	const struct http_field *field = http_message_find_name(response, STR("Age"));
	uint64_t age_s = 0;
	http_cache_control_read(response, &control);
	if (field && !str_parse_u64(field->value, UINT32_MAX, &age_s))
		age_s = 0;
	return control.max_age_s > age_s ? (control.max_age_s - age_s) * 1000 : 0;
}
