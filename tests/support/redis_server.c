// SPDX-License-Identifier: MIT
// Runs redis-server; see the header.
#include "redis_server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>

enum {
	PATIENCE_MS = 20 * 1000,
	STEP_MS = 5,
};

static void run(const struct redis_server *server)
{
	(void)prctl(
		PR_SET_PDEATHSIG, SIGKILL); // a test that crashes leaves nothing behind
	if (chdir(server->folder) != 0 || !freopen("log", "a", stdout))
		_exit(1);
	execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", "socket",
		"--save", "", "--appendonly", "yes", "--appendfsync", "no",
		"--requirepass", server->password ? server->password : "", NULL);
	_exit(1);
}

static bool can_connect(const struct redis_server *server)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	(void)snprintf(
		address.sun_path, sizeof(address.sun_path), "%s/socket", server->folder);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	bool is_there =
		connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
	close(fd);
	return is_there;
}

void redis_server_restart(struct redis_server *server)
{
	server->pid = fork();
	cr_assert_geq(server->pid, 0);
	if (server->pid == 0)
		run(server);
	for (int waited = 0; !can_connect(server); waited += STEP_MS) {
		cr_assert_lt(waited, PATIENCE_MS, "redis-server does not start");
		nanosleep(&(struct timespec){.tv_nsec = STEP_MS * 1000000L}, NULL);
	}
}

void redis_server_start(struct redis_server *server, const char *password)
{
	const char *expected = NULL;

	if (access("/usr/bin/redis-server", X_OK) != 0)
		cr_skip_test("no redis-server");
	*server = (struct redis_server){
		.folder = "/tmp/wherry-test-XXXXXX", .password = password};
	cr_assert_not_null(mkdtemp(server->folder));
	(void)snprintf(
		server->url, sizeof(server->url), "unix:%s/socket", server->folder);
	cr_assert(url_redis_parse(str_from(server->url), &server->parsed, &expected));
	redis_server_restart(server);
}

void redis_server_signal(struct redis_server *server, int number)
{
	cr_assert_eq(kill(server->pid, number), 0);
}

void redis_server_kill(struct redis_server *server)
{
	redis_server_signal(server, SIGKILL);
	cr_assert_eq(waitpid(server->pid, NULL, 0), server->pid);
	server->pid = 0;
}

void redis_server_finish(struct redis_server *server)
{
	char command[96];
	if (server->pid > 0)
		redis_server_kill(server);
	(void)snprintf(command, sizeof(command), "rm -r %s", server->folder);
	cr_expect_eq(system(command), 0);
}
