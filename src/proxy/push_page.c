// SPDX-License-Identifier: MIT
// A page's WebSocket; see the header.
#include "wherry/proxy/push_page.h"

#include "push_page_priv.h"
#include "wherry/proto/push_envelope.h"
#include "wherry/proxy/live_script.h"
#include "wherry/proxy/upgrade.h"

// It is on no route: these are what routes have by default.
static const struct conf_subscribe page_rules = {
	.transports = CONF_TRANSPORT_WEBSOCKET,
	.max_message = 8 * 1024,
	.rate = {.count = 100, .period_ms = 1000, .burst = 100},
	.ping_ms = 30 * 1000,
	.ping_timeout_ms = 10 * 1000,
};

bool push_page_is_asked(const struct conf *conf, const struct http_message *message)
{
	return str_equal(message->path, STR(PUSH_PAGE_PATH)) &&
	       live_script_is_offered(conf);
}

static bool init(struct push_websocket *socket, const struct push_methods *methods,
	const struct push_question *question)
{
	struct push_page *page = (struct push_page *)socket;
	push_init(&socket->subscription.push, methods, question);
	socket->subscription.rules = &page_rules;
	page->peer = question->peer;
	buf_append_str(&page->client, question->request->client);
	LIST_INIT(&page->urls);
	if (push_page_head_keep(page, question->message))
		return true;
	push_page_head_forget(page);
	return false;
}

static bool start(struct push_websocket *socket)
{
	return true;
}

static void take(struct push_websocket *socket, struct str payload)
{
	struct push_page *page = (struct push_page *)socket;
	struct push_follow follow;
	const char *error = NULL;
	if (!push_follow_read(payload, &follow, &error))
		push_websocket_close_for(socket, CLOSE_REASON_POLICY, error);
	else if (follow.is_end)
		push_page_url_end(page, buf_str(&follow.url));
	else
		push_page_url_start(page, &follow);
	push_follow_finish(&follow);
}

static void resume(struct push_websocket *socket)
{
	stream_resume(socket->subscription.push.client);
	push_page_url_resume_all((struct push_page *)socket);
}

// Nothing is taken any more.
static void stop(struct push_websocket *socket)
{
	struct push_page *page = (struct push_page *)socket;
	push_page_url_end_all(page);
	push_page_refuse_no_more(page);
	push_page_head_forget(page);
}

static bool renew(struct push_websocket *socket, struct edition *edition,
	const struct conf_route *route)
{
	if (!live_script_is_offered(edition->conf))
		return false;
	push_page_url_renew_all((struct push_page *)socket, edition);
	return true;
}

static const struct push_websocket_use page_use = {
	.size = sizeof(struct push_page),
	.is_answered = true,
	.init = init,
	.start = start,
	.take = take,
	.resume = resume,
	.stop = stop,
	.renew = renew,
	.find_line = push_page_url_find,
	.end_line = push_page_url_kill,
};

static bool is_handshake(const struct http_message *message, struct reply *ret_reply)
{
	if (message->body_kind != HTTP_BODY_NONE)
		return reply_refuse(ret_reply, 413, "no body is expected here");
	if (message->is_websocket_upgrade)
		return upgrade_is_complete(message, ret_reply);
	(void)reply_refuse(ret_reply, 426, "this is for WebSockets (wherry.v1)");
	ret_reply->field = "Upgrade: websocket";
	return false;
}

static bool may_begin(const struct push_page *page, struct reply *ret_reply)
{
	if (page->fields.length > PUSH_PAGE_FIELDS_BYTES_MAX)
		return reply_refuse(ret_reply, 431,
			"the fields are longer than a page's socket keeps (8 KiB)");
	return page->socket.subscription.wants_envelope ||
	       reply_refuse(ret_reply, 400,
		       "the client offers no subprotocol for this "
		       "(expected " PUSH_ENVELOPE_PROTOCOL ")");
}

enum push_creation push_page_create(const struct push_question *question,
	struct push **ret_push, struct reply *ret_reply)
{
	if (!is_handshake(question->message, ret_reply))
		return PUSH_REFUSED;
	enum push_creation creation = push_websocket_make(question, &page_use, ret_push);
	if (creation != PUSH_MADE ||
		may_begin((const struct push_page *)*ret_push, ret_reply))
		return creation;
	push_destroy(*ret_push);
	*ret_push = NULL;
	return PUSH_REFUSED;
}
