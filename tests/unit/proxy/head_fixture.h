// SPDX-License-Identifier: MIT
// One request on its way through a route, and its response, as heads in readable lines.
#pragma once

#include "http_head.h"
#include "server_set.h"
#include "wherry/base/buf.h"
#include "wherry/proxy/request.h"
#include "wherry/proxy/route.h"

struct head_fixture {
	struct conf *conf;
	struct server_set servers;
	const struct upstream_server *server;
	struct addr peer;
	bool is_tls; // set before the start
	struct request request;
	struct http_head head;     // of the request
	struct http_head response; // read by head_fixture_write_response
	struct route_choice choice;
	struct buf out; // what was written last
};

// The request comes from this address. The configuration holds the keys of its only route
// (in YAML's flow style, or NULL) and whatever stands in top (or NULL).
void head_fixture_start(struct head_fixture *fixture, const char *top, const char *route,
	const char *peer, const char *lines);
void head_fixture_finish(struct head_fixture *fixture);

// Writes the request's head for the backend, or the response's for the client.
void head_fixture_write_request(struct head_fixture *fixture);
void head_fixture_write_response(
	struct head_fixture *fixture, const char *lines, bool is_keep_alive);

// The whole of it; lines end in "\n".
void head_fixture_expect(const struct head_fixture *fixture, const char *lines);
// It has this line, once; no line with this name ("Name:").
void head_fixture_expect_line(const struct head_fixture *fixture, const char *line);
void head_fixture_expect_no(const struct head_fixture *fixture, const char *name);
