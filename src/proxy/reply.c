// SPDX-License-Identifier: MIT
// Answers of Wherry's own; see the header.
#include "wherry/proxy/reply.h"

#include "wherry/base/log.h"
#include "wherry/proto/http_write.h"

static void write_body(struct buf *out, const struct reply *reply)
{
	struct str reason = http_write_reason(reply->status);
	struct str detail = str_from(reply->detail ? reply->detail : "");
	if (reply->wants_json) {
		buf_printf(out, "{\"status\":%u,\"error\":\"%.*s\",\"detail\":\"",
			reply->status, STR_ARG(reason));
		log_escape(out, LOG_FORMAT_JSON, detail);
		buf_append_str(out, STR("\"}\n"));
		return;
	}
	buf_printf(out, "%u %.*s", reply->status, STR_ARG(reason));
	if (detail.length > 0)
		buf_printf(out, ": %.*s", STR_ARG(detail));
	buf_append_str(out, STR("\n"));
}

// Another's answer comes with the fields that belong to it.
static void write_page(struct buf *out, const struct reply *reply, size_t length)
{
	if (!reply->has_body)
		http_write_field(out, STR("Content-Type"),
			reply->wants_json ? STR("application/json")
					  : STR("text/plain; charset=utf-8"));
	http_write_field_u64(out, STR("Content-Length"), length);
	if (!reply->has_body)
		http_write_field(out, STR("Cache-Control"), STR("no-store"));
}

static void write_connection(struct buf *out, const struct reply *reply)
{
	if (!reply->is_keep_alive)
		http_write_field(out, STR("Connection"), STR("close"));
	else if (reply->is_http10)
		http_write_field(out, STR("Connection"), STR("keep-alive"));
}

static void write_challenge(struct buf *out, const struct reply *reply)
{
	buf_printf(out, "WWW-Authenticate: Bearer realm=\"%s\"", reply->bearer_realm);
	if (reply->bearer_error)
		buf_printf(out, ", error=\"%s\", error_description=\"%s\"",
			reply->bearer_error, reply->detail);
	buf_append_str(out, STR("\r\n"));
}

// RFC 9110 section 8.6, and 15.4.5: of 304, a length would be that of another answer.
static bool has_content(const struct reply *reply)
{
	return reply->status != 204 && reply->status != 304;
}

void reply_write(struct buf *out, const struct reply *reply)
{
	struct buf body = BUF_INIT;
	if (reply->has_body)
		buf_append_str(&body, reply->body);
	else if (has_content(reply))
		write_body(&body, reply);
	http_write_status_line(out, reply->status, STR(""));
	http_write_date(out);
	if (has_content(reply))
		write_page(out, reply, body.length);
	buf_append_str(out, reply->fields);
	if (reply->location.length > 0)
		http_write_field(out, STR("Location"), reply->location);
	if (reply->bearer_realm)
		write_challenge(out, reply);
	if (reply->field)
		buf_printf(out, "%s\r\n", reply->field);
	if (reply->retry_after_s > 0)
		http_write_field_u64(out, STR("Retry-After"), reply->retry_after_s);
	write_connection(out, reply);
	http_write_end(out);
	if (!reply->is_head)
		buf_append_str(out, buf_str(&body));
	out->is_failed |= body.is_failed;
	buf_finish(&body);
}

bool reply_refuse(struct reply *ret_reply, unsigned status, const char *detail)
{
	*ret_reply = (struct reply){.status = status, .detail = detail};
	return false;
}
