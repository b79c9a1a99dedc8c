// SPDX-License-Identifier: MIT
#include "wherry/conf/conf_yaml.h"

#include <criterion/criterion.h>

static struct conf_yaml *parse(struct conf_diag *diag, struct str text)
{
	conf_diag_init(diag);
	return conf_yaml_parse("t", text, diag);
}

static void expect_node(
	const struct conf_yaml_node *node, const char *text, size_t line, size_t column)
{
	cr_assert_not_null(node);
	cr_expect_eq(node->kind, CONF_YAML_SCALAR);
	cr_expect_str_eq(node->text.data, text);
	cr_expect_eq(node->text.length, strlen(text));
	cr_expect_str_eq(node->at.file, "t");
	cr_expect_eq(node->at.line, line, "%s: line %zu", text, node->at.line);
	cr_expect_eq(node->at.column, column, "%s: column %zu", text, node->at.column);
}

Test(conf_yaml, gives_every_node_its_position)
{
	struct conf_diag diag;
	struct conf_yaml *yaml = parse(&diag, STR("# comment\n"
						  "a: b\n"
						  "list:\n"
						  "  - \"q\\x21\"\n"
						  "  - { x: 1, é: |2-\n"
						  "      y }\n"));
	cr_expect_null(yaml, "a block text can't stand in a flow mapping");
	conf_diag_finish(&diag);

	yaml = parse(&diag, STR("# comment\n"
				"a: b\n"
				"list:\n"
				"  - \"q\\x21\"\n"
				"  - { é: 1, x: 2 }\n"
				"text: >\n"
				"  folded\n"
				"  lines\n"));
	cr_assert_not_null(yaml);
	struct conf_yaml_node *root = conf_yaml_root(yaml);
	cr_expect_eq(root->kind, CONF_YAML_MAPPING);
	cr_expect_eq(root->count, 3);
	expect_node(conf_yaml_find(root, "a"), "b", 2, 4);
	const struct conf_yaml_node *list = conf_yaml_find(root, "list");
	cr_expect_eq(list->kind, CONF_YAML_SEQUENCE);
	cr_expect_eq(list->count, 2);
	cr_expect_eq(list->key_at.line, 3);
	cr_expect_eq(list->key_at.column, 1);
	expect_node(list->first, "q!", 4, 5);
	const struct conf_yaml_node *mapping = list->first->next;
	expect_node(conf_yaml_find(mapping, "é"), "1", 5, 10);
	expect_node(conf_yaml_find(mapping, "x"), "2", 5, 16);
	expect_node(conf_yaml_find(root, "text"), "folded lines\n", 6, 7);
	cr_expect_null(conf_yaml_find(root, "b"));
	cr_expect_null(conf_yaml_find(list, "a"));
	cr_expect_null(conf_yaml_find(NULL, "a"));
	conf_yaml_destroy(yaml);
	conf_diag_finish(&diag);
}

Test(conf_yaml, tells_null_from_quoted_text)
{
	struct conf_diag diag;
	struct conf_yaml *yaml =
		parse(&diag, STR("{a: , b: ~, c: null, d: '', e: \"null\", f: Null}"));
	cr_assert_not_null(yaml);
	static const bool expected[] = {true, true, true, false, false, false};
	const struct conf_yaml_node *node = conf_yaml_root(yaml)->first;
	for (size_t i = 0; i < 6; i++, node = node->next)
		cr_expect_eq(node->is_null, expected[i], "%s", node->key.data);
	conf_yaml_destroy(yaml);
	conf_diag_finish(&diag);
}

Test(conf_yaml, takes_nothing_as_an_empty_mapping)
{
	static const char *const texts[] = {
		"", "\n\n", "# a\n", "---\n", "~\n", "--- {}\n"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct conf_diag diag;
		struct conf_yaml *yaml = parse(&diag, str_from(texts[i]));
		cr_assert_not_null(yaml, "%s", texts[i]);
		cr_expect_eq(conf_yaml_root(yaml)->kind, CONF_YAML_MAPPING);
		cr_expect_eq(conf_yaml_root(yaml)->count, 0);
		conf_yaml_destroy(yaml);
		conf_diag_finish(&diag);
	}
}

// A list nested so deep, with a text inside.
static struct buf nested(size_t depth)
{
	struct buf text = BUF_INIT;
	for (size_t i = 0; i < depth; i++)
		buf_append_str(&text, STR("["));
	buf_append_str(&text, STR("a"));
	for (size_t i = 0; i < depth; i++)
		buf_append_str(&text, STR("]"));
	return text;
}

static struct buf repeated(struct str piece, size_t count)
{
	struct buf text = BUF_INIT;
	for (size_t i = 0; i < count; i++)
		buf_append_str(&text, piece);
	return text;
}

static void expect_limit(struct buf text, bool is_good, const char *diagnostic)
{
	struct conf_diag diag;
	struct conf_yaml *yaml = parse(&diag, buf_str(&text));
	buf_append(&diag.text, "", 1);
	cr_expect_eq(yaml != NULL, is_good, "%s", diag.text.data);
	cr_expect_str_eq(diag.text.data, diagnostic);
	conf_yaml_destroy(yaml);
	conf_diag_finish(&diag);
	buf_finish(&text);
}

Test(conf_yaml, limits_depth_nodes_and_bytes)
{
	expect_limit(nested(CONF_YAML_MAX_DEPTH), true, "");
	expect_limit(nested(CONF_YAML_MAX_DEPTH + 1), false,
		"t:1:33: nested deeper than 32 levels\n");
	expect_limit(nested(100000), false, "t:1:33: nested deeper than 32 levels\n");
	// The list itself is one node.
	expect_limit(repeated(STR("- a\n"), CONF_YAML_MAX_NODES - 1), true, "");
	expect_limit(repeated(STR("- a\n"), CONF_YAML_MAX_NODES), false,
		"t:100000:3: more than 100000 keys and values\n");
	expect_limit(repeated(STR("\n"), CONF_YAML_MAX_BYTES), true, "");
	expect_limit(repeated(STR("\n"), CONF_YAML_MAX_BYTES + 1), false,
		"t: the file is too long (expected at most 1MiB)\n");
}

Test(conf_yaml, keeps_the_tree_after_smaller_mistakes)
{
	struct conf_diag diag;
	struct conf_yaml *yaml = parse(&diag, STR("a: 1\nb: &x 2\nc: *x\na: 3\nd: 4\n"));
	cr_assert_not_null(yaml);
	struct conf_yaml_node *root = conf_yaml_root(yaml);
	cr_expect_eq(diag.count, 3);
	cr_expect_eq(root->count, 4);
	cr_expect(root->has_mistake, "a key stands twice");
	expect_node(conf_yaml_find(root, "a"), "1", 1, 4);
	expect_node(conf_yaml_find(root, "d"), "4", 5, 4);
	cr_expect_eq(conf_yaml_find(root, "c")->kind, CONF_YAML_INVALID);
	conf_yaml_destroy(yaml);
	conf_diag_finish(&diag);
}

Test(conf_yaml, describes_what_it_found)
{
	struct conf_diag diag;
	char text[CONF_YAML_TEXT_SIZE];
	struct conf_yaml *yaml = parse(&diag,
		STR("[[], {}, ~, '', abc, "
		    "éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé]"));
	cr_assert_not_null(yaml);
	static const char *const expected[] = {"a list", "a mapping", "nothing", "\"\"",
		"\"abc\"", "\"ééééééééééééééééééééééééééééééééééééé...\""};
	const struct conf_yaml_node *node = conf_yaml_root(yaml)->first;
	for (size_t i = 0; i < 6; i++, node = node->next)
		cr_expect_str_eq(conf_yaml_describe(node, text), expected[i]);
	conf_yaml_destroy(yaml);
	conf_diag_finish(&diag);
}
