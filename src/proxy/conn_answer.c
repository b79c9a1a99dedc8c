// SPDX-License-Identifier: MIT
// What Wherry answers by itself, before access rules are asked and whatever the route:
// the script for live URLs, the WebSocket that it opens, and browsers' questions.
#include "conn_priv.h"

#include "wherry/proxy/limits.h"
#include "wherry/proxy/live_script.h"
#include "wherry/proxy/origins.h"
#include "wherry/proxy/push_page.h"

static void refuse(struct conn *conn)
{
	conn_reply(conn, (struct reply){.status = 503, .detail = "out of memory"},
		CLOSE_REASON_NO_MEMORY);
}

// A browser asks without any credentials (WHATWG Fetch, CORS).
static void answer_preflight(struct conn *conn, const struct http_message *message)
{
	struct buf fields = BUF_INIT;
	struct reply reply = {.status = 204};
	if (!push_write_preflight(
		    &fields, conn->request.route, message, conn->request.is_https))
		reply = (struct reply){.status = 403,
			.detail = "this Origin's pages may not use this route"};
	reply.fields = buf_str(&fields);
	if (fields.is_failed)
		refuse(conn);
	else
		conn_reply(conn, reply,
			reply.status == 204 ? CLOSE_REASON_DONE : CLOSE_REASON_REFUSED);
	buf_finish(&fields);
}

static void answer_script(struct conn *conn, const struct http_message *message)
{
	struct reply reply;
	live_script_answer(message, &reply);
	conn->request.route = NULL; // it is on none
	conn_reply(conn, reply,
		reply.status == 405 ? CLOSE_REASON_REFUSED : CLOSE_REASON_DONE);
}

// Nothing of a route is asked for yet, but handshakes may be too many.
static bool is_page_in_limits(struct conn *conn)
{
	struct reply refusal;
	if (limits_enter_request(
		    conn->site->limits, conn->edition->rules, &conn->request, &refusal))
		return true;
	conn_reply(conn, refusal,
		refusal.status == 429 ? CLOSE_REASON_POLICY : CLOSE_REASON_OVERLOAD);
	return false;
}

static void open_page(struct conn *conn, const struct http_message *message)
{
	struct push_question question = conn_push_question(conn, message, NULL);
	struct reply reply = {0};
	conn->request.route = NULL; // it is on none
	if (!is_page_in_limits(conn))
		return;
	switch (push_page_create(&question, &conn->push, &reply)) {
	case PUSH_MADE:
		conn_start_push(conn);
		return;
	case PUSH_REFUSED:
		conn_reply(conn, reply, CLOSE_REASON_REFUSED);
		return;
	case PUSH_NONE:
	case PUSH_MEMORY:
		break;
	}
	refuse(conn);
}

static bool is_preflight(
	const struct route_choice *choice, const struct http_message *message)
{
	return choice->status == 0 && conf_route_pushes(choice->route) &&
	       origins_is_preflight(message);
}

bool conn_answer(struct conn *conn, const struct http_message *message,
	const struct route_choice *choice)
{
	if (live_script_is_asked(conn->edition->conf, message)) {
		answer_script(conn, message);
		return true;
	}
	if (push_page_is_asked(conn->edition->conf, message)) {
		open_page(conn, message);
		return true;
	}
	if (is_preflight(choice, message)) {
		answer_preflight(conn, message);
		return true;
	}
	return false;
}
