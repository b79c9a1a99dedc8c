// SPDX-License-Identifier: MIT
// Requests and their responses, however these come; and what becomes of the connection.
#include "wherry/upstream/exchange.h"

#include <criterion/criterion.h>

#include "exchange_fixture.h"

#define COUNT(rows) (sizeof(rows) / sizeof(*(rows)))

static void expect_idle(struct exchange_fixture *fixture, bool is_kept)
{
	struct stream *stream =
		pool_take(fixture->pool, server_set_get(&fixture->servers, 0, 0));

	cr_expect_eq(stream != NULL, is_kept, "%s", is_kept ? "not kept" : "kept");
	stream_destroy(stream);
}

enum fate {
	KEPT,    // the connection, for the next request
	DROPPED, // by us
	ENDED,   // by the server, behind its answer
};

struct row {
	const char *name;
	const char *answer;
	const char *story;
	enum fate fate;
};

static const struct row ROWS[] = {
	{"a length", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "(200)abc;",
		KEPT},
	{"length zero", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "(200);", KEPT},
	{"chunks",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
		"(200)abc;", KEPT},
	{"chunks with a trailer",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		"3\r\nabc\r\n0\r\nX: 1\r\n\r\n",
		"(200)abc;", KEPT},
	{"until close", "HTTP/1.1 200 OK\r\n\r\nabc", "(200)abc;", ENDED},
	{"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", "(200)abc;",
		DROPPED},
	{"HTTP/1.0, kept alive",
		"HTTP/1.0 200 OK\r\nContent-Length: 3\r\nConnection: "
		"keep-alive\r\n\r\nabc",
		"(200)abc;", KEPT},
	{"Connection: close",
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc",
		"(200)abc;", DROPPED},
	{"204", "HTTP/1.1 204 No Content\r\n\r\n", "(204);", KEPT},
	{"304 with a length", "HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n",
		"(304);", KEPT},
	{"interim responses first",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: "
		"</a>\r\n\r\n"
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
		"(100)(103)(200)abc;", KEPT},
	{"a byte too many", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc", "(200)ab;",
		DROPPED},
	{"a second response",
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
		"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
		"(200);", DROPPED},
	{"a body behind 204", "HTTP/1.1 204 No Content\r\n\r\nabc", "(204);", DROPPED},
	{"not HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "!bad", DROPPED},
	{"a length and chunks",
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"
		"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"!bad", DROPPED},
	{"a bad chunk",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\nx",
		"(200)ab!bad", DROPPED},
	{"101 nobody asked for", "HTTP/1.1 101 Switching Protocols\r\n\r\n", "!bad",
		DROPPED},
	{"nothing", "", "!lost", ENDED},
	{"half a head", "HTTP/1.1 200", "!lost", ENDED},
	{"half a body", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", "(200)ab!lost",
		ENDED},
	{"half a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\na",
		"(200)a!lost", ENDED},
	{"an interim response only", "HTTP/1.1 100 Continue\r\n\r\n", "(100)!lost",
		ENDED},
};

static void expect_row(const struct row *row, size_t piece)
{
	struct exchange_fixture fixture;
	struct scripted_backend_step step = {
		.answer = row->answer,
		.piece = piece,
		.then = row->fate == ENDED ? SCRIPTED_BACKEND_CLOSE
					   : SCRIPTED_BACKEND_KEEP,
	};

	cr_log_info("%s, %zu bytes at a time", row->name, piece);
	exchange_fixture_start(&fixture, 1);
	exchange_fixture_add(&fixture, &step, 1);
	exchange_fixture_expect(&fixture, row->story);
	// What comes behind the response's end may be read later; never kept for long.
	exchange_fixture_wait(&fixture, 10);
	expect_idle(&fixture, row->fate == KEPT);
	exchange_fixture_finish(&fixture);
}

Test(exchange, reads_a_response_that_comes_whole)
{
	for (size_t i = 0; i < COUNT(ROWS); i++)
		expect_row(&ROWS[i], 0);
}

Test(exchange, reads_a_response_that_comes_byte_by_byte)
{
	for (size_t i = 0; i < COUNT(ROWS); i++)
		expect_row(&ROWS[i], 1);
}

Test(exchange, expects_no_body_after_head)
{
	static const struct scripted_backend_step STEPS[] = {
		{.answer = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"},
		{.answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
		{.answer = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"},
	};
	struct exchange_fixture fixture;

	exchange_fixture_start(&fixture, 1);
	exchange_fixture_add(&fixture, STEPS, COUNT(STEPS));
	fixture.request.is_head = true;
	exchange_fixture_expect(&fixture, "(200);");
	exchange_fixture_expect(&fixture, "(200);");
	exchange_fixture_expect(&fixture, "(200);"); // with a body nonetheless
	cr_expect_eq(fixture.backends[0].conn_count, 1);
	exchange_fixture_wait(&fixture, 10);
	expect_idle(&fixture, false);
	exchange_fixture_finish(&fixture);
}

Test(exchange, says_what_was_wrong)
{
	static const struct scripted_backend_step STEP = {
		.answer = "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"};
	struct exchange_fixture fixture;

	exchange_fixture_start(&fixture, 1);
	exchange_fixture_add(&fixture, &STEP, 1);
	exchange_fixture_expect(&fixture, "!bad");
	cr_expect_not_null(fixture.exchange.error_text);
	exchange_fixture_finish(&fixture);
}

static void expect_request(struct exchange_fixture *fixture, enum http_body_kind kind,
	const char *body, const char *expected)
{
	const struct buf *received = &fixture->backends[0].conns[0].received;

	fixture->request.has_body = true;
	fixture->request.body_kind = kind;
	fixture->body = body;
	exchange_fixture_expect(fixture, "(200);");
	cr_expect(str_equal(buf_str(received), str_from(expected)), "%.*s",
		STR_ARG(buf_str(received)));
	expect_idle(fixture, true);
}

#define GET "GET / HTTP/1.1\r\nHost: http://a:1\r\n\r\n"
#define EMPTY "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

Test(exchange, sends_a_body_with_its_length)
{
	static const struct scripted_backend_step STEP = {
		.after = "body", .answer = EMPTY};
	struct exchange_fixture fixture;

	exchange_fixture_start(&fixture, 1);
	exchange_fixture_add(&fixture, &STEP, 1);
	expect_request(&fixture, HTTP_BODY_LENGTH, "body", GET "body");
	exchange_fixture_finish(&fixture);
}

Test(exchange, sends_a_body_in_chunks)
{
	static const struct scripted_backend_step STEP = {
		.after = "\r\n0\r\n\r\n", .answer = EMPTY};
	struct exchange_fixture fixture;

	exchange_fixture_start(&fixture, 1);
	exchange_fixture_add(&fixture, &STEP, 1);
	expect_request(&fixture, HTTP_BODY_CHUNKED, "body of 15 byte",
		GET "f\r\nbody of 15 byte\r\n0\r\n\r\n");
	exchange_fixture_finish(&fixture);
}

// Such a backend has not read the body to its end: its connection is not clean.
Test(exchange, reads_a_response_that_comes_before_the_body)
{
	static const struct scripted_backend_step STEP = {
		.answer = "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"};
	struct exchange_fixture fixture;

	exchange_fixture_start(&fixture, 1);
	exchange_fixture_add(&fixture, &STEP, 1);
	fixture.request.has_body = true;
	fixture.request.body_kind = HTTP_BODY_CHUNKED;
	exchange_fixture_expect(&fixture, "(413)no;");
	cr_expect_eq(fixture.writable_count, 1);
	expect_idle(&fixture, false);
	exchange_fixture_finish(&fixture);
}

Test(exchange, may_be_finished_at_any_time)
{
	static const struct scripted_backend_step STEPS[] = {
		{.answer = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"},
		{.answer = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"},
	};
	struct exchange_fixture fixture;

	exchange_fixture_start(&fixture, 1);
	exchange_fixture_add(&fixture, STEPS, COUNT(STEPS));
	exchange_finish(&fixture.exchange); // never started
	exchange_fixture_begin(&fixture);
	exchange_finish(&fixture.exchange); // not connected, maybe sent
	fixture.pauses = true;
	exchange_fixture_begin(&fixture);
	exchange_fixture_run(&fixture);
	exchange_finish(&fixture.exchange); // in the body
	expect_idle(&fixture, false);
	exchange_fixture_wait(&fixture, 10);
	exchange_fixture_expect_story(&fixture, "(200)ab");
	exchange_fixture_finish(&fixture);
}

Test(exchange, gives_the_stream_away_after_101)
{
	static const struct scripted_backend_step STEP = {
		.answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
			  "Upgrade: websocket\r\n\r\nearly"};
	struct exchange_fixture fixture;

	exchange_fixture_start(&fixture, 1);
	exchange_fixture_add(&fixture, &STEP, 1);
	fixture.request.may_reuse = false;
	fixture.takes_stream = true;
	exchange_fixture_expect(&fixture, "(101)");
	cr_assert_not_null(fixture.taken);
	cr_expect_eq(fixture.taken_server, server_set_get(&fixture.servers, 0, 0));
	cr_expect_eq(fixture.taken_server->active, 1);
	cr_expect_eq(stream_kept_length(fixture.taken), 5, "early bytes are lost");
	exchange_finish(&fixture.exchange);
	cr_expect_eq(fixture.taken_server->active, 1);
	upstream_release(fixture.taken_server);
	fixture.taken_server = NULL;
	exchange_fixture_finish(&fixture);
}
