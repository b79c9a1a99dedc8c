// SPDX-License-Identifier: MIT
// What an auth service is told about a request: the client's fields as far as they
// concern it, and who asks for what.
#include "access_priv.h"
#include "wherry/proto/http_write.h"
#include "wherry/proxy/head_fields.h"

// What is about the page or its body, and not about who may have it.
static bool is_withheld(const struct request_head *head, const struct http_field *field)
{
	static const char *const names[] = {"Range", "If-Range", "If-Match",
		"If-None-Match", "If-Modified-Since", "If-Unmodified-Since"};
	struct str start = {
		field->name.data, field->name.length < 13 ? field->name.length : 13};
	if (field->is_dropped || request_head_is_rewritten(head, field) ||
		str_equal_nocase(start, STR("Sec-WebSocket")))
		return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (str_equal_nocase(field->name, str_from(names[i])))
			return true;
	}
	return false;
}

// Said by Wherry alone, since the service decides by them.
static bool is_ours(struct str name)
{
	return str_equal_nocase(name, STR("X-Forwarded-Method")) ||
	       str_equal_nocase(name, STR("X-Forwarded-Uri"));
}

// What rules of the route will add is not the client's to say, to the service as to the
// backend. But a service may exchange the client's credentials for others of that name.
static bool is_ruled(const struct conf_route *route, const struct http_field *field)
{
	const struct conf_forward_auth *auth = &route->forward_auth;
	bool is_credential = field->id == HTTP_FIELD_AUTHORIZATION ||
			     field->id == HTTP_FIELD_COOKIE ||
			     head_fields_is_named(&auth->request_fields, field->name);
	bool is_exchanged = is_credential &&
			    head_fields_is_named(&auth->response_fields, field->name);
	return !is_exchanged && head_fields_is_named(&route->added_fields, field->name);
}

static bool is_shown(
	const struct request_head *head, const struct http_field *field, bool is_trusted)
{
	const struct conf_route *route = head->request->route;
	const struct conf_names *wanted = &route->forward_auth.request_fields;
	if (is_withheld(head, field) || is_ours(field->name) || is_ruled(route, field) ||
		(!is_trusted && request_head_is_claim(field->name)))
		return false;
	return !wanted->names || head_fields_is_named(wanted, field->name);
}

void access_head_write(struct buf *out, const struct request_head *head)
{
	const struct http_message *message = head->message;
	bool is_trusted = request_head_is_trusted(head);
	for (size_t i = 0; i < message->field_count; i++) {
		if (is_shown(head, &message->fields[i], is_trusted))
			http_write_field(
				out, message->fields[i].name, message->fields[i].value);
	}
	request_head_write_identity(out, head);
	http_write_field(out, STR("X-Forwarded-Method"), message->method);
	buf_append_str(out, STR("X-Forwarded-Uri: "));
	buf_append_str(out, message->path);
	buf_append_str(out, message->query);
	buf_append_str(out, STR("\r\n"));
}
