// SPDX-License-Identifier: MIT
// URLs of Redis servers, strictly.
#include "wherry/base/url_redis.h"

#include <string.h>

#include "wherry/base/addr.h"
#include "wherry/base/url.h"

enum {
	DEFAULT_PORT = 6379,
};

// What stands in front of the last separator, if there is one; *text keeps the rest.
static bool cut_user(struct str *text, struct str *ret_user)
{
	const char *at = memrchr(text->data, '@', text->length);
	*ret_user = STR("");
	if (!at)
		return true;
	*ret_user = (struct str){text->data, (size_t)(at - text->data)};
	text->length -= ret_user->length + 1;
	text->data = at + 1;
	for (size_t i = 0; i < ret_user->length; i++) {
		if (ret_user->data[i] <= ' ' || ret_user->data[i] > '~')
			return false;
	}
	return ret_user->length > 0;
}

// "/3", "/" or nothing behind the host.
static bool cut_database(struct str *text, uint16_t *ret_database)
{
	const char *slash = memchr(text->data, '/', text->length);
	uint64_t number = 0;

	if (!slash) {
		*ret_database = 0;
		return true;
	}
	size_t length = (size_t)(slash - text->data);
	struct str digits = {slash + 1, text->length - length - 1};
	text->length = length;
	if (digits.length > 0 && !str_parse_u64(digits, UINT16_MAX, &number))
		return false;
	*ret_database = (uint16_t)number;
	return true;
}

static bool parse_unix(
	struct str path, struct url_redis *ret_url, const char **reterr_expected)
{
	if (path.length == 0 || path.length > ADDR_UNIX_PATH_MAX || path.data[0] != '/' ||
		memchr(path.data, '\0', path.length)) {
		*reterr_expected = "an absolute socket path of at most 107 bytes";
		return false;
	}
	*ret_url = (struct url_redis){.is_unix = true, .host = path};
	return true;
}

bool url_redis_parse(
	struct str text, struct url_redis *ret_url, const char **reterr_expected)
{
	struct url_redis url = {.port = DEFAULT_PORT};
	uint16_t port;

	if (str_cut_prefix(&text, STR("unix:")))
		return parse_unix(text, ret_url, reterr_expected);
	if (!str_cut_prefix(&text, STR("redis://"))) {
		*reterr_expected = "redis://host:port or unix:/path";
		return false;
	}
	if (!cut_user(&text, &url.user) || memchr(url.user.data, ':', url.user.length)) {
		*reterr_expected = "a user without a password, which stands in "
				   "hub.password_file";
		return false;
	}
	if (!cut_database(&text, &url.database)) {
		*reterr_expected = "nothing or the number of a database behind the host";
		return false;
	}
	if (!url_split_authority(text, &url.host, &port)) {
		*reterr_expected = "host or host:port after the scheme";
		return false;
	}
	if (url.host.data[0] == '[')
		url.host = (struct str){url.host.data + 1, url.host.length - 2};
	if (port != 0)
		url.port = port;
	*ret_url = url;
	return true;
}
