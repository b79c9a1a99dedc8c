// SPDX-License-Identifier: MIT
// Records and descriptors from one end of a connection to the other.
#include "wherry/server/takeover.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

struct pair {
	int old, new;
};

static struct pair connect_pair(void)
{
	int ends[2];
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	return (struct pair){ends[0], ends[1]};
}

static void close_pair(const struct pair *pair)
{
	close(pair->old);
	close(pair->new);
}

static bool are_the_same(int a, int b)
{
	struct stat one, other;
	cr_assert_eq(fstat(a, &one), 0);
	cr_assert_eq(fstat(b, &other), 0);
	return one.st_ino == other.st_ino && one.st_dev == other.st_dev;
}

Test(takeover, hands_descriptors_over_with_their_record)
{
	struct pair pair = connect_pair();
	struct takeover_record record = {.kind = TAKEOVER_SOCKETS, .is_lent = 1}, got;
	struct takeover_sockets sockets = {.count = 2}, received;
	cr_assert(addr_parse(STR("127.0.0.1:80"), &record.address));
	cr_assert_eq(pipe(sockets.items), 0);
	// The one before must not swallow the descriptors of the second.
	cr_assert_eq(takeover_send(pair.old,
			     &(struct takeover_record){.kind = TAKEOVER_TICKETS}, NULL),
		0);
	cr_assert_eq(takeover_send(pair.old, &record, &sockets), 0);

	cr_assert_eq(takeover_receive(pair.new, &got, &received), 0);
	cr_expect_eq(got.kind, TAKEOVER_TICKETS);
	cr_expect_eq(received.count, 0);
	cr_assert_eq(takeover_receive(pair.new, &got, &received), 0);
	cr_expect_eq(got.kind, TAKEOVER_SOCKETS);
	cr_expect_eq(got.is_lent, 1);
	cr_expect(addr_equal(&got.address, &record.address));
	cr_assert_eq(received.count, 2);
	for (size_t i = 0; i < 2; i++) {
		cr_expect(are_the_same(sockets.items[i], received.items[i]));
		cr_expect(fcntl(received.items[i], F_GETFD) & FD_CLOEXEC);
		close(sockets.items[i]);
		close(received.items[i]);
	}
	close_pair(&pair);
}

Test(takeover, hands_as_many_over_as_a_record_takes)
{
	struct pair pair = connect_pair();
	struct takeover_record record = {.kind = TAKEOVER_SOCKETS};
	struct takeover_sockets sockets = {.count = TAKEOVER_SOCKETS_MAX}, received;
	for (size_t i = 0; i < sockets.count; i++)
		sockets.items[i] = STDERR_FILENO;
	cr_assert_eq(takeover_send(pair.old, &record, &sockets), 0);
	cr_assert_eq(takeover_receive(pair.new, &record, &received), 0);
	cr_assert_eq(received.count, TAKEOVER_SOCKETS_MAX);
	for (size_t i = 0; i < received.count; i++)
		close(received.items[i]);
	close_pair(&pair);
}

Test(takeover, tells_that_the_other_side_is_gone)
{
	struct pair pair = connect_pair();
	struct takeover_record record;
	struct takeover_sockets received;
	cr_assert_eq(write(pair.old, "half", 4), 4);
	close(pair.old);
	cr_expect_eq(takeover_receive(pair.new, &record, &received), EPIPE);
	memset(&record, 0, sizeof(record));
	cr_expect_eq(takeover_send(pair.new, &record, NULL), EPIPE);
	close(pair.new);
}

Test(takeover, does_not_wait_where_it_must_not)
{
	struct pair pair = connect_pair();
	struct takeover_record record = {.kind = TAKEOVER_READY};
	struct takeover_sockets received;
	cr_assert_eq(fcntl(pair.new, F_SETFL, O_NONBLOCK), 0);
	cr_assert_eq(fcntl(pair.old, F_SETFL, O_NONBLOCK), 0);
	cr_expect_eq(takeover_receive(pair.new, &record, &received), EAGAIN);
	int result = 0;
	for (size_t i = 0; i < 100000 && result == 0; i++)
		result = takeover_send(pair.old, &record, NULL);
	cr_expect_eq(result, EAGAIN);
	close_pair(&pair);
}
