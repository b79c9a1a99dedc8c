// SPDX-License-Identifier: MIT
// Prints the table as lines and as JSON Schema.
#include "wherry/conf/conf_schema_print.h"

#include <inttypes.h>

#include "conf_schema_table_priv.h"

#include "wherry/base/log.h"

#define JSON_STRING "{\"type\":\"string\"}"
#define JSON_STRINGS "{\"type\":\"array\",\"items\":" JSON_STRING "}"
#define JSON_TEXTS "{\"anyOf\":[" JSON_STRING "," JSON_STRINGS "]}"
#define JSON_PATTERN(pattern) "{\"type\":\"string\",\"pattern\":\"" pattern "\"}"
#define JSON_SIZE                                                                        \
	"{\"anyOf\":[{\"type\":\"integer\",\"minimum\":0}," JSON_PATTERN(                \
		"^[0-9]+([KMGT]i)?B$") "]}"
#define JSON_STATUS                                                                      \
	"{\"type\":[\"string\",\"integer\"],"                                            \
	"\"pattern\":\"^[2-5][0-9][0-9](-[2-5][0-9][0-9])?$\"}"
#define JSON_STATUSES                                                                    \
	"{\"anyOf\":[" JSON_STATUS ",{\"type\":\"array\",\"items\":" JSON_STATUS "}]}"
#define JSON_FIELDS                                                                      \
	"{\"type\":\"object\",\"additionalProperties\":"                                 \
	"{\"type\":[\"string\",\"number\",\"boolean\"]}}"

struct type {
	const char *name;
	const char *json; // NULL: it depends on the key
};

static const struct type types[] = {
	[CONF_SCHEMA_BOOL] = {"bool", "{\"type\":\"boolean\"}"},
	[CONF_SCHEMA_INTEGER] = {"integer", NULL},
	[CONF_SCHEMA_SIZE] = {"size", JSON_SIZE},
	[CONF_SCHEMA_DURATION] = {"duration", JSON_PATTERN("^[0-9]+(ms|s|m|h)$")},
	[CONF_SCHEMA_RATE] = {"rate", JSON_PATTERN("^[0-9]+/[smh]( burst [0-9]+)?$")},
	[CONF_SCHEMA_ENUM] = {"enum", NULL},
	[CONF_SCHEMA_NAME] = {"name", JSON_STRING},
	[CONF_SCHEMA_METHOD] = {"method", JSON_STRING},
	[CONF_SCHEMA_SUBPROTOCOL] = {"subprotocol", JSON_STRING},
	[CONF_SCHEMA_OUTPUT] = {"file", JSON_STRING},
	[CONF_SCHEMA_FILE] = {"file", JSON_STRING},
	[CONF_SCHEMA_CIPHERS] = {"ciphers", JSON_STRING},
	[CONF_SCHEMA_ADDRESS] = {"address", JSON_STRING},
	[CONF_SCHEMA_NETWORKS] = {"networks", JSON_STRINGS},
	[CONF_SCHEMA_RESOLVERS] = {"addresses", JSON_STRINGS},
	[CONF_SCHEMA_URL] = {"url", JSON_STRING},
	[CONF_SCHEMA_HOST_PATTERN] = {"host", JSON_STRING},
	[CONF_SCHEMA_HOST] = {"host", JSON_STRING},
	[CONF_SCHEMA_UPSTREAM] = {"upstream", JSON_STRING},
	[CONF_SCHEMA_PATH] = {"path", JSON_PATTERN("^/")},
	[CONF_SCHEMA_PREFIX] = {"path", JSON_PATTERN("^/")},
	[CONF_SCHEMA_LOCATION] = {"location", JSON_STRING},
	[CONF_SCHEMA_ORIGINS] = {"origins", JSON_STRINGS},
	[CONF_SCHEMA_FIELDS] = {"headers", JSON_FIELDS},
	[CONF_SCHEMA_SET_FIELDS] = {"headers", JSON_FIELDS},
	[CONF_SCHEMA_REMOVE_FIELDS] = {"names", JSON_STRINGS},
	[CONF_SCHEMA_REALM] = {"realm", JSON_STRING},
	[CONF_SCHEMA_FIELD_NAME] = {"name", JSON_STRING},
	[CONF_SCHEMA_FIELD_NAMES] = {"names", JSON_STRINGS},
	[CONF_SCHEMA_AUTH_SERVICE] = {"url", JSON_STRING},
	[CONF_SCHEMA_TEXTS] = {"texts", JSON_TEXTS},
	[CONF_SCHEMA_WORDS] = {"words", JSON_TEXTS},
	[CONF_SCHEMA_TEMPLATE] = {"template", JSON_STRING},
	[CONF_SCHEMA_TEMPLATES] = {"templates", JSON_TEXTS},
	[CONF_SCHEMA_QUOTED] = {"text", JSON_STRING},
	[CONF_SCHEMA_TOKEN_PLACES] = {"places", JSON_STRINGS},
	[CONF_SCHEMA_CLAIMS] = {"claims", JSON_FIELDS},
	[CONF_SCHEMA_TEXT] = {"text", JSON_STRING},
	[CONF_SCHEMA_TARGET] = {"target", JSON_PATTERN("^/")},
	[CONF_SCHEMA_AUTHORITY] = {"host", JSON_STRING},
	[CONF_SCHEMA_STATUSES] = {"statuses", JSON_STATUSES},
	[CONF_SCHEMA_BALANCE] = {"balance", JSON_STRING},
	[CONF_SCHEMA_SESSION] = {"session", JSON_STRING},
	[CONF_SCHEMA_COOKIE_NAME] = {"name", JSON_STRING},
	[CONF_SCHEMA_LABELS] = {"labels", JSON_FIELDS},
	[CONF_SCHEMA_MAPPING] = {"mapping", NULL},
	[CONF_SCHEMA_NAMED] = {"named", NULL},
	[CONF_SCHEMA_LIST] = {"list", NULL},
};

static void print_default(struct buf *out, const struct conf_schema_key *key)
{
	if (key->default_from)
		buf_append_str(out, str_from(key->default_from));
	else if (!key->default_text)
		buf_append_str(out, STR("-"));
	else if (conf_schema_is_list(key->type))
		buf_printf(out, "[%s]", key->default_text);
	else
		buf_append_str(out, str_from(key->default_text));
}

void conf_schema_print_keys(struct buf *out)
{
	const struct conf_schema_key *key = NULL;
	while ((key = conf_schema_table_next(key))) {
		buf_printf(out, "%s\t%s", key->path, types[key->type].name);
		if (key->words)
			buf_printf(out, ":%s", key->words);
		buf_append_str(out, STR("\t"));
		print_default(out, key);
		buf_printf(out, "\t%s\n", key->help);
	}
}

static void print_string(struct buf *out, struct str text)
{
	buf_append_str(out, STR("\""));
	log_escape(out, LOG_FORMAT_JSON, text);
	buf_append_str(out, STR("\""));
}

// Texts that YAML reads as numbers or booleans stand without quotes.
static void print_value(struct buf *out, struct str text)
{
	uint64_t number;
	if (str_parse_u64(text, UINT64_MAX, &number) || str_equal(text, STR("true")) ||
		str_equal(text, STR("false")))
		buf_append_str(out, text);
	else
		print_string(out, text);
}

static void print_words(struct buf *out, const char *words)
{
	struct str rest = str_from(words);
	struct str word;
	const char *separator = "";
	buf_append_str(out, STR("{\"enum\":["));
	while (conf_schema_next_word(&rest, &word)) {
		buf_append_str(out, str_from(separator));
		print_value(out, word);
		separator = ",";
	}
	buf_append_str(out, STR("]}"));
}

static void print_object(struct buf *out, const char *path);

static void print_integer(struct buf *out, const struct conf_schema_key *key)
{
	buf_printf(out,
		"{\"type\":\"integer\",\"minimum\":%" PRIu64 ",\"maximum\":%" PRIu64 "}",
		key->min, key->max);
}

static void print_named(struct buf *out, const struct conf_schema_key *key)
{
	buf_append_str(out, STR("{\"type\":\"object\",\"additionalProperties\":"));
	print_object(out, key->items);
	buf_append_str(out, STR("}"));
}

static void print_list(struct buf *out, const struct conf_schema_key *key)
{
	buf_append_str(out, STR("{\"type\":\"array\",\"minItems\":1,\"items\":"));
	if (key->short_key)
		buf_append_str(out, STR("{\"anyOf\":[" JSON_STRING ","));
	print_object(out, key->items);
	if (key->short_key)
		buf_append_str(out, STR("]}"));
	buf_append_str(out, STR("}"));
}

// Words that an enum consists of are all there is to it.
static void print_type(struct buf *out, const struct conf_schema_key *key)
{
	if (types[key->type].json)
		buf_append_str(out, str_from(types[key->type].json));
	else if (key->type == CONF_SCHEMA_INTEGER)
		print_integer(out, key);
	else if (key->type == CONF_SCHEMA_MAPPING)
		print_object(out, key->path);
	else if (key->type == CONF_SCHEMA_NAMED)
		print_named(out, key);
	else if (key->type == CONF_SCHEMA_LIST)
		print_list(out, key);
	else
		print_words(out, key->words);
}

static void print_json_default(struct buf *out, const struct conf_schema_key *key)
{
	struct str rest = str_from(key->default_text);
	struct str item;
	const char *separator = "";
	buf_append_str(out, STR(",\"default\":"));
	if (!conf_schema_is_list(key->type)) {
		print_value(out, rest);
		return;
	}
	buf_append_str(out, STR("["));
	while (str_next_item(&rest, &item)) {
		buf_append_str(out, str_from(separator));
		print_string(out, item);
		separator = ",";
	}
	buf_append_str(out, STR("]"));
}

static void print_property(struct buf *out, const struct conf_schema_key *key)
{
	bool has_words = key->words && key->type != CONF_SCHEMA_ENUM;
	print_string(out, str_from(conf_schema_leaf(key)));
	buf_append_str(out, STR(":{\"description\":"));
	print_string(out, str_from(key->help));
	if (key->default_text)
		print_json_default(out, key);
	buf_append_str(out, STR(",\"anyOf\":["));
	if (has_words) {
		print_words(out, key->words);
		buf_append_str(out, STR(","));
	}
	print_type(out, key);
	buf_append_str(out, STR("]}"));
}

static void print_required(struct buf *out, const char *path)
{
	const struct conf_schema_key *key = NULL;
	const char *separator = "";
	buf_append_str(out, STR(",\"required\":["));
	while ((key = conf_schema_next(path, key)) != NULL) {
		if (!key->is_required)
			continue;
		buf_append_str(out, str_from(separator));
		print_string(out, str_from(conf_schema_leaf(key)));
		separator = ",";
	}
	buf_append_str(out, STR("]"));
}

static void print_members(struct buf *out, const char *path)
{
	const struct conf_schema_key *key = NULL;
	const char *separator = "";
	// A mapping without keys is null to YAML; the loader takes it as empty.
	buf_append_str(out, STR("\"type\":[\"object\",\"null\"],"
				"\"additionalProperties\":false,\"properties\":{"));
	while ((key = conf_schema_next(path, key)) != NULL) {
		buf_append_str(out, str_from(separator));
		print_property(out, key);
		separator = ",";
	}
	buf_append_str(out, STR("}"));
	print_required(out, path);
}

static void print_object(struct buf *out, const char *path)
{
	buf_append_str(out, STR("{"));
	print_members(out, path);
	buf_append_str(out, STR("}"));
}

void conf_schema_print_json(struct buf *out)
{
	buf_append_str(
		out, STR("{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\","
			 "\"title\":\"wherry.yaml\","));
	print_members(out, "");
	buf_append_str(out, STR("}\n"));
}
