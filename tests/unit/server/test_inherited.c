// SPDX-License-Identifier: MIT
// The table of sockets that others opened.
#include "wherry/server/inherited.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "wherry/net/listener.h"

static struct addr parse(const char *text)
{
	struct addr address;
	cr_assert(addr_parse(str_from(text), &address));
	return address;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

Test(inherited, gives_each_socket_of_an_address_once)
{
	struct inherited inherited = {0};
	struct addr first = parse("127.0.0.1:80"), other = parse("unix:/run/a.sock");
	bool is_lent = true;
	int sockets[3];
	for (size_t i = 0; i < 3; i++) {
		sockets[i] = dup(STDERR_FILENO);
		cr_assert(inherited_add(
			&inherited, i == 1 ? &other : &first, sockets[i], i == 1));
	}
	cr_expect_eq(inherited_take(&inherited, &first, &is_lent), sockets[0]);
	cr_expect_not(is_lent);
	cr_expect_eq(inherited_take(&inherited, &first, &is_lent), sockets[2]);
	cr_expect_eq(inherited_take(&inherited, &first, &is_lent), -1);
	inherited_finish(&inherited);
	cr_expect(is_open(sockets[0]));
	cr_expect_not(is_open(sockets[1]), "nobody took it");
}

static void set_number(const char *name, int value)
{
	char text[16];
	(void)snprintf(text, sizeof(text), "%d", value);
	cr_assert_eq(setenv(name, text, 1), 0);
}

// Lends the socket as descriptor 3, where the test's own framework may have something.
// Returns that.
static int lend(int fd)
{
	int kept = dup(3);
	cr_assert_eq(dup2(fd, 3), 3);
	close(fd);
	set_number("LISTEN_PID", (int)getpid());
	set_number("LISTEN_FDS", 1);
	return kept;
}

static void take_back(int kept)
{
	close(3);
	if (kept >= 0)
		(void)dup2(kept, 3);
	close(kept);
}

Test(inherited, takes_what_the_service_manager_lends)
{
	struct inherited inherited = {0};
	struct addr any = parse("127.0.0.1:0");
	int fd = listener_open(&any, false);
	bool is_lent = false;
	cr_assert_gt(fd, 3);
	cr_assert_eq(getsockname(fd, &any.any, &any.length), 0);
	cr_assert_eq(fcntl(fd, F_SETFL, 0), 0);
	int kept = lend(fd);
	bool is_read = inherited_read_environment(&inherited);
	int taken = inherited_take(&inherited, &any, &is_lent);
	int flags = fcntl(3, F_GETFL), fd_flags = fcntl(3, F_GETFD);
	take_back(kept);
	cr_expect(is_read && is_lent);
	cr_expect_eq(taken, 3);
	cr_expect(flags & O_NONBLOCK);
	cr_expect(fd_flags & FD_CLOEXEC);
	inherited_finish(&inherited);
}

Test(inherited, leaves_what_is_meant_for_another_process)
{
	struct inherited inherited = {0};
	set_number("LISTEN_PID", (int)getppid());
	set_number("LISTEN_FDS", 1);
	cr_assert(inherited_read_environment(&inherited));
	cr_expect_eq(inherited.count, 0);
	set_number("LISTEN_PID", (int)getpid());
	cr_assert_eq(setenv("LISTEN_FDS", "many", 1), 0);
	cr_assert(inherited_read_environment(&inherited));
	cr_expect_eq(inherited.count, 0);
}

Test(inherited, refuses_what_does_not_listen)
{
	struct inherited inherited = {0};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_gt(fd, 3);
	int kept = lend(fd);
	bool is_read = inherited_read_environment(&inherited);
	take_back(kept);
	cr_expect_not(is_read);
	inherited_finish(&inherited);
}
