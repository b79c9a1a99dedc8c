// SPDX-License-Identifier: MIT
// A real redis-server in a folder of its own, on a UNIX socket, that can be killed and
// started again. Asserts that it works; skips the test where there is none.
#pragma once

#include <sys/types.h>

#include "wherry/base/url_redis.h"

struct redis_server {
	char folder[64];
	char url[96]; // "unix:FOLDER/socket"
	struct url_redis parsed;
	const char *password; // NULL = none
	pid_t pid;
};

void redis_server_start(struct redis_server *server, const char *password);
// With what it had written to its log of commands.
void redis_server_restart(struct redis_server *server);
// At once, as SIGKILL does.
void redis_server_kill(struct redis_server *server);
void redis_server_signal(struct redis_server *server, int number);
void redis_server_finish(struct redis_server *server);
