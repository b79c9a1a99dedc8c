// SPDX-License-Identifier: MIT
// A URL that a page follows: a GET of its own, of which nothing was sent but its target.
#include <stdlib.h>

#include "push_live_priv.h"
#include "push_page_priv.h"
#include "wherry/base/now.h"
#include "wherry/proxy/access.h"
#include "wherry/proxy/limits.h"
#include "wherry/proxy/origins.h"
#include "wherry/proxy/route.h"

struct push_page_url {
	LIST_ENTRY(push_page_url) link;
	struct push_page *page;
	struct buf name; // as the client wrote it
	struct request request;
	struct edition *edition;   // that it goes by; a reference. An older one than the
				   // page's only while access is asked
	struct access *access;     // while whether it may be is being found out
	struct reply refusal;      // what stands against it besides; status 0: nothing
	struct live_reader reader; // else
	struct loop_timer timer;   // for the end of what let it in
	uint64_t after;            // id of what the client has; 0 = nothing
};

static struct push *push_of(struct push_page *page)
{
	return &page->socket.subscription.push;
}

static void destroy(struct push_page_url *url)
{
	struct push_page *page = url->page;
	access_destroy(url->access);
	live_reader_finish(&url->reader);
	loop_timer_finish(&url->timer);
	if (url->edition)
		limits_leave_request(url->edition->rules, &url->request);
	edition_unref(url->edition);
	request_finish(&url->request);
	buf_finish(&url->name);
	LIST_REMOVE(url, link);
	page->url_count--;
	free(url);
}

// The page may be closing when this returns, and without URLs.
static void refuse(struct push_page_url *url, struct reply reply)
{
	struct push_page *page = url->page;
	struct buf name = url->name;
	url->name = BUF_INIT;
	destroy(url);
	push_page_refuse(page, buf_str(&name), &reply);
	buf_finish(&name);
}

static void refuse_with(struct push_page_url *url, unsigned status, const char *detail)
{
	refuse(url, (struct reply){.status = status, .detail = detail});
}

static enum subscriber_answer deliver(void *arg, struct message *message)
{
	struct push_page_url *url = arg;
	return push_websocket_deliver(&url->page->socket, message);
}

// It was told why.
static void on_end(void *arg, enum close_reason reason, const char *detail)
{
	destroy(arg);
}

static const struct subscriber_handler reader_events = {
	.deliver = deliver,
	.on_end = on_end,
};

static void on_expiry(void *arg)
{
	refuse_with(arg, 401, "the token that let it in has expired");
}

// Who has the newest already is told that it is.
static void begin(struct push_page_url *url)
{
	struct live_reader *reader = &url->reader;
	if (url->after != 0)
		reader->told = NULL;
	live_reader_start(reader, url->after, &reader_events, url);
	if (url->request.expires_ms != 0)
		loop_timer_set(&url->timer, url->request.expires_ms);
}

static bool may_follow(const struct conf_route *route)
{
	return route && route->action == CONF_LIVE;
}

// NULL if it is on none that would take it.
static const struct conf_route *find_route(
	const struct push_page_url *url, const struct edition *edition)
{
	struct push_page_head head = {.text = BUF_INIT};
	struct reply reply;
	const struct conf_route *route = url->request.route;
	if (edition->rules != url->edition->rules) {
		head.choice.route = NULL;
		if (push_page_head_read(url->page, buf_str(&url->name), &head, &reply))
			route_choose(edition->conf, &head.message, url->request.is_https,
				&head.choice);
		route = head.choice.route;
		buf_finish(&head.text);
	}
	return may_follow(route) ? route : NULL;
}

// False: it is not there any more, which the client was told.
static bool renew(struct push_page_url *url, struct edition *edition)
{
	if (edition == url->edition)
		return true;
	const struct conf_route *route = find_route(url, edition);
	if (!route || !live_entry_follow_route(url->reader.entry, edition, route)) {
		refuse_with(url, 404, "its route is gone, or leads elsewhere");
		return false;
	}
	limits_move_request(url->edition->rules, edition->rules, &url->request, route);
	edition_unref(url->edition);
	url->edition = edition_ref(edition);
	return true;
}

static void conclude(
	struct push_page_url *url, enum access_result result, const struct reply *reply)
{
	if (result == ACCESS_REFUSED)
		refuse(url, *reply);
	else if (url->refusal.status != 0)
		refuse(url, url->refusal);
	else if (renew(url, push_of(url->page)->edition))
		begin(url);
}

static void on_decision(void *arg, enum access_result result, const struct reply *reply)
{
	struct push_page_url *url = arg;
	struct access *access = url->access;
	url->access = NULL;
	conclude(url, result, reply);
	access_destroy(access);
}

static void ask_access(struct push_page_url *url, const struct http_message *message)
{
	struct push *push = push_of(url->page);
	struct access_question question = {
		.site = push->site,
		.edition = push->edition,
		.request = &url->request,
		.message = message,
		.peer = url->page->peer,
		.tls = stream_tls(push->client),
	};
	struct reply reply = {0};
	enum access_result result =
		access_start(&question, on_decision, url, &url->access, &reply);
	if (result != ACCESS_PENDING)
		conclude(url, result, &reply);
}

// As of a WebSocket: where there is a list, none is not on it.
static bool is_origin_allowed(
	const struct push_page_url *url, struct http_message *message)
{
	message->is_websocket_upgrade = true;
	bool is_allowed = origins_allow(
		&url->request.route->subscribe.origins, message, url->request.is_https);
	message->is_websocket_upgrade = false;
	return is_allowed;
}

// What stands against it, as against a WebSocket of its own.
static void prepare(
	struct push_page_url *url, struct push_page_head *head, bool wants_patches)
{
	struct push *push = push_of(url->page);
	struct push_question question = {
		.site = push->site,
		.edition = push->edition,
		.client = push->client,
		.peer = url->page->peer,
		.request = &url->request,
		.message = &head->message,
		.choice = &head->choice,
	};
	struct live_entry *entry;
	if (!may_follow(url->request.route)) {
		(void)reply_refuse(&url->refusal, 403, "this route is not live");
	} else if (!is_origin_allowed(url, &head->message)) {
		(void)reply_refuse(
			&url->refusal, 403, "this Origin's pages may not subscribe here");
	} else if (push_live_find(&question, false, &entry, &url->refusal) == PUSH_MADE) {
		live_reader_init(&url->reader, entry);
		url->reader.wants_patches = wants_patches;
	} else if (url->refusal.status == 0) {
		(void)reply_refuse(&url->refusal, 503, "out of memory");
	}
}

static bool route_head(struct push_page_url *url, struct push_page_head *head)
{
	struct push *push = push_of(url->page);
	const struct conf *conf = push->edition->conf;
	if (!request_init(&url->request, &head->message, conf, url->page->peer,
		    push->request->is_tls))
		return reply_refuse(&url->refusal, 503, "out of memory");
	route_choose(conf, &head->message, url->request.is_https, &head->choice);
	url->request.route = head->choice.route;
	url->edition = edition_ref(push->edition);
	return head->choice.status == 0 ||
	       reply_refuse(&url->refusal, head->choice.status, head->choice.error);
}

// An id that is none of ours is older than all.
static uint64_t read_id(struct str id)
{
	uint64_t after = 1;
	if (id.length > 0 && !str_parse_u64(id, UINT64_MAX - 1, &after))
		after = 1;
	return id.length > 0 ? after : 0;
}

static struct push_page_url *create(
	struct push_page *page, const struct push_follow *follow)
{
	struct push_page_url *url = calloc(1, sizeof(*url));
	if (!url)
		return NULL;
	url->page = page;
	url->after = read_id(buf_str(&follow->last_event_id));
	request_init_empty(&url->request);
	buf_append_str(&url->name, buf_str(&follow->url));
	loop_timer_init(&url->timer, push_of(page)->site->loop, on_expiry, url);
	LIST_INSERT_HEAD(&page->urls, url, link);
	page->url_count++;
	if (!url->name.is_failed)
		return url;
	destroy(url);
	return NULL;
}

static void follow_head(struct push_page *page, const struct push_follow *follow,
	struct push_page_head *head)
{
	struct push_page_url *url = create(page, follow);
	if (!url) {
		push_websocket_close_for(&page->socket, CLOSE_REASON_NO_MEMORY, NULL);
	} else if (!route_head(url, head)) {
		refuse(url, url->refusal);
	} else {
		prepare(url, head, follow->wants_patches);
		ask_access(url, &head->message);
	}
}

void push_page_url_start(struct push_page *page, const struct push_follow *follow)
{
	struct str name = buf_str(&follow->url);
	struct push_page_head head = {.text = BUF_INIT};
	struct reply reply = {0};
	push_page_url_end(page, name);
	bool is_read =
		page->url_count < PUSH_PAGE_URLS_MAX
			? push_page_head_read(page, name, &head, &reply)
			: reply_refuse(&reply, 429, "more URLs than one socket follows");
	if (is_read)
		follow_head(page, follow, &head);
	else
		push_page_refuse(page, name, &reply);
	buf_finish(&head.text);
}

void push_page_url_end(struct push_page *page, struct str name)
{
	struct push_page_url *url;
	LIST_FOREACH (url, &page->urls, link) {
		if (!str_equal(buf_str(&url->name), name))
			continue;
		destroy(url);
		return;
	}
}

void push_page_url_end_all(struct push_page *page)
{
	while (!LIST_EMPTY(&page->urls))
		destroy(LIST_FIRST(&page->urls));
}

void push_page_url_renew_all(struct push_page *page, struct edition *edition)
{
	struct push_page_url *url = LIST_FIRST(&page->urls);
	while (url) {
		struct push_page_url *next = LIST_NEXT(url, link);
		bool is_asking = url->access != NULL; // it goes on by what it began with
		bool is_there = is_asking || renew(url, edition);
		url = is_there || page->url_count > 0 ? next : NULL; // it may be closing
	}
}

void push_page_url_resume_all(struct push_page *page)
{
	struct push_page_url *url;
	LIST_FOREACH (url, &page->urls, link)
		live_reader_resume(&url->reader);
}

static struct push_page_url *find(const struct push *push, size_t index)
{
	struct push_page_url *url = LIST_FIRST(&((const struct push_page *)push)->urls);
	while (url && index-- > 0)
		url = LIST_NEXT(url, link);
	return url;
}

bool push_page_url_find(const struct push *push, size_t index, struct push_line *ret_line)
{
	const struct push_page_url *url = find(push, index);
	if (!url)
		return false;
	*ret_line = (struct push_line){
		.name = buf_str(&url->name),
		.is_url = true,
		.request = &url->request,
		.edition = url->edition,
	};
	return true;
}

void push_page_url_kill(struct push *push, size_t index, const char *text)
{
	struct push_page_url *url = find(push, index);
	if (text[0] == '\0')
		text = close_reason_name(CLOSE_REASON_KILLED);
	if (url)
		refuse_with(url, 503, text);
}
