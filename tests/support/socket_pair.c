// SPDX-License-Identifier: MIT
// The two kinds of connection that tests need.
#include "socket_pair.h"

#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "wherry/base/addr.h"

void socket_pair_unix(int pair[2])
{
	int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;

	cr_assert_eq(socketpair(AF_UNIX, type, 0, pair), 0);
}

void socket_pair_tcp(int pair[2])
{
	struct addr address;
	int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert(addr_parse(STR("127.0.0.1:0"), &address));
	cr_assert_eq(bind(listening, &address.any, address.length), 0);
	cr_assert_eq(listen(listening, 1), 0);
	cr_assert_eq(getsockname(listening, &address.any, &address.length), 0);
	pair[0] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	(void)connect(pair[0], &address.any, address.length); // EINPROGRESS
	pair[1] = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	cr_assert_geq(pair[1], 0);
	close(listening);
}

void socket_pair_reset(int socket)
{
	struct linger none = {.l_onoff = 1, .l_linger = 0};

	cr_assert_eq(setsockopt(socket, SOL_SOCKET, SO_LINGER, &none, sizeof(none)), 0);
	close(socket);
}
