// SPDX-License-Identifier: MIT
// Which route a request takes; see the header.
#include "wherry/proxy/route.h"

#include <string.h>

#include "wherry/base/buf.h"
#include "wherry/base/path.h"

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

static bool matches_fields(
	const struct conf_match *match, const struct http_message *request)
{
	for (size_t i = 0; i < match->header_count; i++) {
		const struct conf_header *wanted = &match->headers[i];
		const struct http_field *field =
			http_message_find_name(request, str_from(wanted->name));
		if (!field)
			return false;
		if (strcmp(wanted->value, "*") != 0 &&
			!str_equal(field->value, str_from(wanted->value)))
			return false;
	}
	return true;
}

static bool matches(const struct conf_match *match, const struct http_message *request,
	struct str host, struct str path)
{
	if (match->path && !matches_path(match->path, path))
		return false;
	if (match->host && !matches_host(match->host, host))
		return false;
	if (match->method && !http_message_is_method(request, match->method))
		return false;
	if (match->subprotocol &&
		!http_message_has_token(request, HTTP_FIELD_SEC_WEBSOCKET_PROTOCOL,
			str_from(match->subprotocol)))
		return false;
	return matches_fields(match, request);
}

static const struct conf_route *find(const struct conf *conf,
	const struct http_message *request, struct str host, struct str path)
{
	for (size_t i = 0; i < conf->route_count; i++) {
		if (matches(&conf->routes[i].match, request, host, path))
			return &conf->routes[i];
	}
	return NULL;
}

static struct str host_without_port(struct str authority)
{
	struct str host;
	uint16_t port;
	if (!url_split_authority(authority, &host, &port))
		return authority; // empty: HTTP/1.0 without Host
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

// Backends differ in how they read a path: as sent, decoded, with "//" merged or ";x"
// dropped. All readings must lead to the same route, or a rule could be walked around.
static void choose_unplain(const struct conf *conf, const struct http_message *request,
	struct str host, struct route_choice *choice)
{
	struct path_options options = {
		.allow_encoded_slash = conf->paths.allow_encoded_slash,
		.merge_slashes = conf->paths.merge_slashes,
	};
	size_t length;
	enum path_result result =
		path_canonical(request->path, options, choice->storage, &length);
	if (result != PATH_OK) {
		refuse(choice, 400, path_result_text(result));
		return;
	}
	choice->path = (struct str){choice->storage, length};

	char lenient[ROUTE_PATH_SIZE];
	options.merge_slashes = options.drop_parameters = true;
	result = path_canonical(request->path, options, lenient, &length);
	if (result != PATH_OK) {
		refuse(choice, 400, path_result_text(result));
		return;
	}
	choice->route = find(conf, request, host, choice->path);
	if (find(conf, request, host, request->path) != choice->route ||
		find(conf, request, host, (struct str){lenient, length}) != choice->route)
		refuse(choice, 400,
			"the path can be read in ways that take different routes "
			"(expected its canonical spelling)");
}

void route_choose(const struct conf *conf, const struct http_message *request,
	struct route_choice *ret_choice)
{
	struct str host = host_without_port(request->host);
	ret_choice->route = NULL;
	ret_choice->status = 0;
	ret_choice->error = NULL;
	ret_choice->path = request->path;
	if (request->path.length > ROUTE_PATH_SIZE)
		refuse(ret_choice, 400, "the path is too long");
	else if (is_plain(request->path))
		ret_choice->route = find(conf, request, host, request->path);
	else
		choose_unplain(conf, request, host, ret_choice);
	if (!ret_choice->route && ret_choice->status == 0)
		refuse(ret_choice, 404, "no route matches this host, path and method");
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
