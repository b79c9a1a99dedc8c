// SPDX-License-Identifier: MIT
// The fixture of the status server; see the header.
#include "status_fixture.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "wherry/base/now.h"
#include "wherry/net/listener.h"

enum {
	DEADLINE_MS = 8 * 1000 // shorter than the server's own
};

static void on_deadline(void *arg)
{
	cr_assert_fail("nothing happened in time");
}

static const char *find_hindrance(void *arg)
{
	return ((struct fixture *)arg)->is_draining ? "draining" : NULL;
}

static void write_metrics(void *arg, struct buf *out)
{
	struct fixture *fixture = arg;

	fixture->page_count++;
	char *page = malloc(fixture->page_length);
	cr_assert_not_null(page);
	memset(page, 'm', fixture->page_length);
	buf_append(out, page, fixture->page_length);
	free(page);
}

static void write_report(void *arg, struct buf *out)
{
	buf_append_str(out, STR("{\"state\": \"ready\"}"));
}

void fixture_start(struct fixture *fixture, struct str address)
{
	struct status_source source = {.find_hindrance = find_hindrance,
		.write_metrics = write_metrics,
		.write_report = write_report,
		.arg = fixture};
	struct addr addr;

	*fixture = (struct fixture){.loop = loop_create(), .page_length = 10};
	cr_assert_not_null(fixture->loop);
	loop_timer_init(&fixture->deadline, fixture->loop, on_deadline, NULL);
	loop_timer_set(&fixture->deadline, now_ms() + DEADLINE_MS);
	cr_assert(addr_parse(address, &addr));
	int socket = listener_open(&addr, false);
	cr_assert_geq(socket, 0, "%d", socket);
	fixture->address.length = sizeof(addr) - offsetof(struct addr, any);
	cr_assert_eq(
		getsockname(socket, &fixture->address.any, &fixture->address.length), 0);
	fixture->status = status_create(fixture->loop, socket, &source);
	cr_assert_not_null(fixture->status);
}

void fixture_finish(struct fixture *fixture)
{
	status_destroy(fixture->status);
	loop_timer_finish(&fixture->deadline);
	loop_destroy(fixture->loop);
}

int fixture_connect(const struct fixture *fixture)
{
	const struct addr *address = &fixture->address;
	int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_geq(fd, 0);
	cr_assert_eq(connect(fd, &address->any, address->length), 0);
	return fd;
}

static void stop_loop(evutil_socket_t fd, short events, void *arg)
{
	loop_stop(arg);
}

char *fixture_read_all(struct fixture *fixture, int fd)
{
	struct buf text = BUF_INIT;
	struct event event;
	char bytes[65536];
	ssize_t got;

	cr_assert_eq(event_assign(&event, loop_base(fixture->loop), fd,
			     EV_READ | EV_PERSIST, stop_loop, fixture->loop),
		0);
	cr_assert_eq(event_add(&event, NULL), 0);
	do {
		cr_assert(loop_run(fixture->loop));
		got = recv(fd, bytes, sizeof(bytes), 0);
		if (got > 0)
			buf_append(&text, bytes, (size_t)got);
	} while (got > 0);
	(void)event_del(&event);
	close(fd);
	buf_append(&text, "", 1);
	cr_assert_not(text.is_failed);
	return text.data;
}

void fixture_send(int fd, const char *text)
{
	cr_assert_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

char *fixture_fetch(struct fixture *fixture, const char *request)
{
	int fd = fixture_connect(fixture);

	fixture_send(fd, request);
	return fixture_read_all(fixture, fd);
}

void fixture_expect(struct fixture *fixture, const struct fixture_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *text = fixture_fetch(fixture, rows[i].request);

		cr_expect_eq(strncmp(text, rows[i].status, strlen(rows[i].status)), 0,
			"%s: %s", rows[i].name, text);
		if (rows[i].contains)
			cr_expect_not_null(strstr(text, rows[i].contains), "%s: %s",
				rows[i].name, text);
		free(text);
	}
}
