// SPDX-License-Identifier: MIT
// What is said of a reload, to the log and to who asked for it.
#include <string.h>

#include <jansson.h>

#include "server_reload_priv.h"
#include "wherry/base/log.h"
#include "wherry/upstream/directory_override.h"

static bool is_other(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") != 0;
}

// Its limits may change.
static bool is_other_hub(const struct conf_hub *a, const struct conf_hub *b)
{
	return a->broker != b->broker || is_other(a->url, b->url) ||
	       is_other(a->prefix, b->prefix) ||
	       is_other(a->password.path, b->password.path);
}

// What a process can't change of itself: keys, as the file has them.
static json_t *list_unchangeable(const struct server_reload *reload)
{
	const struct conf *next = reload->conf, *first = reload->server->started_conf;
	json_t *list = json_array();
	bool is_listed = list != NULL;
	if (is_other(next->user, first->user))
		is_listed &= json_array_append_new(list, json_string("user")) == 0;
	if (memcmp(&next->sandbox, &first->sandbox, sizeof(next->sandbox)) != 0)
		is_listed &= json_array_append_new(list, json_string("sandbox")) == 0;
	if (next->control.is_off != first->control.is_off ||
		!addr_equal(&next->control.address, &first->control.address))
		is_listed &= json_array_append_new(list, json_string("control")) == 0;
	if (is_other_hub(&next->hub, &first->hub))
		is_listed &= json_array_append_new(list, json_string("hub")) == 0;
	if (is_listed)
		return list;
	json_decref(list);
	return NULL;
}

static void warn_unchangeable(json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		log_warn("reload: \"%s\" has changed, which takes a restart",
			json_string_value(json_array_get(list, i)));
}

static void list_override(void *arg, const struct directory_override *override)
{
	struct server_reload *reload = arg;
	json_t *list = override->is_overruled ? reload->overrides_dropped
					      : reload->overrides_kept;
	// Without memory, the answer lacks it.
	(void)json_array_append_new(
		list, json_sprintf("%s %s", override->group, override->text));
	log_info(override->is_overruled
			 ? "reload: %s of %s is as the file says now, not as commanded"
			 : "reload: %s of %s stays as commanded, not as the file says",
		override->text, override->group);
}

void server_reload_list_overrides(struct server_reload *reload)
{
	reload->overrides_kept = json_array();
	reload->overrides_dropped = json_array();
	directory_override_each(reload->server->directory, list_override, reload);
}

static json_t *list_or_none(json_t *list)
{
	return list ? list : json_array();
}

static void log_result(const struct server_reload *reload)
{
	size_t route_gone = reload->route_gone, server_gone = reload->server_gone;
	log_info("reload: edition %llu is in force: %zu WebSockets kept, %zu closing "
		 "(%zu whose route is gone, %zu whose server is)",
		(unsigned long long)reload->server->edition, (size_t)reload->kept,
		route_gone + server_gone, route_gone, server_gone);
}

void server_reload_answer(struct server_reload *reload)
{
	bool is_changed = reload->server->conf == reload->conf;
	json_t *unchangeable = is_changed ? list_unchangeable(reload) : NULL;
	size_t gone = reload->route_gone + reload->server_gone;
	warn_unchangeable(unchangeable);
	if (is_changed)
		log_result(reload);
	else
		log_info("reload: nothing has changed");
	if (!reload->call) {
		json_decref(unchangeable);
		return;
	}
	control_call_answer(reload->call,
		json_pack("{sI sb sI sI sI sI so so so so so}", "edition",
			(json_int_t)reload->server->edition, "changed", is_changed,
			"kept", (json_int_t)reload->kept, "draining", (json_int_t)gone,
			"route_gone", (json_int_t)reload->route_gone, "server_gone",
			(json_int_t)reload->server_gone, "listeners_added",
			list_or_none(json_incref(reload->listeners.added)),
			"listeners_removed",
			list_or_none(json_incref(reload->listeners.removed)),
			"servers_as_commanded",
			list_or_none(json_incref(reload->overrides_kept)),
			"servers_as_in_file",
			list_or_none(json_incref(reload->overrides_dropped)),
			"needs_restart", list_or_none(unchangeable)));
}

void server_reload_refuse(struct server_reload *reload)
{
	struct str text = buf_str(&reload->errors);
	while (text.length > 0 && text.data[text.length - 1] == '\n')
		text.length--;
	if (text.length == 0)
		text = STR("it failed (the log says why)");
	if (reload->call)
		control_call_refuse(reload->call, "%.*s", STR_ARG(text));
}
