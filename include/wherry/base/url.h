// SPDX-License-Identifier: MIT
// The URL of a backend server, as configuration writes it: scheme and authority only,
// since paths belong to routes. Not a parser for request targets.
#pragma once

#include "wherry/base/buf.h"

enum url_scheme {
	URL_HTTP,  // http:// and ws://
	URL_HTTPS, // https:// and wss://
	URL_UNIX,  // unix:/path, plain HTTP over a UNIX socket
};

// Slices of the text that was parsed.
struct url {
	enum url_scheme scheme;
	struct str host; // without brackets; the absolute path for URL_UNIX
	uint16_t port;   // the scheme's default if none was written; 0 for URL_UNIX
};

// A trailing "/" is allowed; any other path, query, userinfo or fragment is refused.
// On failure *reterr_expected says what was expected, for a diagnostic.
MUST_CHECK bool url_parse(
	struct str text, struct url *ret_url, const char **reterr_expected);

// Is this a host as RFC 3986 section 3.2.2 and the Host header allow: a name of letters,
// digits, "-", "_" and ".", an IPv4 literal, or an IPv6 literal in brackets? Empty labels
// are refused (one "." at the end is not), and names whose last label is a number, for
// resolvers take "127.1" for an address.
bool url_is_host(struct str host);

// Splits "host[:port]" (RFC 9110 section 7.2). False for an empty host, userinfo, a path,
// a list, spaces or a bad port (empty, 0, above 65535); *ret_port is 0 if none was
// written. The host keeps brackets.
MUST_CHECK bool url_split_authority(
	struct str authority, struct str *ret_host, uint16_t *ret_port);

// What Host says of a request to it: without the scheme's default port; "localhost" for
// a UNIX socket.
void url_write_authority(struct buf *out, const struct url *url);
