// SPDX-License-Identifier: MIT
// The stations of a load: read the file, build the tree, walk it along the schema, check
// the rules across keys. Each goes as far as it can, so that all mistakes show at once.
#include "wherry/conf/conf_load.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "conf_canonical_priv.h"
#include "conf_load_priv.h"
#include "conf_priv.h"

#include "wherry/conf/conf_check.h"
#include "wherry/conf/conf_lint.h"

enum {
	READ_SIZE = 16384
};

static void keep_canonical(struct conf_load *load, const struct conf_yaml_node *root)
{
	struct buf text = BUF_INIT;
	conf_canonical_write(&text, root);
	load->conf->canonical = conf_arena_copy(load->memory, buf_str(&text));
	load->memory->is_failed |= text.is_failed;
	buf_finish(&text);
}

static void keep_warnings(struct conf_load *load, const struct conf_yaml_node *root)
{
	struct conf_diag warnings;
	conf_diag_init(&warnings);
	conf_lint(load->conf, root, &warnings);
	conf_diag_sort(&warnings);
	load->conf->warnings = conf_arena_copy(load->memory, buf_str(&warnings.text));
	load->memory->is_failed |= warnings.text.is_failed;
	conf_diag_finish(&warnings);
}

static bool is_off(const struct conf_yaml_node *node)
{
	return node && str_equal(node->text, STR("off"));
}

static void load_tree(
	struct conf *conf, struct conf_yaml_node *root, struct conf_diag *diag)
{
	struct conf_load load = {.conf = conf, .memory = conf_memory(conf), .diag = diag};
	conf_load_walk(&load, root);
	if (load.memory->is_failed || root->kind != CONF_YAML_MAPPING)
		return;
	conf_load_balance_finish(&load);
	conf_load_route_finish(&load, root);
	conf->has_status = conf->status.length > 0;
	conf->control.is_off = is_off(conf_yaml_find(root, "control"));
	if (!load.memory->is_failed)
		conf_check_rules(conf, root, diag);
	if (diag->count > 0)
		return;
	keep_canonical(&load, root);
	keep_warnings(&load, root);
}

struct conf *conf_load_text(const char *name, struct str text, struct conf_diag *diag)
{
	struct conf_yaml *yaml = conf_yaml_parse(name, text, diag);
	struct conf *conf = yaml ? conf_create() : NULL;
	bool has_memory = !yaml || conf;
	if (conf) {
		load_tree(conf, conf_yaml_root(yaml), diag);
		has_memory = !conf_memory(conf)->is_failed;
	}
	conf_yaml_destroy(yaml);
	if (!has_memory || diag->text.is_failed)
		conf_diag_set_out_of_memory(diag, name);
	conf_diag_sort(diag);
	if (diag->count == 0)
		return conf;
	conf_unref(conf);
	return NULL;
}

// One byte more than allowed is enough to know that there is too much. Returns 0 or
// errno.
static int read_all(int fd, struct buf *ret_text)
{
	char piece[READ_SIZE];
	while (ret_text->length <= CONF_YAML_MAX_BYTES) {
		ssize_t length = read(fd, piece, sizeof(piece));
		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return errno;
		if (length == 0)
			break;
		buf_append(ret_text, piece, (size_t)length);
		if (ret_text->is_failed)
			return ENOMEM;
	}
	return 0;
}

static int read_file(const char *path, struct buf *ret_text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	int error = read_all(fd, ret_text);
	(void)close(fd); // nothing was written
	return error;
}

static bool find_control(
	struct conf_yaml *yaml, struct conf_control *ret_control, struct conf_diag *diag)
{
	char found[CONF_YAML_TEXT_SIZE];
	const struct conf_yaml_node *node =
		conf_yaml_find(conf_yaml_root(yaml), "control");
	*ret_control = (struct conf_control){.is_off = is_off(node)};
	if (!node || ret_control->is_off || str_equal(node->text, STR("auto")) ||
		(addr_parse(node->text, &ret_control->address) &&
			addr_is_unix(&ret_control->address)))
		return true;
	conf_diag_add(diag, node->at, "unix:/path, auto or off",
		conf_yaml_describe(node, found), "control: bad address");
	return false;
}

bool conf_load_control(
	const char *path, struct conf_control *ret_control, struct conf_diag *diag)
{
	struct buf text = BUF_INIT;
	int error = read_file(path, &text);
	struct conf_yaml *yaml = NULL;
	if (error != 0)
		conf_diag_add(diag, (struct conf_position){.file = path}, NULL, NULL,
			"can't be read: %s", strerror(error));
	else
		yaml = conf_yaml_parse(path, buf_str(&text), diag);
	bool is_found = yaml && find_control(yaml, ret_control, diag);
	conf_yaml_destroy(yaml);
	buf_finish(&text);
	return is_found;
}

struct conf *conf_load_file(const char *path, struct conf_diag *diag)
{
	struct buf text = BUF_INIT;
	struct conf *conf = NULL;
	int error = read_file(path, &text);
	if (error == ENOMEM)
		conf_diag_set_out_of_memory(diag, path);
	else if (error != 0)
		conf_diag_add(diag, (struct conf_position){.file = path}, NULL, NULL,
			"can't be read: %s", strerror(error));
	else
		conf = conf_load_text(path, buf_str(&text), diag);
	buf_finish(&text);
	if (!conf)
		return NULL;
	conf->path = conf_arena_copy(conf_memory(conf), str_from(path));
	if (conf->path)
		return conf;
	conf_diag_set_out_of_memory(diag, path);
	conf_unref(conf);
	return NULL;
}
