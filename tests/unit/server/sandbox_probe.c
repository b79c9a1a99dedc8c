// SPDX-License-Identifier: MIT
// Runs each attempt in a process of its own that has entered the sandbox, and says in TAP
// what came of it. No Criterion: its processes are not ours to lock up.
#include "sandbox_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox_landlock_priv.h"
#include "sandbox_seccomp_priv.h"

enum {
	EXIT_NO_LANDLOCK = 254,
	EXIT_NO_SANDBOX = 255
};

static char top[] = "/tmp/wherry-probe-XXXXXX";

static void make_folder(char path[64], const char *name, const char *file)
{
	char full[128];
	(void)snprintf(path, 64, "%s/%s", top, name);
	if (mkdir(path, 0700) != 0)
		abort();
	if (!file)
		return;
	(void)snprintf(full, sizeof(full), "%s/%s", path, file);
	int fd = open(full, O_WRONLY | O_CREAT, 0600);
	if (fd < 0)
		abort();
	close(fd);
}

static void remove_folder(const char *path)
{
	static const char *const names[] = {"file", "old", "new", "socket"};
	char full[128];
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(full, sizeof(full), "%s/%s", path, names[i]);
		(void)unlink(full);
	}
	(void)rmdir(path);
}

// As sandbox_enter does, with a configuration that names the folders.
static void enter(const struct probe_folders *folders, bool needs_landlock)
{
	char file[96], log[96], socket[96];
	(void)snprintf(file, sizeof(file), "%s/file", folders->read);
	(void)snprintf(log, sizeof(log), "%s/old", folders->logs);
	(void)snprintf(socket, sizeof(socket), "unix:%s/socket", folders->sockets);
	struct conf_listener listener = {.name = socket};
	struct conf conf = {
		.path = file,
		.log = {.events = "stderr", .access = log},
		.listeners = &listener,
		.listener_count = 1,
	};
	struct sandbox_paths paths;
	int version;
	if (!addr_parse(str_from(socket), &listener.address))
		_exit(EXIT_NO_SANDBOX);
	sandbox_paths_collect(&paths, &conf, &(struct addr){0});
	if (paths.is_failed || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		_exit(EXIT_NO_SANDBOX);
	if (sandbox_landlock_enter(&paths, &version) != 0 && needs_landlock)
		_exit(EXIT_NO_LANDLOCK);
	sandbox_paths_finish(&paths);
	if (sandbox_seccomp_enter() != 0)
		_exit(EXIT_NO_SANDBOX);
}

static int run(const struct probe_row *row, const struct probe_folders *folders)
{
	int status;
	pid_t child = fork();
	if (child == 0) {
		enter(folders, row->needs_landlock);
		_exit(row->try(folders));
	}
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return EXIT_NO_SANDBOX;
	return WEXITSTATUS(status);
}

static bool probe(const struct probe_row *row, size_t number)
{
	struct probe_folders folders;
	make_folder(folders.read, "read", "file");
	make_folder(folders.logs, "logs", "old");
	make_folder(folders.sockets, "sockets", NULL);
	make_folder(folders.other, "other", "file");
	int got = run(row, &folders);
	bool is_good = got == row->expected;
	if (got == EXIT_NO_LANDLOCK)
		printf("ok %zu - %s # SKIP this kernel has no landlock\n", number,
			row->name);
	else
		printf("%s %zu - %s: %s\n", is_good ? "ok" : "not ok", number, row->name,
			got == 0 ? "done" : strerror(got));
	remove_folder(folders.read);
	remove_folder(folders.logs);
	remove_folder(folders.sockets);
	remove_folder(folders.other);
	return is_good || got == EXIT_NO_LANDLOCK;
}

int main(void)
{
	size_t failed = 0;
	if (!mkdtemp(top))
		return 1;
	(void)setvbuf(stdout, NULL, _IONBF, 0); // or each child would print it again
	printf("1..%zu\n", probe_row_count);
	for (size_t i = 0; i < probe_row_count; i++)
		failed += !probe(&probe_rows[i], i + 1);
	(void)rmdir(top);
	return failed > 0;
}
