// SPDX-License-Identifier: MIT
// Each connection waits for the next step's bytes; who gets them takes the step.
#include "scripted_backend.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "socket_pair.h"

enum {
	RECEIVE_SIZE = 64 * 1024
};

static void hang_up(struct scripted_backend_conn *conn, enum scripted_backend_end how)
{
	if (conn->socket < 0)
		return;
	(void)event_del(&conn->event);
	if (how == SCRIPTED_BACKEND_RESET)
		socket_pair_reset(conn->socket);
	else
		close(conn->socket);
	conn->socket = -1;
}

static bool is_due(const struct scripted_backend_conn *conn,
	const struct scripted_backend_step *step)
{
	struct str after = str_from(step->after ? step->after : "\r\n\r\n");
	size_t length = conn->received.length - conn->seen;

	return length >= after.length &&
	       memcmp(conn->received.data + conn->received.length - after.length,
		       after.data, after.length) == 0;
}

static void go_on(void *arg);

// A step that is due with what was received so far becomes the one under way.
static void look_for_step(struct scripted_backend_conn *conn)
{
	struct scripted_backend *backend = conn->backend;

	if (conn->step || conn->socket < 0 || backend->next_step == backend->step_count)
		return;
	const struct scripted_backend_step *step = &backend->steps[backend->next_step];
	if (conn->received.length == conn->seen || !is_due(conn, step))
		return;
	backend->next_step++;
	conn->step = step;
	conn->sent = 0;
	conn->seen = conn->received.length;
	loop_defer(backend->loop, &conn->deferred, go_on, conn);
}

static void go_on(void *arg)
{
	struct scripted_backend_conn *conn = arg;
	const struct scripted_backend_step *step = conn->step;
	struct str rest = str_from(step->answer ? step->answer : "");

	if (conn->socket < 0)
		return;
	rest.data += conn->sent;
	rest.length -= conn->sent;
	size_t length = rest.length;
	if (step->piece > 0 && length > step->piece)
		length = step->piece;
	ssize_t sent = send(conn->socket, rest.data, length, MSG_NOSIGNAL);
	cr_assert(sent >= 0 || errno == EAGAIN || errno == EPIPE || errno == ECONNRESET);
	conn->sent += sent > 0 ? (size_t)sent : 0;
	if ((sent > 0 || errno == EAGAIN) && (size_t)sent < rest.length) {
		loop_defer(conn->backend->loop, &conn->deferred, go_on, conn);
		return;
	}
	conn->step = NULL;
	if (step->then != SCRIPTED_BACKEND_KEEP)
		hang_up(conn, step->then);
	look_for_step(conn);
}

static void on_readable(evutil_socket_t fd, short events, void *arg)
{
	struct scripted_backend_conn *conn = arg;
	char bytes[RECEIVE_SIZE];
	ssize_t got = recv(fd, bytes, sizeof(bytes), 0);

	if (got > 0)
		buf_append(&conn->received, bytes, (size_t)got);
	cr_assert_not(conn->received.is_failed);
	if (got == 0 || (got < 0 && errno != EAGAIN)) {
		conn->is_ended = true;
		hang_up(conn, SCRIPTED_BACKEND_CLOSE);
	}
	look_for_step(conn);
}

static void on_connection(evutil_socket_t fd, short events, void *arg)
{
	struct scripted_backend *backend = arg;

	cr_assert_lt(backend->conn_count, (size_t)SCRIPTED_BACKEND_CONNS);
	struct scripted_backend_conn *conn = &backend->conns[backend->conn_count++];
	conn->backend = backend;
	conn->socket = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	cr_assert_geq(conn->socket, 0);
	cr_assert_eq(event_assign(&conn->event, loop_base(backend->loop), conn->socket,
			     EV_READ | EV_PERSIST, on_readable, conn),
		0);
	cr_assert_eq(event_add(&conn->event, NULL), 0);
}

void scripted_backend_start(struct scripted_backend *backend, struct loop *loop,
	const struct scripted_backend_step *steps, size_t step_count)
{
	int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
	struct addr *address = &backend->address;

	*backend = (struct scripted_backend){
		.loop = loop, .steps = steps, .step_count = step_count};
	cr_assert(addr_parse(STR("127.0.0.1:0"), address));
	backend->socket = socket(AF_INET, type, 0);
	cr_assert_eq(bind(backend->socket, &address->any, address->length), 0);
	cr_assert_eq(listen(backend->socket, SCRIPTED_BACKEND_CONNS), 0);
	cr_assert_eq(getsockname(backend->socket, &address->any, &address->length), 0);
	cr_assert_eq(event_assign(&backend->event, loop_base(loop), backend->socket,
			     EV_READ | EV_PERSIST, on_connection, backend),
		0);
	cr_assert_eq(event_add(&backend->event, NULL), 0);
}

void scripted_backend_finish(struct scripted_backend *backend)
{
	for (size_t i = 0; i < backend->conn_count; i++) {
		hang_up(&backend->conns[i], SCRIPTED_BACKEND_CLOSE);
		buf_finish(&backend->conns[i].received);
	}
	(void)event_del(&backend->event);
	close(backend->socket);
}
