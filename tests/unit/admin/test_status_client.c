// SPDX-License-Identifier: MIT
// Answers that are none.
#include "wherry/admin/status_client.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

struct answerer {
	int listener;
	const char *answer;
};

static void *answer_once(void *arg)
{
	const struct answerer *answerer = arg;
	char request[1024];
	int fd = accept(answerer->listener, NULL, NULL);
	(void)!recv(fd, request, sizeof(request), 0);
	(void)!send(fd, answerer->answer, strlen(answerer->answer), MSG_NOSIGNAL);
	(void)shutdown(fd, SHUT_WR);
	close(fd);
	return NULL;
}

// Asks a server that answers so; gives what status_client_ask says.
static bool ask(const char *answer, struct buf *json, char error[])
{
	struct addr address;
	pthread_t thread;
	struct answerer answerer = {socket(AF_INET, SOCK_STREAM, 0), answer};
	cr_assert(addr_parse(STR("127.0.0.1:0"), &address));
	cr_assert_eq(bind(answerer.listener, &address.any, address.length), 0);
	cr_assert_eq(listen(answerer.listener, 1), 0);
	cr_assert_eq(getsockname(answerer.listener, &address.any, &address.length), 0);
	cr_assert_eq(pthread_create(&thread, NULL, answer_once, &answerer), 0);
	bool is_good = status_client_ask(&address, json, error);
	cr_assert_eq(pthread_join(thread, NULL), 0);
	close(answerer.listener);
	return is_good;
}

Test(status_client, gives_the_body_of_a_200)
{
	struct buf json = BUF_INIT;
	char error[STATUS_CLIENT_ERROR_SIZE];
	cr_assert(ask("HTTP/1.1 200 OK\r\nA: b\r\n\r\n{\"a\": 1}", &json, error));
	cr_expect(str_equal(buf_str(&json), STR("{\"a\": 1}")));
	buf_finish(&json);
}

Test(status_client, refuses_any_other_answer)
{
	static const char *const rows[] = {"", "HTTP/1.1 200 OK\r\n",
		"HTTP/1.1 404 Not Found\r\n\r\n{}", "hello\r\n\r\n{}"};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf json = BUF_INIT;
		char error[STATUS_CLIENT_ERROR_SIZE];
		cr_expect_not(ask(rows[i], &json, error), "%s", rows[i]);
		cr_expect_not_null(strstr(error, "no status address"), "%s", error);
		buf_finish(&json);
	}
}

Test(status_client, says_when_nobody_listens)
{
	struct addr address;
	struct buf json = BUF_INIT;
	char error[STATUS_CLIENT_ERROR_SIZE];
	cr_assert(addr_parse(STR("unix:/tmp/wherry-nobody-listens"), &address));
	cr_expect_not(status_client_ask(&address, &json, error));
	cr_expect_not_null(strstr(error, "No such file"), "%s", error);
	buf_finish(&json);
}
