// SPDX-License-Identifier: MIT
// The script that pages load from Wherry itself, to be told of changes in place of
// polling: src/proxy/live_script/*.js, joined, which is part of the program.
#pragma once

#include "wherry/conf/conf.h"
#include "wherry/proto/http_message.h"
#include "wherry/proxy/reply.h"

#define LIVE_SCRIPT_PATH "/.wherry/live.js"

// Is it there? Wherever a route of conf is live or subscribes clients.
bool live_script_is_offered(const struct conf *conf);
// Does the request ask for it? Its path is Wherry's own on every host where a route of
// conf is live or subscribes clients, and nothing special where none is.
bool live_script_is_asked(const struct conf *conf, const struct http_message *message);
// The answer to such a request; its texts are static.
void live_script_answer(const struct http_message *message, struct reply *ret_reply);
