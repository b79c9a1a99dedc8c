// SPDX-License-Identifier: MIT
// Loads addresses, networks and servers: whom Wherry talks to.
#include "conf_load_priv.h"

#include <string.h>

#include "wherry/conf/conf_suggest.h"

enum {
	DNS_PORT = 53,
	KNOWN_MAX = 20
};

static const char network_form[] =
	"a network such as 10.0.0.0/8, without host bits, or unix";
static const char resolver_form[] = "IP or IP:port";

void conf_load_peer_address(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	struct addr *addr = conf_load_field(item, key->field);
	size_t index;
	if (conf_load_value_word(key, node->text, &index))
		return;
	if (!addr_parse(node->text, addr)) {
		conf_load_value_refuse(load, key, node, "bad address");
		return;
	}
	if (key->extra.size == CONF_SCHEMA_NO_FIELD)
		return;
	const char *copy = conf_arena_copy(load->memory, node->text);
	memcpy(conf_load_field(item, key->extra), &copy, sizeof(copy));
}

void conf_load_peer_networks(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	struct addr_network *networks =
		conf_arena_alloc(load->memory, node->count, sizeof(*networks));
	size_t count = 0;
	if (!networks)
		return;
	for (const struct conf_yaml_node *each = node->first; each; each = each->next) {
		if (!conf_load_value_is_item(load, key, each, network_form))
			continue;
		if (addr_network_parse(each->text, &networks[count]))
			count++;
		else
			conf_load_value_refuse_item(
				load, key, each, network_form, "bad network");
	}
	memcpy(conf_load_field(item, key->field), &networks, sizeof(networks));
	memcpy(conf_load_field(item, key->extra), &count, sizeof(count));
}

static bool parse_resolver(struct str text, struct addr *ret_addr)
{
	if (addr_parse_ip(text, DNS_PORT, ret_addr))
		return true;
	return addr_parse(text, ret_addr) && !addr_is_unix(ret_addr) &&
	       addr_port(ret_addr) != 0;
}

void conf_load_peer_resolvers(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	struct buf list = BUF_INIT;
	for (const struct conf_yaml_node *each = node->first; each; each = each->next) {
		struct addr addr;
		char text[ADDR_TEXT_SIZE];
		if (!conf_load_value_is_item(load, key, each, resolver_form))
			continue;
		if (!parse_resolver(each->text, &addr)) {
			conf_load_value_refuse_item(
				load, key, each, resolver_form, "bad name server");
			continue;
		}
		buf_printf(&list, "%s%s", list.length > 0 ? "," : "",
			addr_format(&addr, text));
	}
	const char *copy = NULL;
	if (list.is_failed)
		load->memory->is_failed = true;
	else if (list.length > 0)
		copy = conf_arena_copy(load->memory, buf_str(&list));
	memcpy(conf_load_field(item, key->field), &copy, sizeof(copy));
	buf_finish(&list);
}

// item is a struct conf_server.
void conf_load_peer_url(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	char found[CONF_YAML_TEXT_SIZE];
	const char *expected;
	// The slices of the URL point into the copy.
	const char *copy = conf_arena_copy(load->memory, node->text);
	if (!copy)
		return;
	struct conf_server *server = item;
	struct url *url = conf_load_field(item, key->field);
	server->named_at = conf_load_string_place(load, node);
	memcpy(conf_load_field(item, key->extra), &copy, sizeof(copy));
	if (!url_parse((struct str){copy, node->text.length}, url, &expected))
		conf_diag_add(load->diag, node->at, expected,
			conf_yaml_describe(node, found), "%s: bad URL", key->path);
}

// "one of a, b", for as many as a reader looks through; the caller finishes it.
static struct buf list_upstreams(const struct conf *conf)
{
	struct buf known = BUF_INIT;
	for (size_t i = 0; i < conf->upstream_count && i < KNOWN_MAX; i++)
		buf_printf(&known, "%s%s", i > 0 ? ", " : "one of ",
			conf->upstreams[i].name);
	if (conf->upstream_count > KNOWN_MAX)
		buf_append_str(&known, STR(", ..."));
	if (conf->upstream_count == 0)
		buf_append_str(&known, STR("an upstream below \"upstreams\""));
	buf_append(&known, "", 1); // terminates it
	return known;
}

static void refuse_upstream(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node)
{
	char found[CONF_YAML_TEXT_SIZE];
	struct buf known = list_upstreams(load->conf);
	struct conf_suggest suggest;
	conf_suggest_init(&suggest, node->text);
	for (size_t i = 0; i < load->conf->upstream_count; i++)
		conf_suggest_offer(&suggest, str_from(load->conf->upstreams[i].name));
	bool has_suggestion = suggest.nearest.length > 0;
	conf_diag_add(load->diag, node->at, known.is_failed ? NULL : known.data,
		conf_yaml_describe(node, found), "%s: unknown upstream%s%.*s%s",
		key->path, has_suggestion ? ", did you mean \"" : "",
		STR_ARG(suggest.nearest), has_suggestion ? "\"?" : "");
	buf_finish(&known);
}

void conf_load_peer_upstream(struct conf_load *load, const struct conf_schema_key *key,
	const struct conf_yaml_node *node, void *item)
{
	size_t index = 0;
	while (index < load->conf->upstream_count &&
		!str_equal(node->text, str_from(load->conf->upstreams[index].name)))
		index++;
	if (index == load->conf->upstream_count) {
		refuse_upstream(load, key, node);
		index = SIZE_MAX;
	}
	memcpy(conf_load_field(item, key->field), &index, sizeof(index));
}
