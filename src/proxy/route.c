// SPDX-License-Identifier: MIT
// Which route a request takes; see the header.
#include "wherry/proxy/route.h"

#include <string.h>

#include "wherry/base/buf.h"
#include "wherry/base/path.h"
#include "wherry/proxy/origins.h"

static bool matches_host(const char *pattern, struct str host)
{
	struct str wanted = str_from(pattern);
	if (!str_has_prefix(wanted, STR("*.")))
		return str_equal_nocase(wanted, host);
	struct str suffix = {wanted.data + 1, wanted.length - 1};
	return host.length > suffix.length && str_has_suffix_nocase(host, suffix);
}

static bool matches_path(const char *pattern, struct str path)
{
	struct str wanted = str_from(pattern);
	if (wanted.length > 0 && wanted.data[wanted.length - 1] == '/')
		return str_has_prefix(path, wanted);
	return str_equal(path, wanted);
}

// A browser asks in front whether its page may send what it is about to send (WHATWG
// Fetch, CORS): the route of that one answers.
static bool matches_method(
	const struct conf_route *route, const struct http_message *request)
{
	const char *method = route->match.method;
	if (http_message_is_method(request, method))
		return true;
	return conf_route_pushes(route) && origins_is_preflight(request) &&
	       str_equal(origins_preflight_method(request), str_from(method));
}

static const struct conf_header *find_unmet_field(
	const struct conf_match *match, const struct http_message *request)
{
	for (size_t i = 0; i < match->header_count; i++) {
		const struct conf_header *wanted = &match->headers[i];
		const struct http_field *field =
			http_message_find_name(request, str_from(wanted->name));
		if (!field)
			return wanted;
		if (strcmp(wanted->value, "*") != 0 &&
			!str_equal(field->value, str_from(wanted->value)))
			return wanted;
	}
	return NULL;
}

// What is asked, apart from the path, which can be read in more than one way.
struct question {
	const struct conf *conf;
	const struct http_message *request;
	struct str host;
	bool is_secure;
};

static enum route_condition find_unmet(
	const struct conf_route *route, const struct question *question, struct str path)
{
	const struct conf_match *match = &route->match;
	if (question->is_secure && route->redirects_to_https)
		return ROUTE_CONDITION_PLAIN;
	if (match->path && !matches_path(match->path, path))
		return ROUTE_CONDITION_PATH;
	if (match->host && !matches_host(match->host, question->host))
		return ROUTE_CONDITION_HOST;
	if (match->method && !matches_method(route, question->request))
		return ROUTE_CONDITION_METHOD;
	if (match->subprotocol &&
		!http_message_has_token(question->request,
			HTTP_FIELD_SEC_WEBSOCKET_PROTOCOL, str_from(match->subprotocol)))
		return ROUTE_CONDITION_SUBPROTOCOL;
	return find_unmet_field(match, question->request) ? ROUTE_CONDITION_FIELD
							  : ROUTE_CONDITION_NONE;
}

static const struct conf_route *find(const struct question *question, struct str path)
{
	for (size_t i = 0; i < question->conf->route_count; i++) {
		const struct conf_route *route = &question->conf->routes[i];
		if (find_unmet(route, question, path) == ROUTE_CONDITION_NONE)
			return route;
	}
	return NULL;
}

// The root's dot at its end makes no other name.
static struct str find_host(const struct http_message *request)
{
	struct str host = request->host_name;
	if (host.length > 1 && host.data[host.length - 1] == '.')
		host.length--;
	return host;
}

static bool is_plain(struct str path)
{
	for (size_t i = 0; i < path.length; i++) {
		char byte = path.data[i];
		if (byte == '%' || byte == ';' || byte == '\\')
			return false;
		if (byte == '/' && i + 1 < path.length &&
			(path.data[i + 1] == '/' || path.data[i + 1] == '.'))
			return false;
	}
	return true;
}

static void refuse(struct route_choice *choice, unsigned status, const char *error)
{
	choice->route = NULL;
	choice->status = status;
	choice->error = error;
}

// The ways in which backends differ when they read a path, as bits.
enum reading {
	READING_MERGES = 1, // "//" is "/"
	READING_DROPS = 2,  // ";x" is no part of a name
	READING_KEEPS = 4,  // ".." is a name
	READING_DECODES = 8 // "%2F" is "/"; looked at only where that is allowed at all
};

static enum path_result read_path(const struct conf *conf, struct str path,
	unsigned reading, char storage[ROUTE_PATH_SIZE], struct str *ret_path)
{
	struct path_options options = {
		.allow_encoded_slash = conf->paths.allow_encoded_slash,
		.merge_slashes = reading & READING_MERGES,
		.drop_parameters = reading & READING_DROPS,
		.keep_dots = reading & READING_KEEPS,
		.decode_slash = reading & READING_DECODES,
	};
	size_t length = 0;
	enum path_result result = path_canonical(path, options, storage, &length);
	*ret_path = (struct str){storage, length};
	return result;
}

// All readings, that of the bytes as they were sent included, must lead to the same
// route, or a rule could be walked around.
static void choose_unplain(const struct question *question, struct route_choice *choice)
{
	static const char error[] =
		"the path can be read in ways that take different routes "
		"(expected its canonical spelling)";
	const struct conf *conf = question->conf;
	struct str sent = question->request->path;
	unsigned ours = conf->paths.merge_slashes ? READING_MERGES : 0;
	enum path_result result =
		read_path(conf, sent, ours, choice->storage, &choice->path);
	if (result != PATH_OK) {
		refuse(choice, 400, path_result_text(result));
		return;
	}
	const struct conf_route *route = find(question, choice->path);
	choice->route = route;
	if (find(question, sent) != route)
		refuse(choice, 400, error);

	unsigned count =
		conf->paths.allow_encoded_slash ? 2 * READING_DECODES : READING_DECODES;
	for (unsigned reading = 0; reading < count && choice->status == 0; reading++) {
		char storage[ROUTE_PATH_SIZE];
		struct str path;
		result = read_path(conf, sent, reading, storage, &path);
		if (result != PATH_OK)
			refuse(choice, 400, path_result_text(result));
		else if (find(question, path) != route)
			refuse(choice, 400, error);
	}
}

void route_choose(const struct conf *conf, const struct http_message *request,
	bool is_secure, struct route_choice *ret_choice)
{
	struct question question = {conf, request, find_host(request), is_secure};
	ret_choice->route = NULL;
	ret_choice->status = 0;
	ret_choice->error = NULL;
	ret_choice->path = request->path;
	if (request->path.length > ROUTE_PATH_SIZE)
		refuse(ret_choice, 400, "the path is too long");
	else if (is_plain(request->path))
		ret_choice->route = find(&question, request->path);
	else
		choose_unplain(&question, ret_choice);
	if (!ret_choice->route && ret_choice->status == 0)
		refuse(ret_choice, 404, "no route matches this host, path and method");
}

enum route_condition route_find_unmet(const struct conf_route *route,
	const struct http_message *request, bool is_secure, struct str path,
	const struct conf_header **ret_field)
{
	struct question question = {NULL, request, find_host(request), is_secure};
	*ret_field = find_unmet_field(&route->match, request);
	return find_unmet(route, &question, path);
}

// Does prefix end at a segment boundary of path? "/shop" is one of "/shop/x", not
// "/shopping".
static bool has_path_prefix(struct str path, struct str prefix)
{
	return str_has_prefix(path, prefix) &&
	       (path.length == prefix.length || path.data[prefix.length] == '/');
}

static struct str cut(struct str path, struct str prefix)
{
	return (struct str){path.data + prefix.length, path.length - prefix.length};
}

// from at the start becomes to; nothing left becomes "/".
static void write_mapped(
	struct buf *out, struct str path, const char *from, const char *to)
{
	struct str prefix = str_from(from ? from : "");
	if (!has_path_prefix(path, prefix)) {
		buf_append_str(out, path);
		return;
	}
	struct str rest = cut(path, prefix);
	buf_append_str(out, str_from(to ? to : ""));
	buf_append_str(out, rest.length > 0 ? rest : STR("/"));
}

void route_write_target(struct buf *out, const struct conf *conf,
	const struct route_choice *choice, const struct http_message *request)
{
	const struct conf_route *route = choice->route;
	struct str path = conf->paths.forward_canonical ? choice->path : request->path;
	if (route->path_strip && !has_path_prefix(path, str_from(route->path_strip)))
		path = choice->path;
	if (route->path_strip || route->path_add)
		write_mapped(out, path, route->path_strip, route->path_add);
	else
		buf_append_str(out, path);
	buf_append_str(out, request->query);
}

void route_write_path_back(
	struct buf *out, const struct conf_route *route, struct str path)
{
	write_mapped(out, path, route->path_add, route->path_strip);
}

// The host was matched with one that is configured, and its syntax checked.
void route_write_https(struct buf *out, const struct conf_route *route,
	const struct http_message *request)
{
	buf_append_str(out, STR("https://"));
	buf_append_str(out, find_host(request));
	if (route->redirect_port != 443)
		buf_printf(out, ":%u", route->redirect_port);
	bool is_path = request->path.length > 0 && request->path.data[0] == '/';
	buf_append_str(out, is_path ? request->path : STR("/")); // not "OPTIONS *"
	buf_append_str(out, request->query);
}
