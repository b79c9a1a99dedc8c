// SPDX-License-Identifier: MIT
// What a service manager would read.
#include "wherry/server/notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <criterion/criterion.h>

struct manager {
	int socket;
	struct notify notify;
	char text[512]; // of the last message
};

// In the kernel's own name space: there is no file to remove.
static void manager_start(struct manager *manager)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int length = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1,
		"wherry-test-%d", (int)getpid());
	char name[sizeof(address.sun_path)];
	(void)snprintf(name, sizeof(name), "@%s", address.sun_path + 1);
	manager->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	cr_assert_geq(manager->socket, 0);
	socklen_t size =
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
	cr_assert_eq(bind(manager->socket, (struct sockaddr *)&address, size), 0);
	cr_assert_eq(setenv("NOTIFY_SOCKET", name, 1), 0);
	notify_open(&manager->notify);
	cr_assert_geq(manager->notify.socket, 0);
}

static const char *manager_read(struct manager *manager)
{
	ssize_t got = recv(
		manager->socket, manager->text, sizeof(manager->text) - 1, MSG_DONTWAIT);
	manager->text[got > 0 ? got : 0] = '\0';
	return manager->text;
}

static void manager_finish(struct manager *manager)
{
	notify_close(&manager->notify);
	close(manager->socket);
}

Test(notify, tells_the_life_of_a_service)
{
	struct manager manager;
	manager_start(&manager);
	notify_ready(&manager.notify, "2 workers");
	cr_expect_str_eq(manager_read(&manager), "READY=1\nSTATUS=2 workers");
	notify_reloading(&manager.notify);
	cr_expect(
		strncmp(manager_read(&manager), "RELOADING=1\nMONOTONIC_USEC=", 27) == 0,
		"%s", manager.text);
	cr_expect_gt(strtoull(manager.text + 27, NULL, 10), 0);
	notify_stopping(&manager.notify);
	cr_expect_str_eq(manager_read(&manager), "STOPPING=1\nSTATUS=draining");
	notify_succeeded(&manager.notify, 4711);
	cr_expect_str_eq(manager_read(&manager), "MAINPID=4711");
	manager_finish(&manager);
}

Test(notify, is_silent_without_a_manager)
{
	struct notify notify;
	cr_assert_eq(unsetenv("NOTIFY_SOCKET"), 0);
	notify_open(&notify);
	cr_expect_eq(notify.socket, -1);
	notify_ready(&notify, "");
	notify_close(&notify);
}

Test(notify, does_not_mind_a_manager_that_is_gone)
{
	struct manager manager;
	manager_start(&manager);
	close(manager.socket);
	notify_ready(&manager.notify, "");
	notify_close(&manager.notify);
}

Test(notify, takes_no_path_that_can_be_none)
{
	const char *paths[] = {"", "/", "@", "relative", "vsock:2:1"};
	char too_long[200];
	struct notify notify;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		cr_assert_eq(setenv("NOTIFY_SOCKET", paths[i], 1), 0);
		notify_open(&notify);
		cr_expect_eq(notify.socket, -1, "%s", paths[i]);
	}
	memset(too_long, '/', sizeof(too_long) - 1);
	too_long[sizeof(too_long) - 1] = '\0';
	cr_assert_eq(setenv("NOTIFY_SOCKET", too_long, 1), 0);
	notify_open(&notify);
	cr_expect_eq(notify.socket, -1);
}
