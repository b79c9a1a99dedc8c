// SPDX-License-Identifier: MIT
// Files that the configuration names; see the header.
#include "wherry/command/check.h"

#include "wherry/base/secret_file.h"
#include "wherry/net/tls_set.h"
#include "wherry/net/tls_tickets.h"
#include "wherry/proxy/rules.h"
#include "wherry/upstream/directory.h"

static bool check_tls(const struct conf_listener *listener, struct tls_tickets *tickets,
	struct buf *ret_text)
{
	struct tls_set *set = tls_set_load(listener, tickets, ret_text);
	tls_set_unref(set);
	return set != NULL;
}

static bool check_backends(struct conf *conf, struct buf *ret_text)
{
	struct names *names = names_create(NULL, NULL, NULL);
	struct directory *directory = names ? directory_create(names) : NULL;
	struct upstream_set *set =
		directory ? directory_build(directory, conf, NULL, ret_text) : NULL;
	bool is_loaded = set != NULL;
	if (!directory)
		buf_append_str(ret_text, STR("out of memory\n"));
	upstream_set_unref(set);
	directory_destroy(directory);
	names_destroy(names);
	return is_loaded;
}

static bool check_rules(struct conf *conf, struct buf *ret_text)
{
	struct rules *rules = rules_create(conf, ret_text);
	rules_unref(rules);
	return rules != NULL;
}

static bool check_hub(const struct conf_hub *hub, struct buf *ret_text)
{
	const struct conf_file *file = &hub->password;
	char error[SECRET_FILE_ERROR_SIZE];
	struct secret_file secret;
	if (hub->broker != CONF_BROKER_REDIS || !file->path)
		return true;
	bool is_good = secret_file_read(file->path, &secret, error);
	if (!is_good)
		buf_printf(ret_text, "%s: hub.password_file: %s %s\n", file->named_at,
			file->path, error);
	secret_file_finish(&secret);
	return is_good;
}

bool check_files(struct conf *conf, struct buf *ret_text)
{
	bool is_good = true;
	struct tls_tickets *tickets = tls_tickets_create();
	if (!tickets) {
		buf_append_str(ret_text, STR("out of memory or randomness\n"));
		return false;
	}
	for (size_t i = 0; i < conf->listener_count; i++) {
		if (conf->listeners[i].has_tls)
			is_good &= check_tls(&conf->listeners[i], tickets, ret_text);
	}
	tls_tickets_unref(tickets);
	is_good &= check_backends(conf, ret_text);
	is_good &= check_rules(conf, ret_text);
	is_good &= check_hub(&conf->hub, ret_text);
	return is_good;
}
