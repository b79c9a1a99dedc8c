// SPDX-License-Identifier: MIT
// What a page is told of a URL that it may not follow, or not any more; and the log.
#include <string.h>

#include "push_page_priv.h"
#include "wherry/base/log.h"
#include "wherry/base/now.h"
#include "wherry/proto/json_text.h"

void push_page_refuse_no_more(struct push_page *page)
{
	if (page->unlogged > 0)
		log_info("live: %zu more URLs were not followed for %.*s", page->unlogged,
			STR_ARG(buf_str(&page->client)));
	page->unlogged = 0;
}

// A socket may ask a hundred times a second: then many share a line, which comes with the
// next that has one of its own, or with the socket's end.
static bool has_line(struct push_page *page)
{
	static const struct rate_limit limit = {
		.count = 1, .period_ms = 10 * 1000, .burst = 2 * PUSH_PAGE_URLS_MAX};
	if (rate_take(&page->refusal_lines, &limit, now_ms(), 1) == 0)
		return true;
	page->unlogged++;
	return false;
}

static void log_refusal(
	struct push_page *page, struct str name, const struct reply *reply)
{
	struct buf escaped = BUF_INIT;
	if (!has_line(page))
		return;
	push_page_refuse_no_more(page);
	const char *query = memchr(name.data, '?', name.length);
	if (query) // it may hold a token
		name.length = (size_t)(query - name.data);
	log_escape(&escaped, LOG_FORMAT_TEXT, name);
	log_info("live: %.*s is not followed for %.*s: %u, %s",
		STR_ARG(buf_str(&escaped)), STR_ARG(buf_str(&page->client)),
		reply->status, reply->detail ? reply->detail : "");
	buf_finish(&escaped);
}

// NULL when memory is short.
static struct message *make_refusal(struct str name, const struct reply *reply)
{
	struct buf text = BUF_INIT;
	buf_printf(
		&text, "{\"state\":\"refused\",\"status\":%u,\"detail\":", reply->status);
	json_text_write_string(&text, str_from(reply->detail ? reply->detail : ""));
	buf_append_str(&text, STR("}"));
	struct message_parts parts = {
		.kind = MESSAGE_STATUS,
		.channel = name,
		.payload = buf_str(&text),
		.content_type = STR("application/json"),
	};
	struct message *message = text.is_failed ? NULL : message_create(&parts);
	buf_finish(&text);
	return message;
}

void push_page_refuse(struct push_page *page, struct str name, const struct reply *reply)
{
	struct message *message = make_refusal(name, reply);
	log_refusal(page, name, reply);
	if (message)
		push_websocket_write(&page->socket, message);
	else
		push_websocket_close_for(&page->socket, CLOSE_REASON_NO_MEMORY, NULL);
	message_unref(message);
}
