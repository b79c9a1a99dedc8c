// SPDX-License-Identifier: MIT
// Where the log goes under another configuration, and what loaders have written in it.
#include <string.h>

#include "server_priv.h"
#include "wherry/base/log.h"

static bool has_moved(const struct log_options *from, const struct log_options *to)
{
	return strcmp(from->events, to->events) != 0 ||
	       strcmp(from->access, to->access) != 0;
}

bool server_log_apply(
	const struct server *server, const struct conf *conf, struct buf *reterr_text)
{
	const struct log_options *log = &conf->log;
	if (!has_moved(&server->conf->log, log)) {
		log_adjust(log);
		return true;
	}
	if (log_start(log))
		return true;
	buf_printf(reterr_text,
		"log.events %s or log.access %s: %m (expected what user %s may write, in "
		"a folder that was named at the start)\n",
		log->events, log->access, server->sandbox.privileges.user);
	return false;
}

void server_log_lines(struct str text, bool is_bad)
{
	while (text.length > 0) {
		struct str line = str_cut_until(&text, '\n');
		if (is_bad)
			log_error("%.*s", STR_ARG(line));
		else
			log_warn("%.*s", STR_ARG(line));
	}
}
