// SPDX-License-Identifier: MIT
// The stations of a dry run; see the header.
#include "wherry/command/explain.h"

#include <string.h>

#include "explain_priv.h"
#include "wherry/conf/conf_value.h"
#include "wherry/proxy/live_script.h"
#include "wherry/proxy/push_page.h"

static void add_request(struct explain *explain)
{
	const struct explain_question *question = explain->question;
	const struct request *request = &explain->request;
	json_t *to = explain_add_object(explain, explain->root, "request");
	explain_add(explain, to, "method", "%.*s", STR_ARG(request->method));
	explain_add(explain, to, "url", "%s", question->url);
	explain_add(explain, to, "client", "%.*s%s", STR_ARG(request->client),
		question->source ? "" : " (an example: --source names another)");
	explain_add(explain, to, "seen_as", "%s%s",
		request->is_websocket ? "a WebSocket handshake" : "a request",
		request->is_https ? " by TLS" : " without TLS");
}

static void add_push_settings(struct explain *explain, const struct conf_route *route)
{
	static const char *const paths[] = {
		[CONF_LIVE] = "routes[].live",
		[CONF_SUBSCRIBE] = "routes[].subscribe",
		[CONF_PUBLISH] = "routes[].publish",
	};
	const char *path = route->action < sizeof(paths) / sizeof(paths[0])
				   ? paths[route->action]
				   : NULL;
	if (path)
		explain_add_settings(explain,
			explain_add_object(explain, explain->root, strchr(path, '.') + 1),
			path, route);
}

static void add_settings(struct explain *explain)
{
	const struct conf *conf = explain->conf;
	const struct conf_route *route = explain->choice.route;
	json_t *limits = explain_add_object(explain, explain->root, "limits");
	explain_add_settings(explain, limits, "limits", conf);
	json_t *timeouts = explain_add_object(explain, explain->root, "timeouts");
	explain_add_settings(explain, timeouts, "timeouts", conf);
	if (!route)
		return;
	add_push_settings(explain, route);
	char body[CONF_VALUE_TEXT_SIZE];
	explain_add(
		explain, limits, "body", "%s", conf_value_format_size(route->body, body));
	explain_add_settings(explain, explain_add_object(explain, limits, "of_the_route"),
		"routes[].limits", route);
	explain_add_settings(explain, timeouts, "routes[].timeouts", route);
}

static void refuse_head(struct explain *explain, unsigned status, const char *error)
{
	json_t *to = explain_add_object(explain, explain->root, "answer");
	explain_add_number(explain, to, "status", status);
	explain_add(explain, to, "because", "%s", error);
}

// False: a route decides.
static bool tell_own(struct explain *explain)
{
	const char *what = NULL;
	if (live_script_is_asked(explain->conf, &explain->message))
		what = "the script for live URLs";
	else if (push_page_is_asked(explain->conf, &explain->message))
		what = "the WebSocket of that script";
	if (!what)
		return false;
	json_t *to = explain_add_object(explain, explain->root, "answer");
	explain_add(explain, to, "from", "Wherry itself: %s", what);
	return true;
}

static void ask(struct explain *explain)
{
	unsigned status;
	const char *error;
	explain_listener(explain);
	if (!explain_read_head(explain, explain->url.is_websocket, &explain->head,
		    &explain->message, &status, &error)) {
		refuse_head(explain, status, error);
		return;
	}
	if (!request_init(&explain->request, &explain->message, explain->conf,
		    &explain->peer, explain->url.is_tls)) {
		explain->is_failed = true;
		return;
	}
	route_choose(explain->conf, &explain->message, explain->request.is_https,
		&explain->choice);
	explain->request.route = explain->choice.route;
	add_request(explain);
	if (tell_own(explain))
		return;
	explain_routes(explain);
	explain_outcome(explain);
	explain_websocket(explain);
	explain_upstream(explain);
	add_settings(explain);
}

static bool read_question(struct explain *explain, const char **reterr_text)
{
	const char *source = explain->question->source;
	*reterr_text = "bad --source (expected an IP address)";
	return addr_parse_ip(
		       str_from(source ? source : EXPLAIN_SOURCE), 1, &explain->peer) &&
	       explain_url_parse(
		       str_from(explain->question->url), &explain->url, reterr_text);
}

json_t *explain_answer(const struct conf *conf, const struct explain_question *question,
	const char **reterr_text)
{
	struct explain explain = {.conf = conf, .question = question};
	if (!read_question(&explain, reterr_text))
		return NULL;
	*reterr_text = "out of memory";
	explain.root = json_object();
	explain.is_failed = !explain.root;
	request_init_empty(&explain.request);
	ask(&explain);
	request_finish(&explain.request);
	buf_finish(&explain.head);
	if (!explain.is_failed)
		return explain.root;
	json_decref(explain.root);
	return NULL;
}
