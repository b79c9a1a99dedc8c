// SPDX-License-Identifier: MIT
// Loads values that stay texts: names, methods, files, paths, locations.
#include "conf_load_priv.h"

#include <string.h>

#include "wherry/base/path.h"
#include "wherry/base/url.h"

enum {
	NAME_MAX_LENGTH = 64
};

static void store(struct conf_load *load, const struct conf_schema_key *key, void *item,
	struct str text)
{
	const char *copy = conf_arena_copy(load->memory, text);
	memcpy(conf_load_field(item, key->field), &copy, sizeof(copy));
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Is every byte a letter, a digit or one of extra?
static bool consists_of(struct str text, const char *extra)
{
	for (size_t i = 0; i < text.length; i++) {
		if (!is_alnum(text.data[i]) && !strchr(extra, text.data[i]))
			return false;
	}
	return text.length > 0;
}

bool conf_load_string_is_token(struct str text)
{
	return consists_of(text, "!#$%&'*+-.^_`|~"); // RFC 9110 section 5.6.2
}

bool conf_load_string_is_parameter(struct str text)
{
	for (size_t i = 0; i < text.length; i++) {
		char c = text.data[i];
		if (c <= ' ' || c > '~' || strchr("&=#%+", c))
			return false;
	}
	return text.length > 0;
}

bool conf_load_string_is_line(struct str text)
{
	for (size_t i = 0; i < text.length; i++) {
		unsigned char byte = (unsigned char)text.data[i];
		if (byte < 0x20 || byte == 0x7f)
			return false;
	}
	return text.length > 0;
}

bool conf_load_string_is_target(struct str text)
{
	for (size_t i = 0; i < text.length; i++) {
		if (text.data[i] <= ' ' || text.data[i] > '~' || text.data[i] == '#')
			return false;
	}
	return text.length > 0 && text.data[0] == '/';
}

// Names go to logs and metrics as they are.
void conf_load_string_name(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	if (consists_of(node->text, "-_.") && node->text.length <= NAME_MAX_LENGTH)
		store(load, key, item, node->text);
	else
		conf_load_value_refuse(load, key, node, "bad name");
}

// Methods are case-sensitive (RFC 9110 section 9.1): "get" would never match.
void conf_load_string_method(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	bool is_good = conf_load_string_is_token(node->text);
	for (size_t i = 0; i < node->text.length; i++)
		is_good = is_good &&
			  !(node->text.data[i] >= 'a' && node->text.data[i] <= 'z');
	if (is_good)
		store(load, key, item, node->text);
	else
		conf_load_value_refuse(load, key, node, "bad method");
}

void conf_load_string_subprotocol(struct conf_load *load,
	const struct conf_schema_key *key, const struct conf_yaml_node *node, void *item)
{
	if (conf_load_string_is_token(node->text))
		store(load, key, item, node->text);
	else
		conf_load_value_refuse(load, key, node, "bad subprotocol");
}

// A file must be told from a mistyped word.
void conf_load_string_output(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	size_t index;
	if (conf_load_value_word(key, node->text, &index) ||
		memchr(node->text.data, '/', node->text.length))
		store(load, key, item, node->text);
	else
		conf_load_value_refuse(load, key, node, "bad value");
}

// The folder of the file that the node stands in, with its "/"; empty for a text without
// a folder, as the command line is.
static struct str find_folder(const struct conf_yaml_node *node)
{
	const char *slash = strrchr(node->at.file, '/');
	return (struct str){
		node->at.file, slash ? (size_t)(slash + 1 - node->at.file) : 0};
}

static void remember_file(struct conf_load *load, const struct conf_file *file)
{
	struct conf_file_link *link = conf_arena_alloc(load->memory, 1, sizeof(*link));
	if (!link)
		return;
	*link = (struct conf_file_link){*file, load->conf->files};
	load->conf->files = link;
}

const char *conf_load_string_place(
	struct conf_load *load, const struct conf_yaml_node *node)
{
	struct buf at = BUF_INIT;
	buf_printf(&at, "%s:%zu:%zu", node->at.file, node->at.line, node->at.column);
	const char *place = conf_arena_copy(load->memory, buf_str(&at));
	load->memory->is_failed |= at.is_failed;
	buf_finish(&at);
	return place;
}

// A configuration and what it names move together: relative paths start at its folder.
void conf_load_string_file(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	struct buf path = BUF_INIT;
	if (node->text.length == 0 || node->text.data[node->text.length - 1] == '/') {
		conf_load_value_refuse(load, key, node, "bad path");
		return;
	}
	if (node->text.data[0] != '/')
		buf_append_str(&path, find_folder(node));
	buf_append_str(&path, node->text);
	struct conf_file file = {
		.path = conf_arena_copy(load->memory, buf_str(&path)),
		.named_at = conf_load_string_place(load, node),
	};
	load->memory->is_failed |= path.is_failed;
	memcpy(conf_load_field(item, key->field), &file, sizeof(file));
	if (!load->memory->is_failed)
		remember_file(load, &file);
	buf_finish(&path);
}

// Which names OpenSSL knows is found out when the listener's TLS is made.
void conf_load_string_ciphers(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	if (consists_of(node->text, "-_+!:@=."))
		store(load, key, item, node->text);
	else
		conf_load_value_refuse(load, key, node, "bad ciphers");
}

// Brings the path to its canonical form; false, and diagnosed, if it has none.
static bool canonicalize(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, struct str *ret_path)
{
	struct path_options options = {
		.allow_encoded_slash = load->conf->paths.allow_encoded_slash,
		.merge_slashes = load->conf->paths.merge_slashes,
	};
	if (node->text.length == 0 || node->text.data[0] != '/' ||
		memchr(node->text.data, '?', node->text.length)) {
		conf_load_value_refuse(load, key, node, "bad path");
		return false;
	}
	char *out = conf_arena_alloc(load->memory, node->text.length, 1);
	if (!out)
		return false;
	ret_path->data = out;
	enum path_result result =
		path_canonical(node->text, options, out, &ret_path->length);
	if (result == PATH_OK)
		return true;
	conf_load_value_refuse(load, key, node, path_result_text(result));
	return false;
}

// Routes compare canonical paths, so any other spelling would match nothing, or less than
// it seems to.
void conf_load_string_path(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	struct str path;
	if (!canonicalize(load, key, node, &path))
		return;
	if (!str_equal(path, node->text)) {
		char expected[CONF_YAML_TEXT_SIZE];
		char found[CONF_YAML_TEXT_SIZE];
		struct conf_yaml_node canonical = {.text = path};
		conf_diag_add(load->diag, node->at,
			conf_yaml_describe(&canonical, expected),
			conf_yaml_describe(node, found), "%s: not in canonical form",
			key->path);
		return;
	}
	if (key->type == CONF_SCHEMA_PREFIX && path.data[path.length - 1] == '/')
		path.length--;
	if (path.length > 0)
		store(load, key, item, path);
}

static bool is_uri_text(struct str text)
{
	return consists_of(text, "-._~:/?#[]@!$&'()*+,;=%"); // RFC 3986 section 2
}

static bool has_authority(struct str rest)
{
	struct str authority = rest;
	struct str host;
	uint16_t port;
	for (authority.length = 0; authority.length < rest.length; authority.length++) {
		if (strchr("/?#", rest.data[authority.length]))
			break;
	}
	return url_split_authority(authority, &host, &port);
}

// Browsers read "//host" and "/\host" as another host: an open redirect for who can
// choose the rest.
void conf_load_string_location(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	struct str rest = node->text;
	bool is_good = is_uri_text(node->text);
	size_t index;
	bool is_word = conf_load_value_word(key, node->text, &index);
	if (is_word) {
		memcpy(conf_load_field(item, key->extra), &is_word, sizeof(is_word));
		return;
	}
	if (str_cut_prefix(&rest, STR("http://")) ||
		str_cut_prefix(&rest, STR("https://")))
		is_good = is_good && has_authority(rest);
	else
		is_good = is_good && str_has_prefix(rest, STR("/")) &&
			  !str_has_prefix(rest, STR("//"));
	if (is_good)
		store(load, key, item, node->text);
	else
		conf_load_value_refuse(load, key, node, "bad location");
}

void conf_load_string_text(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	if (conf_load_string_is_line(node->text))
		store(load, key, item, node->text);
	else
		conf_load_value_refuse(load, key, node, "bad text");
}

void conf_load_string_target(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	if (conf_load_string_is_target(node->text))
		store(load, key, item, node->text);
	else
		conf_load_value_refuse(load, key, node, "bad path");
}
