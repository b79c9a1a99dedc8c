// SPDX-License-Identifier: MIT
// The answer that is live.js; see the header.
#include "wherry/proxy/live_script.h"

#include <live_script_text.h> // the build makes it of live_script/*.js: text, TAG

#include "wherry/proto/http_etag.h"

// Public, for it is the same for everybody. An hour, since pages are to get that of a
// newer Wherry soon; then a 304 costs nothing. A browser takes it for nothing but a
// script.
#define FIELDS                                                                           \
	"Content-Type: text/javascript; charset=utf-8\r\n"                               \
	"Cache-Control: public, max-age=3600\r\n"                                        \
	"ETag: " TAG "\r\n"                                                              \
	"X-Content-Type-Options: nosniff\r\n"

bool live_script_is_offered(const struct conf *conf)
{
	for (size_t i = 0; i < conf->route_count; i++) {
		enum conf_action action = conf->routes[i].action;
		if (action == CONF_LIVE || action == CONF_SUBSCRIBE)
			return true;
	}
	return false;
}

bool live_script_is_asked(const struct conf *conf, const struct http_message *message)
{
	return str_equal(message->path, STR(LIVE_SCRIPT_PATH)) &&
	       live_script_is_offered(conf);
}

static bool has_it_already(const struct http_message *message)
{
	for (size_t i = 0; i < message->field_count; i++) {
		const struct http_field *field = &message->fields[i];
		if (str_equal_nocase(field->name, STR("If-None-Match")) &&
			http_etag_is_listed(field->value, STR(TAG)))
			return true;
	}
	return false;
}

void live_script_answer(const struct http_message *message, struct reply *ret_reply)
{
	*ret_reply = (struct reply){.status = 200, .fields = STR(FIELDS)};
	if (!http_message_is_method(message, "GET") &&
		!http_message_is_method(message, "HEAD")) {
		*ret_reply = (struct reply){
			.status = 405,
			.detail = "this is a script of Wherry's (expected GET or HEAD)",
			.field = "Allow: GET, HEAD",
		};
	} else if (has_it_already(message)) {
		ret_reply->status = 304;
	} else {
		ret_reply->has_body = true;
		ret_reply->body = (struct str){(const char *)text, sizeof(text)};
	}
}
