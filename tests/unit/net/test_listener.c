// SPDX-License-Identifier: MIT
// Opening listening sockets, accepting from them, and running out of descriptors.
#include "wherry/net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "wherry/base/now.h"

enum {
	DEADLINE_MS = 10 * 1000,
	SOCKETS_MAX = 200,
};

struct fixture {
	struct loop *loop;
	struct listener *listener;
	int socket; // the listener's
	struct addr address;
	struct loop_timer deadline;
	int sockets[SOCKETS_MAX]; // accepted
	struct addr peers[SOCKETS_MAX];
	size_t count;
};

static void on_deadline(void *arg)
{
	cr_assert_fail("nothing happened in time");
}

static void on_accept(void *arg, int socket, const struct addr *peer)
{
	struct fixture *fixture = arg;

	cr_assert_lt(fixture->count, SOCKETS_MAX);
	fixture->sockets[fixture->count] = socket;
	fixture->peers[fixture->count++] = *peer;
}

static int open_at(const char *text, bool reuse_port, struct addr *ret_address)
{
	cr_assert(addr_parse(str_from(text), ret_address));
	int fd = listener_open(ret_address, reuse_port);
	if (fd >= 0 && !addr_is_unix(ret_address))
		cr_assert_eq(getsockname(fd, &ret_address->any, &ret_address->length), 0);
	return fd;
}

static void fixture_start_at(
	struct fixture *fixture, const char *address, bool reuse_port)
{
	*fixture = (struct fixture){.loop = loop_create()};
	cr_assert_not_null(fixture->loop);
	fixture->socket = open_at(address, reuse_port, &fixture->address);
	cr_assert_geq(fixture->socket, 0, "%d", fixture->socket);
	fixture->listener =
		listener_create(fixture->loop, fixture->socket, on_accept, fixture);
	cr_assert_not_null(fixture->listener);
	loop_timer_init(&fixture->deadline, fixture->loop, on_deadline, NULL);
	loop_timer_set(&fixture->deadline, now_ms() + DEADLINE_MS);
}

static void fixture_start(struct fixture *fixture, const char *address)
{
	fixture_start_at(fixture, address, false);
}

static void fixture_finish(struct fixture *fixture)
{
	listener_destroy(fixture->listener);
	for (size_t i = 0; i < fixture->count; i++)
		close(fixture->sockets[i]);
	loop_timer_finish(&fixture->deadline);
	loop_destroy(fixture->loop);
}

static int connect_to(const struct addr *address)
{
	int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_geq(fd, 0);
	cr_assert_eq(connect(fd, &address->any, address->length), 0);
	return fd;
}

static void run_until_accepted(struct fixture *fixture, size_t count)
{
	while (fixture->count < count)
		cr_assert_geq(event_base_loop(loop_base(fixture->loop), EVLOOP_ONCE), 0);
	cr_expect_eq(fixture->count, count);
}

Test(listener, accepts_ready_sockets_with_their_peer)
{
	struct fixture fixture;
	struct addr own = {.length = sizeof(own.v4)};
	int no_delay = 0;
	socklen_t length = sizeof(no_delay);

	fixture_start(&fixture, "127.0.0.1:0");
	int client = connect_to(&fixture.address);
	run_until_accepted(&fixture, 1);
	int socket = fixture.sockets[0];
	cr_expect(fcntl(socket, F_GETFL) & O_NONBLOCK);
	cr_expect(fcntl(socket, F_GETFD) & FD_CLOEXEC);
	cr_assert_eq(getsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &no_delay, &length), 0);
	cr_expect_eq(no_delay, 1);
	cr_assert_eq(getsockname(client, &own.any, &own.length), 0);
	cr_expect(addr_equal(&fixture.peers[0], &own));
	close(client);
	fixture_finish(&fixture);
}

Test(listener, accepts_more_than_a_batch)
{
	struct fixture fixture;
	int clients[150];

	fixture_start(&fixture, "127.0.0.1:0");
	for (size_t i = 0; i < 150; i++)
		clients[i] = connect_to(&fixture.address);
	run_until_accepted(&fixture, 150);
	for (size_t i = 0; i < 150; i++)
		close(clients[i]);
	fixture_finish(&fixture);
}

Test(listener, accepts_who_waits_before_it_closes)
{
	struct fixture fixture;
	int clients[3];

	fixture_start(&fixture, "127.0.0.1:0");
	for (size_t i = 0; i < 3; i++)
		clients[i] = connect_to(&fixture.address);
	listener_destroy(fixture.listener);
	fixture.listener = NULL;
	cr_expect_eq(fixture.count, 3);
	for (size_t i = 0; i < 3; i++)
		close(clients[i]);
	fixture_finish(&fixture);
}

Test(listener, leaves_socket_and_queue_to_others)
{
	struct fixture fixture;

	fixture_start(&fixture, "127.0.0.1:0");
	int other = dup(fixture.socket);
	int client = connect_to(&fixture.address);
	listener_leave(fixture.listener);
	cr_expect_eq(fixture.count, 0);
	fixture.listener = listener_create(fixture.loop, other, on_accept, &fixture);
	cr_assert_not_null(fixture.listener);
	run_until_accepted(&fixture, 1);
	close(client);
	fixture_finish(&fixture);
}

Test(listener, refuses_new_connections_but_keeps_the_queue)
{
	struct fixture fixture;
	struct addr address;

	int socket_fd = open_at("127.0.0.1:0", false, &address);
	cr_assert_geq(socket_fd, 0);
	int waiting = connect_to(&address);
	listener_refuse(socket_fd, &address);
	int late = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_geq(late, 0);
	cr_expect_eq(connect(late, &address.any, address.length), -1);
	cr_expect_eq(errno, ECONNREFUSED);
	fixture_start(&fixture, "127.0.0.1:0");
	struct listener *closing =
		listener_create(fixture.loop, socket_fd, on_accept, &fixture);
	cr_assert_not_null(closing);
	listener_destroy(closing);
	cr_expect_eq(fixture.count, 1);
	close(waiting);
	close(late);
	fixture_finish(&fixture);
}

// As far as the client knows it is connected, but the server awaits a byte before the
// handshake is over.
Test(listener, ends_handshakes_that_are_under_way_when_it_refuses)
{
	struct fixture fixture;
	int seconds = 5, interface = -1;
	socklen_t length = sizeof(interface);

	fixture_start(&fixture, "127.0.0.1:0");
	cr_assert_eq(setsockopt(fixture.socket, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds,
			     sizeof(seconds)),
		0);
	int client = connect_to(&fixture.address);
	cr_expect_eq(accept(fixture.socket, NULL, NULL), -1);
	listener_refuse(fixture.socket, &fixture.address);
	cr_assert_eq(send(client, "x", 1, 0), 1);
	run_until_accepted(&fixture, 1);
	cr_assert_eq(getsockopt(fixture.sockets[0], SOL_SOCKET, SO_BINDTOIFINDEX,
			     &interface, &length),
		0);
	cr_expect_eq(interface, 0, "it can't answer");
	close(client);
	fixture_finish(&fixture);
}

Test(listener, leaves_new_connections_to_others_when_it_refuses)
{
	const char *addresses[] = {"127.0.0.1:0", "0.0.0.0:0"};
	struct fixture former, newer;
	char text[ADDR_TEXT_SIZE];
	int clients[50];

	for (size_t i = 0; i < 2; i++) {
		fixture_start_at(&former, addresses[i], true);
		listener_refuse(former.socket, &former.address);
		fixture_start_at(&newer, addr_format(&former.address, text), true);
		for (size_t j = 0; j < 50; j++)
			clients[j] = connect_to(&newer.address);
		fixture_finish(&former);
		cr_expect_eq(former.count, 0);
		run_until_accepted(&newer, 50);
		for (size_t j = 0; j < 50; j++)
			close(clients[j]);
		fixture_finish(&newer);
	}
}

Test(listener, shares_an_address_only_with_reuse_port)
{
	struct addr address, again;
	char text[ADDR_TEXT_SIZE];
	int first = open_at("127.0.0.1:0", true, &address);

	cr_assert_geq(first, 0);
	(void)addr_format(&address, text);
	int second = open_at(text, true, &again);
	cr_expect_geq(second, 0);
	cr_expect(addr_equal(&address, &again));
	cr_expect_eq(open_at(text, false, &again), -EADDRINUSE);
	close(first);
	close(second);
}

Test(listener, probes_an_address_that_is_shared)
{
	struct addr address;
	int shared = open_at("127.0.0.1:0", true, &address);

	cr_assert_geq(shared, 0);
	cr_expect_eq(listener_probe(&address), -EADDRINUSE);
	close(shared);
	cr_expect_eq(listener_probe(&address), 0);
	cr_expect_eq(listener_probe(&address), 0, "it leaves nothing behind");
}

Test(listener, leaves_ipv4_to_others_on_ipv6)
{
	struct addr address, other;
	char text[ADDR_TEXT_SIZE];
	int v6 = open_at("[::]:0", false, &address);

	if (v6 == -EAFNOSUPPORT || v6 == -EADDRNOTAVAIL)
		cr_skip_test("no IPv6 here");
	cr_assert_geq(v6, 0, "%d", v6);
	(void)snprintf(text, sizeof(text), "0.0.0.0:%u", addr_port(&address));
	int v4 = open_at(text, false, &other);
	cr_expect_geq(v4, 0, "%d", v4);
	close(v6);
	close(v4);
}

struct folder {
	char path[32];
	char address[64]; // of a socket in it
};

static void make_folder(struct folder *folder)
{
	(void)snprintf(folder->path, sizeof(folder->path), "/tmp/wherry-test-XXXXXX");
	cr_assert_not_null(mkdtemp(folder->path));
	(void)snprintf(
		folder->address, sizeof(folder->address), "unix:%s/socket", folder->path);
}

static void remove_folder(const struct folder *folder)
{
	(void)unlink(folder->address + 5);
	cr_expect_eq(rmdir(folder->path), 0);
}

Test(listener, replaces_a_unix_socket_nobody_serves)
{
	struct folder folder;
	struct addr address;

	make_folder(&folder);
	int first = open_at(folder.address, false, &address);
	cr_assert_geq(first, 0);
	cr_expect_eq(open_at(folder.address, false, &address), -EADDRINUSE,
		"took the address of a living server");
	close(first);
	struct fixture fixture;
	fixture_start(&fixture, folder.address);
	int client = connect_to(&fixture.address);
	run_until_accepted(&fixture, 1);
	cr_expect(addr_is_unix(&fixture.peers[0]));
	close(client);
	fixture_finish(&fixture);
	remove_folder(&folder);
}

Test(listener, refuses_new_connections_at_a_unix_socket)
{
	struct folder folder;
	struct fixture fixture;

	make_folder(&folder);
	fixture_start(&fixture, folder.address);
	int waiting = connect_to(&fixture.address);
	listener_refuse(fixture.socket, &fixture.address);
	cr_expect_eq(access(folder.address + 5, F_OK), -1);
	listener_destroy(fixture.listener);
	fixture.listener = NULL;
	cr_expect_eq(fixture.count, 1);
	close(waiting);
	fixture_finish(&fixture);
	remove_folder(&folder);
}

Test(listener, replaces_no_file_that_is_not_a_socket)
{
	struct folder folder;
	struct addr address;

	make_folder(&folder);
	int file = open(folder.address + 5, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	cr_assert_geq(file, 0);
	cr_expect_eq(open_at(folder.address, false, &address), -EADDRINUSE);
	cr_expect_eq(access(folder.address + 5, F_OK), 0);
	close(file);
	remove_folder(&folder);
}

// The next descriptor would be one too many.
static struct rlimit use_up_descriptors(void)
{
	struct rlimit before, now;
	int next = open("/dev/null", O_RDONLY | O_CLOEXEC);

	cr_assert_geq(next, 0);
	close(next);
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	now = (struct rlimit){.rlim_cur = (rlim_t)next, .rlim_max = before.rlim_max};
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &now), 0);
	return before;
}

Test(listener, refuses_one_and_waits_without_descriptors)
{
	struct fixture fixture;
	char byte;

	fixture_start(&fixture, "127.0.0.1:0");
	int refused = connect_to(&fixture.address);
	int waiting = connect_to(&fixture.address);
	struct rlimit before = use_up_descriptors();
	cr_assert_geq(event_base_loop(loop_base(fixture.loop), EVLOOP_ONCE), 0);
	cr_expect_eq(fixture.count, 0);
	cr_expect_eq(loop_counters(fixture.loop)->accept_errors, 1);
	cr_expect_eq(recv(refused, &byte, 1, 0), 0, "left to hang");
	cr_assert_eq(event_base_loop(loop_base(fixture.loop), EVLOOP_NONBLOCK), 0);
	cr_expect_eq(loop_counters(fixture.loop)->accept_errors, 1, "spins");
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	run_until_accepted(&fixture, 1);
	cr_expect_eq(recv(waiting, &byte, 1, MSG_DONTWAIT), -1);
	close(refused);
	close(waiting);
	fixture_finish(&fixture);
}
