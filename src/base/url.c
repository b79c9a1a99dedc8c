// SPDX-License-Identifier: MIT
// Backend URLs and authorities, strictly.
#include "wherry/base/url.h"

#include <string.h>

#include "wherry/base/addr.h"

enum {
	NAME_MAX_BYTES = 253, // RFC 1035 section 2.3.4, as text without the last dot
	LABEL_MAX_BYTES = 63,
};

// What a byte of a name can be; 0 = none.
enum {
	LETTER = 1, // or a mark
	DIGIT = 2,
};

static const uint8_t NAME_BYTES[256] = {
	['a' ... 'z'] = LETTER,
	['A' ... 'Z'] = LETTER,
	['-'] = LETTER,
	['_'] = LETTER,
	['0' ... '9'] = DIGIT,
};

// One runs over the Host of each request: each byte is looked at once.
static bool is_name(struct str host)
{
	size_t label_length = 0;
	unsigned seen = 0; // in the label so far

	if (host.length > 0 && host.data[host.length - 1] == '.')
		host.length--;
	if (host.length > NAME_MAX_BYTES)
		return false;
	for (size_t i = 0; i < host.length; i++) {
		unsigned byte = NAME_BYTES[(uint8_t)host.data[i]];
		seen |= byte;
		label_length++;
		if (byte != 0)
			continue;
		if (host.data[i] != '.' || label_length == 1 ||
			label_length > LABEL_MAX_BYTES + 1)
			return false;
		label_length = 0;
		seen = 0;
	}
	return label_length > 0 && label_length <= LABEL_MAX_BYTES && (seen & LETTER);
}

bool url_is_host(struct str host)
{
	struct addr addr;

	if (host.length == 0)
		return false;
	if (is_name(host))
		return true;
	if (!addr_parse_ip(host, 0, &addr))
		return false;
	return addr.any.sa_family == AF_INET || host.data[0] == '[';
}

bool url_split_authority(struct str authority, struct str *ret_host, uint16_t *ret_port)
{
	struct str host = authority;
	uint64_t port = 0;
	if (authority.length == 0)
		return false;
	// In a bracketed literal only what follows the bracket can be a port.
	const char *end = authority.data + authority.length;
	const char *bracket = authority.data[0] == '['
				      ? memchr(authority.data, ']', authority.length)
				      : NULL;
	const char *start = bracket ? bracket : authority.data;
	const char *colon = memchr(start, ':', (size_t)(end - start));

	if (colon) {
		struct str digits = {colon + 1, (size_t)(end - colon) - 1};
		if (!str_parse_u64(digits, UINT16_MAX, &port) || port == 0)
			return false;
		host.length = (size_t)(colon - authority.data);
	}
	if (!url_is_host(host))
		return false;
	*ret_host = host;
	*ret_port = (uint16_t)port;
	return true;
}

static bool parse_unix(struct str path, struct url *ret_url, const char **reterr_expected)
{
	if (path.length == 0 || path.length > ADDR_UNIX_PATH_MAX || path.data[0] != '/' ||
		memchr(path.data, '\0', path.length)) {
		*reterr_expected = "an absolute socket path of at most 107 bytes";
		return false;
	}
	*ret_url = (struct url){.scheme = URL_UNIX, .host = path};
	return true;
}

bool url_parse(struct str text, struct url *ret_url, const char **reterr_expected)
{
	struct url url = {.scheme = URL_HTTP, .port = 80};
	uint16_t port;

	if (str_cut_prefix_nocase(&text, STR("unix:")))
		return parse_unix(text, ret_url, reterr_expected);
	if (str_cut_prefix_nocase(&text, STR("https://")) ||
		str_cut_prefix_nocase(&text, STR("wss://"))) {
		url.scheme = URL_HTTPS;
		url.port = 443;
	} else if (!str_cut_prefix_nocase(&text, STR("http://")) &&
		   !str_cut_prefix_nocase(&text, STR("ws://"))) {
		*reterr_expected = "http://, https://, ws://, wss:// or unix:/path";
		return false;
	}

	if (text.length > 0 && text.data[text.length - 1] == '/')
		text.length--;
	if (text.length > 0 && memchr(text.data, '/', text.length)) {
		*reterr_expected = "no path: it belongs to the route";
		return false;
	}
	if (!url_split_authority(text, &url.host, &port)) {
		*reterr_expected = "host or host:port after the scheme, and nothing else";
		return false;
	}
	if (url.host.data[0] == '[')
		url.host = (struct str){url.host.data + 1, url.host.length - 2};
	if (port != 0)
		url.port = port;
	*ret_url = url;
	return true;
}

void url_write_authority(struct buf *out, const struct url *url)
{
	if (url->scheme == URL_UNIX) {
		buf_append_str(out, STR("localhost"));
		return;
	}
	bool is_v6 = memchr(url->host.data, ':', url->host.length) != NULL;
	buf_append_str(out, is_v6 ? STR("[") : STR(""));
	buf_append_str(out, url->host);
	buf_append_str(out, is_v6 ? STR("]") : STR(""));
	uint16_t usual = url->scheme == URL_HTTPS ? 443 : 80;
	if (url->port != usual) {
		buf_append_str(out, STR(":"));
		buf_append_u64(out, url->port);
	}
}
