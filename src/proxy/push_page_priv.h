// SPDX-License-Identifier: MIT
// A page's WebSocket as its parts see it: push_page.c (the socket), push_page_url.c (a
// URL that is followed over it), push_page_head.c (the GET that this is) and
// push_page_refusal.c (the answer, if it is not).
#pragma once

#include "push_websocket_priv.h"
#include "wherry/proto/push_follow.h"
#include "wherry/proxy/route.h"

struct push_page_url;
LIST_HEAD(push_page_urls, push_page_url);

enum {
	PUSH_PAGE_URLS_MAX = 16,               // of one socket
	PUSH_PAGE_URL_BYTES_MAX = 2048,        // of one URL
	PUSH_PAGE_FIELDS_BYTES_MAX = 8 * 1024, // that are kept of a handshake
};

struct push_page {
	struct push_websocket socket; // its first member
	const struct addr *peer;      // borrowed from conn
	struct buf host, fields;      // of the handshake; as for request_facts
	struct buf client;            // whose request that was
	struct push_page_urls urls;   // that are followed, or asked about
	size_t url_count;
	struct rate refusal_lines; // in the log
	size_t unlogged;           // refusals without a line
};

// push_page_url.c

// Follows the URL, from the beginning if it does already; or tells the client why not.
void push_page_url_start(struct push_page *page, const struct push_follow *follow);
// Follows it no longer. Nothing, if it does not.
void push_page_url_end(struct push_page *page, struct str name);
void push_page_url_end_all(struct push_page *page);
// There is a newer edition than the page's: each URL is routed anew, and the client told
// of those that are not there any more.
void push_page_url_renew_all(struct push_page *page, struct edition *edition);
// See find_line and end_line of push_methods.
bool push_page_url_find(
	const struct push *push, size_t index, struct push_line *ret_line);
void push_page_url_kill(struct push *push, size_t index, const char *text);
// There is room again.
void push_page_url_resume_all(struct push_page *page);

// push_page_head.c

// The head of a GET, as long as it is looked at.
struct push_page_head {
	struct buf text; // what the message is slices of; to be finished
	struct http_message message;
	struct route_choice choice; // not yet made
};

// Keeps what a GET has of the handshake. False when memory is short.
MUST_CHECK bool push_page_head_keep(
	struct push_page *page, const struct http_message *handshake);
void push_page_head_forget(struct push_page *page);
// The head of the GET of this URL. False: the reply says why it can't be one.
MUST_CHECK bool push_page_head_read(const struct push_page *page, struct str name,
	struct push_page_head *head, struct reply *reterr_reply);

// push_page_refusal.c

// Tells the client that this URL is not followed, and the log. May close the socket.
void push_page_refuse(struct push_page *page, struct str name, const struct reply *reply);
// The log has them all.
void push_page_refuse_no_more(struct push_page *page);
