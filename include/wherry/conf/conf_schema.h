// SPDX-License-Identifier: MIT
// Every key of the configuration, once, in one table: its type, range, default and help,
// and where its value lies in struct conf. The loader, its diagnostics, `wherry check`,
// the manual's check and the JSON Schema all follow it.
#pragma once

#include "wherry/base/buf.h"

enum conf_schema_type {
	CONF_SCHEMA_BOOL,
	CONF_SCHEMA_INTEGER,
	CONF_SCHEMA_SIZE,     // uint64_t or size_t, bytes
	CONF_SCHEMA_DURATION, // uint64_t, milliseconds
	CONF_SCHEMA_RATE,     // struct rate_limit
	CONF_SCHEMA_ENUM,     // the index of one of words, or the number it spells
	CONF_SCHEMA_NAME,     // letters, digits, "-", "_", "."
	CONF_SCHEMA_METHOD,
	CONF_SCHEMA_SUBPROTOCOL,
	CONF_SCHEMA_OUTPUT,   // one of words, or a file
	CONF_SCHEMA_FILE,     // struct conf_file
	CONF_SCHEMA_CIPHERS,  // a list of OpenSSL's
	CONF_SCHEMA_ADDRESS,  // struct addr, and the text as extra
	CONF_SCHEMA_NETWORKS, // list: struct addr_network *, and the count as extra
	CONF_SCHEMA_RESOLVERS,
	CONF_SCHEMA_URL,          // struct url, and its text as extra
	CONF_SCHEMA_HOST_PATTERN, // "example.com" or "*.example.com"
	CONF_SCHEMA_HOST,         // one of words, or a host as extra
	CONF_SCHEMA_UPSTREAM,     // the name of one of the upstreams
	CONF_SCHEMA_PATH,         // canonical
	CONF_SCHEMA_PREFIX,       // canonical, without a "/" at its end
	CONF_SCHEMA_LOCATION,
	CONF_SCHEMA_ORIGINS,       // struct conf_origin_rule: one of words, or a list
	CONF_SCHEMA_FIELDS,        // struct conf_match: header name to value
	CONF_SCHEMA_SET_FIELDS,    // struct conf_headers, and another one as extra
	CONF_SCHEMA_REMOVE_FIELDS, // list: the same
	CONF_SCHEMA_REALM,         // the WWW-Authenticate field made of it
	CONF_SCHEMA_FIELD_NAME,
	CONF_SCHEMA_FIELD_NAMES,  // list: struct conf_names
	CONF_SCHEMA_AUTH_SERVICE, // struct conf_forward_auth: a URL with a path
	CONF_SCHEMA_TEXTS,        // struct conf_names: one text, or a list of them
	CONF_SCHEMA_WORDS,        // the same, each one of words
	CONF_SCHEMA_TEMPLATE, // const struct template *, and maybe its place as extra;
			      // words are the placeholders
	CONF_SCHEMA_TEMPLATES,    // struct conf_templates: one of them, or a list
	CONF_SCHEMA_QUOTED,       // a text that may stand in quotes
	CONF_SCHEMA_TOKEN_PLACES, // list: struct conf_jwt
	CONF_SCHEMA_CLAIMS,       // struct conf_jwt: claim to value
	CONF_SCHEMA_TEXT,
	CONF_SCHEMA_TARGET,    // path and query of a request
	CONF_SCHEMA_AUTHORITY, // "host" or "host:port"
	CONF_SCHEMA_STATUSES,  // struct conf_statuses: one of them, or a list
	CONF_SCHEMA_BALANCE,   // one of words or a hash: enum, and struct conf_hash as
			       // extra
	CONF_SCHEMA_SESSION,   // one of words or query=NAME: struct conf_session
	CONF_SCHEMA_COOKIE_NAME,
	CONF_SCHEMA_LABELS,  // mapping: struct conf_header *, and the count as extra
	CONF_SCHEMA_MAPPING, // of keys in this table; a bool that it is there
	CONF_SCHEMA_NAMED,   // mapping of free names to items, and their count as extra
	CONF_SCHEMA_LIST,    // of items, and their count as extra
};

enum {
	CONF_SCHEMA_NO_FIELD = 0,
	CONF_SCHEMA_TEXT_SIZE = 192 // longest conf_schema_expected writes, with its NUL
};

// Where a value lies, counted from the item it belongs to: the nearest list element or
// named mapping above it, else struct conf.
struct conf_schema_field {
	size_t offset;
	size_t size; // CONF_SCHEMA_NO_FIELD: there is none
};

struct conf_schema_key {
	const char *path; // "routes[].match.host", "upstreams.NAME.servers[].url"
	enum conf_schema_type type;
	const char *default_text; // as it would be written; of a list, without brackets;
				  // NULL = none
	struct conf_schema_field field;
	const char *help;
	const char *default_from; // path of the key whose value is the default
	const char *words;        // "a|b": of an enum; else words that stand for a value
				  // outside the range: "auto" (0) or "off" (CONF_OFF)
	uint64_t min, max;        // both included; of NAMED and LIST: how many items
	struct conf_schema_field extra;
	const char *items;     // path of the items of NAMED and LIST
	size_t item_size;      // in bytes
	const char *short_key; // key meant by an item that is a plain text
	bool is_required;
	const struct conf_schema_key *more; // of a row without path
};

// NULL if there is none.
const struct conf_schema_key *conf_schema_find(const char *path);
// The keys right below a path ("" is the root) in the table's order; the first for NULL,
// NULL behind the last.
const struct conf_schema_key *conf_schema_next(
	const char *parent, const struct conf_schema_key *previous);
// Is it written as a sequence?
bool conf_schema_is_list(enum conf_schema_type type);
// The last part of the path.
const char *conf_schema_leaf(const struct conf_schema_key *key);
// Cuts the next word off "a|b"; false at the end.
MUST_CHECK bool conf_schema_next_word(struct str *words, struct str *ret_word);

// What may stand there, for "expected ...". Returns text.
const char *conf_schema_expected(
	const struct conf_schema_key *key, char text[CONF_SCHEMA_TEXT_SIZE]);
