// SPDX-License-Identifier: MIT
// Finds keys in the table and says in words what each may hold.
#include "wherry/conf/conf_schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf_schema_table_priv.h"

#include "wherry/conf/conf_value.h"

const struct conf_schema_key *conf_schema_find(const char *path)
{
	const struct conf_schema_key *key = NULL;
	while ((key = conf_schema_table_next(key))) {
		if (strcmp(key->path, path) == 0)
			return key;
	}
	return NULL;
}

bool conf_schema_is_list(enum conf_schema_type type)
{
	return type == CONF_SCHEMA_NETWORKS || type == CONF_SCHEMA_RESOLVERS ||
	       type == CONF_SCHEMA_REMOVE_FIELDS || type == CONF_SCHEMA_TOKEN_PLACES ||
	       type == CONF_SCHEMA_LIST;
}

const char *conf_schema_leaf(const struct conf_schema_key *key)
{
	const char *dot = strrchr(key->path, '.');
	return dot ? dot + 1 : key->path;
}

static bool is_child(const struct conf_schema_key *key, const char *parent)
{
	size_t length = (size_t)(conf_schema_leaf(key) - key->path);
	if (length == 0)
		return parent[0] == '\0';
	return strlen(parent) == length - 1 && memcmp(key->path, parent, length - 1) == 0;
}

const struct conf_schema_key *conf_schema_next(
	const char *parent, const struct conf_schema_key *previous)
{
	const struct conf_schema_key *key = previous;
	while ((key = conf_schema_table_next(key))) {
		if (is_child(key, parent))
			return key;
	}
	return NULL;
}

bool conf_schema_next_word(struct str *words, struct str *ret_word)
{
	if (words->length == 0)
		return false;
	*ret_word = str_cut_until(words, '|');
	return true;
}

// "a, b or c" behind what text holds already.
static void append_words(const char *words, char text[CONF_SCHEMA_TEXT_SIZE])
{
	struct str rest = words ? str_from(words) : STR("");
	struct str word;
	bool is_first = text[0] == '\0' || text[strlen(text) - 1] == ' ';
	while (conf_schema_next_word(&rest, &word)) {
		size_t length = strlen(text);
		const char *separator = is_first ? "" : rest.length > 0 ? ", " : " or ";
		(void)snprintf(text + length, CONF_SCHEMA_TEXT_SIZE - length, "%s%.*s",
			separator, STR_ARG(word));
		is_first = false;
	}
}

static void write_range(
	const struct conf_schema_key *key, char text[CONF_SCHEMA_TEXT_SIZE])
{
	char min[CONF_VALUE_TEXT_SIZE];
	char max[CONF_VALUE_TEXT_SIZE];
	if (key->type == CONF_SCHEMA_SIZE)
		(void)snprintf(text, CONF_SCHEMA_TEXT_SIZE, "a size from %s to %s",
			conf_value_format_size(key->min, min),
			conf_value_format_size(key->max, max));
	else if (key->type == CONF_SCHEMA_DURATION)
		(void)snprintf(text, CONF_SCHEMA_TEXT_SIZE, "a duration from %s to %s",
			conf_value_format_duration(key->min, min),
			conf_value_format_duration(key->max, max));
	else
		(void)snprintf(text, CONF_SCHEMA_TEXT_SIZE,
			"a number from %" PRIu64 " to %" PRIu64, key->min, key->max);
}

// Of the types whose rule does not depend on the key.
static const char *const rules[] = {
	[CONF_SCHEMA_BOOL] = "true or false",
	[CONF_SCHEMA_RATE] = "1/s to 10000000/s, also /m or /h, as in 30/m burst 10,",
	[CONF_SCHEMA_NAME] = "1 to 64 letters, digits, \"-\", \"_\" or \".\"",
	[CONF_SCHEMA_METHOD] = "a method in capitals such as POST",
	[CONF_SCHEMA_SUBPROTOCOL] = "a subprotocol such as chat.v1",
	[CONF_SCHEMA_ADDRESS] = "IP:port, [IPv6]:port, :port or unix:/path",
	[CONF_SCHEMA_NETWORKS] = "a list of networks such as 10.0.0.0/8",
	[CONF_SCHEMA_RESOLVERS] = "a list of name servers such as 10.0.0.53:53",
	[CONF_SCHEMA_URL] = "http://host:port or unix:/path",
	[CONF_SCHEMA_HOST_PATTERN] = "a host such as example.com or *.example.com",
	[CONF_SCHEMA_UPSTREAM] = "the name of an upstream",
	[CONF_SCHEMA_PATH] = "a path that starts with \"/\"",
	[CONF_SCHEMA_PREFIX] = "a path that starts with \"/\"",
	[CONF_SCHEMA_LOCATION] = "a path that starts with one \"/\", an http(s) URL",
	[CONF_SCHEMA_FIELDS] = "a mapping of header names to values",
	[CONF_SCHEMA_SET_FIELDS] = "a mapping of header names to values",
	[CONF_SCHEMA_REMOVE_FIELDS] = "a list of header names",
	[CONF_SCHEMA_REALM] = "a text of one line without \" and \\",
	[CONF_SCHEMA_FIELD_NAME] = "a header name",
	[CONF_SCHEMA_FIELD_NAMES] = "a list of header names",
	[CONF_SCHEMA_AUTH_SERVICE] = "http://host:port/path, https://... or unix:/path",
	[CONF_SCHEMA_TEXTS] = "a text or a list of texts",
	[CONF_SCHEMA_WORDS] = "",
	[CONF_SCHEMA_TEMPLATE] = "a text, maybe with ",
	[CONF_SCHEMA_TEMPLATES] = "texts, maybe with ",
	[CONF_SCHEMA_QUOTED] = "a text without quotes and backslashes",
	[CONF_SCHEMA_TOKEN_PLACES] =
		"a list of authorization, cookie=NAME, query=NAME or subprotocol=NAME",
	[CONF_SCHEMA_CLAIMS] = "a mapping of claims to values",
	[CONF_SCHEMA_TEXT] = "a text of one line",
	[CONF_SCHEMA_TARGET] = "a path that starts with \"/\", and maybe a query",
	[CONF_SCHEMA_AUTHORITY] = "a host or host:port",
	[CONF_SCHEMA_STATUSES] = "200 to 599, a range such as 200-399, or a list",
	[CONF_SCHEMA_BALANCE] = "hash:ip, hash:path, hash:header=NAME, hash:cookie=NAME, "
				"hash:query=NAME",
	[CONF_SCHEMA_SESSION] = "query=NAME",
	[CONF_SCHEMA_COOKIE_NAME] = "a cookie's name",
	[CONF_SCHEMA_LABELS] = "a mapping of labels to texts",
	[CONF_SCHEMA_MAPPING] = "a mapping",
	[CONF_SCHEMA_NAMED] = "a mapping of names",
	[CONF_SCHEMA_LIST] = "a list",
	[CONF_SCHEMA_OUTPUT] = "a path with a \"/\"",
	[CONF_SCHEMA_FILE] = "the path of a file",
	[CONF_SCHEMA_CIPHERS] = "names of ciphers, as openssl ciphers(1) takes them",
	[CONF_SCHEMA_HOST] = "a host name",
	[CONF_SCHEMA_ORIGINS] = "a list of origins such as https://example.com",
};

const char *conf_schema_expected(
	const struct conf_schema_key *key, char text[CONF_SCHEMA_TEXT_SIZE])
{
	text[0] = '\0';
	if (key->type == CONF_SCHEMA_INTEGER || key->type == CONF_SCHEMA_SIZE ||
		key->type == CONF_SCHEMA_DURATION)
		write_range(key, text);
	else if (key->type != CONF_SCHEMA_ENUM)
		(void)snprintf(text, CONF_SCHEMA_TEXT_SIZE, "%s", rules[key->type]);
	append_words(key->words, text);
	return text;
}
