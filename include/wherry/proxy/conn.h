// SPDX-License-Identifier: MIT
// A client connection from accept to close: the only file that knows the order of things.
// Each step gives a value back, or tells its end once; conn decides what comes next.
#pragma once

#include "wherry/base/close_reason.h"
#include "wherry/proxy/site.h"

struct conn;
struct conn_facts_filter;
struct reply;

// Takes the socket, whose connection has entered limits; with its source, if that is
// counted. Nothing is returned: the connection lives in site->conns until it ends, and
// leaves limits by itself.
void conn_accept(struct site *site, struct edition *edition,
	const struct conf_listener *listener, int socket, const struct addr *peer,
	bool is_source_counted);
// The same, for a connection that is one too many: it is answered and closed, or closed
// alone, when many are.
void conn_refuse(struct site *site, struct edition *edition,
	const struct conf_listener *listener, int socket, const struct addr *peer,
	const struct reply *refusal);

// Its turn in its drain has come: closes now if it is idle, after the current response if
// there is one, and a WebSocket at the end of the current message.
void conn_drain(struct conn *conn);
// Memory is short: gives up all connections of the site that are idle; or else, a step
// at a time, those that hold the most or are silent for the longest time, WebSockets with
// Close 1013.
void conn_shed(struct site *site);
// An operator wants it gone: a WebSocket gets Close with this code and text ("" is the
// reason's name), any other connection is closed at once. False if it is closing already.
MUST_CHECK bool conn_kill(struct conn *conn, uint16_t code, const char *text);
// The same for what the filter means of a page's socket, which stays: the client is told
// that these URLs end. False: it means none of them, or the connection as a whole.
MUST_CHECK bool conn_kill_lines(
	struct conn *conn, const struct conn_facts_filter *filter, const char *text);
// Closes at once: its drain's deadline has come, or the process's end.
void conn_cut(struct conn *conn);
