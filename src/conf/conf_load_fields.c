// SPDX-License-Identifier: MIT
// Loads the headers that routes match, set and remove.
#include "conf_load_priv.h"

#include <string.h>

enum {
	FIELDS_MAX = 64 // in one list; a message has at most 100
};

// Framing, upgrades and the client's identity are decided by Wherry; a trailing "*"
// stands for any rest.
static const char *const owned[] = {
	"Client-Cert",
	"Client-Cert-Chain",
	"Connection",
	"Content-Length",
	"Forwarded",
	"Host",
	"Keep-Alive",
	"Proxy-Connection",
	"Sec-WebSocket-*",
	"TE",
	"Trailer",
	"Transfer-Encoding",
	"Upgrade",
	"Via",
	"X-Forwarded-*",
	"X-SSL-Client-*",
};

bool conf_load_fields_is_owned(struct str name)
{
	for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++) {
		struct str mine = str_from(owned[i]);
		struct str start = name;
		if (mine.data[mine.length - 1] == '*') {
			mine.length--;
			start.length =
				name.length < mine.length ? name.length : mine.length;
		}
		if (str_equal_nocase(start, mine))
			return true;
	}
	return false;
}

// RFC 9110 section 5.5: no control characters, no space at either end.
static bool is_field_value(struct str text)
{
	for (size_t i = 0; i < text.length; i++) {
		unsigned char byte = (unsigned char)text.data[i];
		if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
			return false;
	}
	return str_trim(text).length == text.length;
}

static bool has_name(const struct conf_header *headers, size_t count, struct str name)
{
	for (size_t i = 0; i < count; i++) {
		if (str_equal_nocase(name, str_from(headers[i].name)))
			return true;
	}
	return false;
}

// A list that grows: what is set in both directions comes before what is set in one.
struct list {
	struct conf_header **items; // NULL: there is no such list
	size_t *count;
};

struct loading {
	struct conf_load *load;
	const struct conf_schema_key *key;
	struct list lists[2]; // that get each header
	bool has_values;
	bool allows_owned;
};

static bool refuse(const struct loading *loading, struct conf_position at,
	const char *expected, const char *problem, struct str found)
{
	char text[CONF_YAML_TEXT_SIZE];
	struct conf_yaml_node node = {.text = found};
	conf_diag_add(loading->load->diag, at, expected, conf_yaml_describe(&node, text),
		"%s: %s", loading->key->path, problem);
	return false;
}

static bool check_name(
	const struct loading *loading, struct conf_position at, struct str name)
{
	if (!conf_load_string_is_token(name))
		return refuse(loading, at, "a header name", "bad header name", name);
	if (!loading->allows_owned && conf_load_fields_is_owned(name))
		return refuse(loading, at, "another header",
			"this header is Wherry's own", name);
	// A second list holds the same: both are filled before either alone.
	if (has_name(*loading->lists[0].items, *loading->lists[0].count, name))
		return refuse(loading, at, "each once", "header stands twice", name);
	return true;
}

static bool check_value(const struct loading *loading, const struct conf_yaml_node *node)
{
	char found[CONF_YAML_TEXT_SIZE];
	if (node->kind == CONF_YAML_INVALID)
		return false;
	if (node->kind == CONF_YAML_SCALAR && !node->is_null &&
		is_field_value(node->text))
		return true;
	conf_diag_add(loading->load->diag, node->at,
		"a text of one line, without space around it",
		conf_yaml_describe(node, found), "%s: bad header value",
		loading->key->path);
	return false;
}

static void load_header(const struct loading *loading, const struct conf_yaml_node *node)
{
	struct conf_arena *memory = loading->load->memory;
	struct conf_header header = {0};
	struct str name = loading->has_values ? node->key : node->text;
	struct conf_position at = loading->has_values ? node->key_at : node->at;
	if (!loading->has_values && !conf_load_value_is_item(loading->load, loading->key,
					    node, "a header name"))
		return;
	bool is_good = check_name(loading, at, name);
	if (loading->has_values && !check_value(loading, node))
		is_good = false;
	if (!is_good)
		return;
	header.name = conf_arena_copy(memory, name);
	if (loading->has_values)
		header.value = conf_arena_copy(memory, node->text);
	for (size_t i = 0; i < 2 && loading->lists[i].items && header.name; i++)
		(*loading->lists[i].items)[(*loading->lists[i].count)++] = header;
}

static bool reserve(struct conf_load *load, struct list list, size_t more)
{
	struct conf_header *items =
		conf_arena_alloc(load->memory, *list.count + more, sizeof(*items));
	if (!items)
		return false;
	if (*list.count > 0)
		memcpy(items, *list.items, *list.count * sizeof(*items));
	*list.items = items;
	return true;
}

static void load_headers(const struct loading *loading, const struct conf_yaml_node *node)
{
	if (node->count > FIELDS_MAX) {
		conf_load_value_refuse(
			loading->load, loading->key, node, "more than 64 headers");
		return;
	}
	for (size_t i = 0; i < 2 && loading->lists[i].items; i++) {
		if (!reserve(loading->load, loading->lists[i], node->count))
			return;
	}
	for (const struct conf_yaml_node *each = node->first; each; each = each->next)
		load_header(loading, each);
}

void conf_load_fields_match(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	struct conf_match *match = conf_load_field(item, key->field);
	struct loading loading = {.load = load,
		.key = key,
		.lists = {{&match->headers, &match->header_count}},
		.has_values = true,
		.allows_owned = true};
	load_headers(&loading, node);
}

void conf_load_fields_set(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	struct conf_headers *first = conf_load_field(item, key->field);
	struct loading loading = {.load = load,
		.key = key,
		.lists = {{&first->set, &first->set_count}},
		.has_values = true};
	if (key->extra.size != CONF_SCHEMA_NO_FIELD) {
		struct conf_headers *second = conf_load_field(item, key->extra);
		loading.lists[1] = (struct list){&second->set, &second->set_count};
	}
	load_headers(&loading, node);
}

void conf_load_fields_remove(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	struct conf_headers *first = conf_load_field(item, key->field);
	struct loading loading = {.load = load,
		.key = key,
		.lists = {{&first->remove, &first->remove_count}}};
	if (key->extra.size != CONF_SCHEMA_NO_FIELD) {
		struct conf_headers *second = conf_load_field(item, key->extra);
		loading.lists[1] = (struct list){&second->remove, &second->remove_count};
	}
	load_headers(&loading, node);
}
