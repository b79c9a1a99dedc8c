// SPDX-License-Identifier: MIT
// Password, database, and whether the server is ready, in one go.
#include <string.h>

#include <hiredis/async.h>

#include "link_redis_priv.h"

#include "wherry/proto/resp.h"

static void on_login(redisAsyncContext *context, void *reply, void *arg)
{
	const struct redisReply *answer = reply;
	struct link_redis *link = context->data;
	bool is_last = arg != NULL;

	if (!answer || context != link->context)
		return;
	if (answer->type == REDIS_REPLY_ERROR) {
		link_redis_fail(link, answer->str);
		return;
	}
	if (!is_last)
		return;
	link_redis_come_up(link);
}

// What was asked for can't be answered when memory is short: then there is no login.
static bool send_login(struct link_redis *link, struct buf *command, bool is_last)
{
	bool is_sent = link_redis_write(link, command, on_login, is_last ? link : NULL);
	buf_clear(command);
	return is_sent;
}

static bool send_password(struct link_redis *link, struct buf *command)
{
	struct str user = link->url->user;
	if (link->password.length == 0)
		return true;
	resp_begin(command, user.length > 0 ? 3 : 2);
	resp_add(command, STR("AUTH"));
	if (user.length > 0)
		resp_add(command, user);
	resp_add(command, link->password);
	return send_login(link, command, false);
}

static bool send_database(struct link_redis *link, struct buf *command)
{
	if (link->url->database == 0)
		return true;
	resp_begin(command, 2);
	resp_add(command, STR("SELECT"));
	resp_add_u64(command, link->url->database);
	return send_login(link, command, false);
}

// The last one also finds a server that is still loading its data.
static bool send_ping(struct link_redis *link, struct buf *command)
{
	resp_begin(command, 1);
	resp_add(command, STR("PING"));
	return send_login(link, command, true);
}

void link_redis_login(struct link_redis *link)
{
	struct buf command = BUF_INIT;
	bool is_sent = send_password(link, &command) && send_database(link, &command) &&
		       send_ping(link, &command);
	if (command.data)
		explicit_bzero(command.data, command.capacity);
	buf_finish(&command);
	if (!is_sent)
		link_redis_fail(link, "out of memory");
}
