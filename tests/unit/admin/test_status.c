// SPDX-License-Identifier: MIT
// The status server over real sockets.
#include "wherry/admin/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "status_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	CLIENTS_MAX = 64
};

#define HEAD(host) "Host: " host "\r\nConnection: close\r\n\r\n"

Test(status, answers_each_request_as_it_should)
{
	static const struct fixture_row rows[] = {
		{"ready", "GET /ready HTTP/1.1\r\n" HEAD("localhost"), "HTTP/1.1 200 ",
			"\r\n\r\nready\n"},
		{"query", "GET /ready?x=1 HTTP/1.1\r\n" HEAD("localhost"),
			"HTTP/1.1 200 ", "\r\n\r\nready\n"},
		{"metrics", "GET /metrics HTTP/1.1\r\n" HEAD("localhost"),
			"HTTP/1.1 200 ", "\r\n\r\nmmmmmmmmmm"},
		{"metrics type", "GET /metrics HTTP/1.1\r\n" HEAD("localhost"),
			"HTTP/1.1 200 ", "Content-Type: text/plain; version=0.0.4"},
		{"status", "GET /status HTTP/1.1\r\n" HEAD("localhost"), "HTTP/1.1 200 ",
			"\r\n\r\n{\"state\": \"ready\"}"},
		{"status type", "GET /status HTTP/1.1\r\n" HEAD("localhost"),
			"HTTP/1.1 200 ", "Content-Type: application/json\r\n"},
		{"status to a foreign host", "GET /status HTTP/1.1\r\n" HEAD("evil.test"),
			"HTTP/1.1 421 ", NULL},
		{"HEAD has the length", "HEAD /metrics HTTP/1.1\r\n" HEAD("localhost"),
			"HTTP/1.1 200 ", "Content-Length: 10\r\n"},
		{"HTTP/1.0 without Host", "GET /ready HTTP/1.0\r\n\r\n", "HTTP/1.1 200 ",
			"\r\n\r\nready\n"},
		{"body",
			"GET /ready HTTP/1.1\r\nHost: localhost\r\n"
			"Content-Length: 5\r\n\r\nhello",
			"HTTP/1.1 200 ", "Connection: close\r\n"},
		{"unknown path", "GET / HTTP/1.1\r\n" HEAD("localhost"), "HTTP/1.1 404 ",
			NULL},
		{"prefix of a path", "GET /metrics/x HTTP/1.1\r\n" HEAD("localhost"),
			"HTTP/1.1 404 ", NULL},
		{"POST", "POST /ready HTTP/1.1\r\n" HEAD("localhost"), "HTTP/1.1 405 ",
			"Allow: GET, HEAD\r\n"},
		{"no HTTP", "hello\r\n\r\n", "HTTP/1.1 400 ", "Connection: close\r\n"},
		{"no Host", "GET /ready HTTP/1.1\r\n\r\n", "HTTP/1.1 400 ", NULL},
	};
	struct fixture fixture;

	fixture_start(&fixture, STR("127.0.0.1:0"));
	fixture_expect(&fixture, rows, COUNT(rows));
	fixture_finish(&fixture);
}

Test(status, refuses_foreign_hosts)
{
	static const struct fixture_row rows[] = {
		{"own", "GET /ready HTTP/1.1\r\n" HEAD("127.0.0.2:9090"), "HTTP/1.1 200 ",
			NULL},
		{"any case", "GET /ready HTTP/1.1\r\n" HEAD("LocalHost:80"),
			"HTTP/1.1 200 ", NULL},
		{"loopback", "GET /ready HTTP/1.1\r\n" HEAD("127.9.8.7"), "HTTP/1.1 200 ",
			NULL},
		{"loopback IPv6", "GET /ready HTTP/1.1\r\n" HEAD("[::1]:9090"),
			"HTTP/1.1 200 ", NULL},
		{"name", "GET /ready HTTP/1.1\r\n" HEAD("evil.test"), "HTTP/1.1 421 ",
			"\r\n\r\n421 Misdirected Request\n"},
		{"name below localhost",
			"GET /metrics HTTP/1.1\r\n" HEAD("localhost.evil.test"),
			"HTTP/1.1 421 ", NULL},
		{"name above localhost",
			"GET /metrics HTTP/1.1\r\n" HEAD("evil.localhost"),
			"HTTP/1.1 421 ", NULL},
		{"name like an address",
			"GET /metrics HTTP/1.1\r\n" HEAD("127.0.0.1.evil.test"),
			"HTTP/1.1 421 ", NULL},
		{"other address", "GET /metrics HTTP/1.1\r\n" HEAD("10.0.0.1"),
			"HTTP/1.1 421 ", NULL},
		{"absolute target",
			"GET http://evil.test/ready HTTP/1.1\r\n" HEAD("evil.test"),
			"HTTP/1.1 421 ", NULL},
	};
	struct fixture fixture;

	fixture_start(&fixture, STR("127.0.0.2:0"));
	fixture_expect(&fixture, rows, COUNT(rows));
	cr_expect_eq(fixture.page_count, 0);
	fixture_finish(&fixture);
}

Test(status, takes_every_address_but_no_name_on_a_wildcard)
{
	static const struct fixture_row rows[] = {
		{"address", "GET /ready HTTP/1.1\r\n" HEAD("10.0.0.1:9090"),
			"HTTP/1.1 200 ", NULL},
		{"name", "GET /ready HTTP/1.1\r\n" HEAD("evil.test"), "HTTP/1.1 421 ",
			NULL},
	};
	struct fixture fixture;

	fixture_start(&fixture, STR("0.0.0.0:0"));
	fixture_expect(&fixture, rows, COUNT(rows));
	fixture_finish(&fixture);
}

Test(status, says_draining)
{
	static const struct fixture_row rows[] = {
		{"draining", "GET /ready HTTP/1.1\r\n" HEAD("localhost"), "HTTP/1.1 503 ",
			"\r\n\r\ndraining\n"},
		{"metrics go on", "GET /metrics HTTP/1.1\r\n" HEAD("localhost"),
			"HTTP/1.1 200 ", NULL},
	};
	struct fixture fixture;

	fixture_start(&fixture, STR("127.0.0.1:0"));
	fixture.is_draining = true;
	fixture_expect(&fixture, rows, COUNT(rows));
	fixture_finish(&fixture);
}

static size_t count_of(const char *text, const char *part)
{
	size_t count = 0;

	for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
		count++;
	return count;
}

Test(status, answers_pipelined_requests_in_order)
{
	struct fixture fixture;

	fixture_start(&fixture, STR("127.0.0.1:0"));
	char *text = fixture_fetch(&fixture,
		"GET /ready HTTP/1.1\r\nHost: localhost\r\n\r\n"
		"HEAD /ready HTTP/1.1\r\nHost: localhost\r\n\r\n"
		"GET /metrics HTTP/1.1\r\n" HEAD(
			"localhost") "GET /ready HTTP/1.1\r\n" HEAD("localhost"));
	cr_expect_eq(count_of(text, "HTTP/1.1 200 "), 3, "%s", text);
	cr_expect_eq(count_of(text, "ready\n"), 1, "%s", text);
	cr_expect_not_null(strstr(text, "mmmmmmmmmm"), "%s", text);
	cr_expect_eq(count_of(text, "Connection: close"), 1, "%s", text);
	free(text);
	fixture_finish(&fixture);
}

Test(status, reads_a_request_byte_by_byte)
{
	static const char request[] = "GET /ready HTTP/1.1\r\n" HEAD("localhost");
	struct fixture fixture;

	fixture_start(&fixture, STR("127.0.0.1:0"));
	int fd = fixture_connect(&fixture);
	for (size_t i = 0; i < sizeof(request) - 1; i++) {
		cr_assert_eq(send(fd, request + i, 1, MSG_NOSIGNAL), 1);
		(void)event_base_loop(loop_base(fixture.loop), EVLOOP_NONBLOCK);
	}
	char *text = fixture_read_all(&fixture, fd);
	cr_expect_not_null(strstr(text, "\r\n\r\nready\n"), "%s", text);
	free(text);
	fixture_finish(&fixture);
}

Test(status, sends_a_long_page_to_one_that_closed_its_side)
{
	struct fixture fixture;

	fixture_start(&fixture, STR("127.0.0.1:0"));
	fixture.page_length = 12 << 20; // more than the socket's buffers hold
	int fd = fixture_connect(&fixture);
	fixture_send(fd, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
	cr_assert_eq(shutdown(fd, SHUT_WR), 0);
	char *text = fixture_read_all(&fixture, fd);
	const char *body = strstr(text, "\r\n\r\n");
	cr_assert_not_null(body);
	cr_expect_eq(strlen(body + 4), fixture.page_length);
	free(text);
	fixture_finish(&fixture);
}

Test(status, does_not_listen_to_one_that_does_not_read)
{
	enum {
		REQUESTS = 60
	};
	struct fixture fixture;

	fixture_start(&fixture, STR("127.0.0.1:0"));
	fixture.page_length = 256 << 10; // all are more than the socket's buffers hold
	int fd = fixture_connect(&fixture);
	for (size_t i = 0; i < REQUESTS - 1; i++)
		fixture_send(fd, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
	fixture_send(fd, "GET /metrics HTTP/1.1\r\n" HEAD("localhost"));
	for (size_t i = 0; i < 100; i++)
		(void)event_base_loop(loop_base(fixture.loop), EVLOOP_NONBLOCK);
	cr_expect_lt(fixture.page_count, REQUESTS);
	char *text = fixture_read_all(&fixture, fd);
	cr_expect_eq(count_of(text, "HTTP/1.1 200 "), REQUESTS);
	cr_expect_eq(fixture.page_count, REQUESTS);
	free(text);
	fixture_finish(&fixture);
}

Test(status, bounds_its_connections)
{
	struct fixture fixture;
	int fds[CLIENTS_MAX];

	fixture_start(&fixture, STR("127.0.0.1:0"));
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		fds[i] = fixture_connect(&fixture);
	char *text = fixture_read_all(&fixture, fixture_connect(&fixture));
	cr_expect_str_empty(text);
	free(text);
	close(fds[0]);
	fixture_send(fds[1], "GET /ready HTTP/1.1\r\n" HEAD("localhost"));
	free(fixture_read_all(&fixture, fds[1]));
	text = fixture_fetch(&fixture, "GET /ready HTTP/1.1\r\n" HEAD("localhost"));
	cr_expect_not_null(strstr(text, "\r\n\r\nready\n"), "%s", text);
	free(text);
	status_destroy(fixture.status);
	fixture.status = NULL;
	char byte;
	cr_expect_eq(recv(fds[CLIENTS_MAX - 1], &byte, 1, 0), 0);
	for (size_t i = 2; i < CLIENTS_MAX; i++)
		close(fds[i]);
	fixture_finish(&fixture);
}

Test(status, serves_a_unix_socket_of_its_owner)
{
	static const struct fixture_row rows[] = {
		{"localhost", "GET /ready HTTP/1.1\r\n" HEAD("localhost"),
			"HTTP/1.1 200 ", NULL},
		{"other", "GET /ready HTTP/1.1\r\n" HEAD("10.0.0.1"), "HTTP/1.1 421 ",
			NULL},
	};
	char folder[] = "/tmp/wherry-status-XXXXXX";
	char address[64];
	struct fixture fixture;

	cr_assert_not_null(mkdtemp(folder));
	(void)snprintf(address, sizeof(address), "unix:%s/socket", folder);
	fixture_start(&fixture, str_from(address));
	fixture_expect(&fixture, rows, COUNT(rows));
	fixture_finish(&fixture);
	(void)unlink(address + 5);
	(void)rmdir(folder);
}
