// SPDX-License-Identifier: MIT
// What a page is told of a URL that it may not follow, or not any more; and the log.
#include <string.h>

#include "push_page_priv.h"
#include "wherry/base/log.h"
#include "wherry/proto/json_text.h"

static void log_refusal(
	struct push_page *page, struct str name, const struct reply *reply)
{
	struct buf escaped = BUF_INIT;
	const char *query = memchr(name.data, '?', name.length);
	if (query) // it may hold a token
		name.length = (size_t)(query - name.data);
	log_escape(&escaped, LOG_FORMAT_TEXT, name);
	log_info("live: %.*s is not followed for %.*s: %u, %s",
		STR_ARG(buf_str(&escaped)),
		STR_ARG(page->socket.subscription.push.request->client), reply->status,
		reply->detail ? reply->detail : "");
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
