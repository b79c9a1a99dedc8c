// SPDX-License-Identifier: MIT
// The parsed head of one HTTP/1 message: pure data, slices of the bytes it was read from,
// with the few facts that decide framing and routing. Bodies are http_reader's.
#pragma once

#include "wherry/base/str.h"

enum {
	HTTP_MESSAGE_MAX_FIELDS = 100
};

enum http_message_kind {
	HTTP_REQUEST,
	HTTP_RESPONSE
};

// Names that Wherry's own logic asks about; all others are HTTP_FIELD_OTHER.
enum http_field_id {
	HTTP_FIELD_OTHER,
	HTTP_FIELD_ACCEPT,
	HTTP_FIELD_AUTHORIZATION,
	HTTP_FIELD_CONNECTION,
	HTTP_FIELD_CONTENT_LENGTH,
	HTTP_FIELD_CONTENT_TYPE,
	HTTP_FIELD_COOKIE,
	HTTP_FIELD_EXPECT,
	HTTP_FIELD_FORWARDED,
	HTTP_FIELD_HOST,
	HTTP_FIELD_HTTP2_SETTINGS,
	HTTP_FIELD_KEEP_ALIVE,
	HTTP_FIELD_LOCATION,
	HTTP_FIELD_ORIGIN,
	HTTP_FIELD_PROXY, // "proxy" (CGI's HTTP_PROXY), and every name that starts with
			  // "proxy-" but for the two below
	HTTP_FIELD_PROXY_AUTHENTICATE,
	HTTP_FIELD_PROXY_AUTHORIZATION,
	HTTP_FIELD_REFERER,
	HTTP_FIELD_SEC_WEBSOCKET_ACCEPT,
	HTTP_FIELD_SEC_WEBSOCKET_EXTENSIONS,
	HTTP_FIELD_SEC_WEBSOCKET_KEY,
	HTTP_FIELD_SEC_WEBSOCKET_PROTOCOL,
	HTTP_FIELD_SEC_WEBSOCKET_VERSION,
	HTTP_FIELD_SET_COOKIE,
	HTTP_FIELD_TE,
	HTTP_FIELD_TRAILER,
	HTTP_FIELD_TRANSFER_ENCODING,
	HTTP_FIELD_UPGRADE,
	HTTP_FIELD_USER_AGENT,
	HTTP_FIELD_VIA,
	HTTP_FIELD_X_FORWARDED_FOR,
	HTTP_FIELD_X_FORWARDED_HOST,
	HTTP_FIELD_X_FORWARDED_PROTO,
	HTTP_FIELD_X_REQUEST_ID,
};

struct http_field {
	struct str name;
	struct str value; // without surrounding OWS
	enum http_field_id id;
	bool is_dropped; // not to be forwarded: hop-by-hop, nominated by Connection, a
			 // spelling with "_" of a name that Wherry sets, or
			 // Content-Length, which the forwarder writes anew
};

enum http_body_kind {
	HTTP_BODY_NONE,
	HTTP_BODY_LENGTH, // content_length bytes, at least 1
	HTTP_BODY_CHUNKED,
	HTTP_BODY_UNTIL_CLOSE, // responses only
};

struct http_message {
	enum http_message_kind kind;
	unsigned minor_version; // HTTP/1.0 or 1.1
	struct str method;      // request
	struct str target;      // request, as sent
	struct str path;        // request: the path of the target; "*" for OPTIONS *
	struct str query;       // request: with its "?"; empty if none
	struct str host; // request: Host, or the authority of an absolute target; may be
			 // empty for HTTP/1.0 only
	struct str host_name; // the same without a port
	unsigned status;      // response
	struct str reason;    // response; may be empty
	enum http_body_kind body_kind;
	bool has_content_length; // a Content-Length to pass on, also of answers to HEAD
				 // and 304, which have no body; not of an upgrade, 1xx or
				 // 204
	uint64_t content_length; // as read; 0 if none stood there
	bool is_keep_alive;      // the sender would keep its connection
	bool is_websocket_upgrade; // "Upgrade: websocket" and Connection: upgrade, on
				   // HTTP/1.1; of responses 101 only
	bool expects_continue;     // and a body follows
	size_t field_count;
	struct http_field fields[HTTP_MESSAGE_MAX_FIELDS];
};

// Which known name this is, in any case of letters. Only for token characters.
enum http_field_id http_message_field_id(struct str name);
// The first field with that id; NULL if none.
const struct http_field *http_message_find(
	const struct http_message *message, enum http_field_id id);
// The first field of that name, in any case; NULL if none.
const struct http_field *http_message_find_name(
	const struct http_message *message, struct str name);
// Does a comma-separated list, over all fields with that id, hold this token (any case)?
bool http_message_has_token(
	const struct http_message *message, enum http_field_id id, struct str token);
// Does Accept name this media type? Its parameters, and wildcards, are not looked at.
bool http_message_accepts(const struct http_message *message, struct str type);
bool http_message_is_method(const struct http_message *message, const char *method);
// RFC 9110 section 9.2.2: may be sent again after a lost connection.
bool http_message_is_idempotent(const struct http_message *message);
