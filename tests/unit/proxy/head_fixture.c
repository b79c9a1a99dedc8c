// SPDX-License-Identifier: MIT
// The heads' fixture; see the header.
#include "head_fixture.h"

#include <stdio.h>
#include <strings.h>

#include <criterion/criterion.h>

#include "conf_text.h"
#include "wherry/proto/http_write.h"
#include "wherry/proxy/request_head.h"
#include "wherry/proxy/response_head.h"

static struct conf *load(const char *top, const char *route)
{
	char text[2048];
	int length = snprintf(text, sizeof(text),
		"listeners: [{ address: 127.0.0.1:0 }]\n"
		"upstreams: { app: { servers: [http://10.0.0.9:9000] } }\n"
		"%s\n"
		"routes: [{ to: app, %s }]\n",
		top ? top : "", route ? route : "");

	cr_assert(length > 0 && (size_t)length < sizeof(text));
	return conf_text_load(text);
}

void head_fixture_start(struct head_fixture *fixture, const char *top, const char *route,
	const char *peer, const char *lines)
{
	struct conf *conf = load(top, route);

	fixture->out = BUF_INIT;
	fixture->conf = conf;
	server_set_start(&fixture->servers, conf_ref(conf));
	fixture->server = server_set_get(&fixture->servers, 0, 0);
	cr_assert(addr_parse(str_from(peer), &fixture->peer), "%s", peer);
	http_head_read(&fixture->head, HTTP_REQUEST, lines);
	cr_assert(request_init(&fixture->request, &fixture->head.message, conf,
		&fixture->peer, fixture->is_tls));
	route_choose(conf, &fixture->head.message, fixture->is_tls, &fixture->choice);
	cr_assert_eq(fixture->choice.status, 0);
	fixture->request.route = fixture->choice.route;
}

void head_fixture_finish(struct head_fixture *fixture)
{
	request_finish(&fixture->request);
	server_set_finish(&fixture->servers);
	conf_unref(fixture->conf);
	buf_finish(&fixture->out);
}

void head_fixture_write_request(struct head_fixture *fixture)
{
	struct request_head head = {
		.conf = fixture->conf,
		.peer = &fixture->peer,
		.request = &fixture->request,
		.message = &fixture->head.message,
		.choice = &fixture->choice,
	};

	buf_clear(&fixture->out);
	request_head_write_line(&fixture->out, &head);
	request_head_write_host(&fixture->out, fixture->choice.route,
		fixture->request.host, fixture->server);
	request_head_write_fields(&fixture->out, &head);
	http_write_end(&fixture->out);
	cr_assert_not(fixture->out.is_failed);
}

void head_fixture_write_response(
	struct head_fixture *fixture, const char *lines, bool is_keep_alive)
{
	http_head_read(&fixture->response, HTTP_RESPONSE, lines);
	struct response_head head = {
		.request = &fixture->request,
		.server = fixture->server,
		.message = &fixture->response.message,
		.framing = response_head_framing(
			&fixture->request, &fixture->response.message),
		.is_keep_alive = is_keep_alive,
	};

	buf_clear(&fixture->out);
	response_head_write(&fixture->out, &head);
	cr_assert_not(fixture->out.is_failed);
}

// The lines as they would stand in a head, with an empty one at the end.
static struct buf with_crlf(const char *lines)
{
	struct buf head = BUF_INIT;

	for (; *lines; lines++)
		buf_append_str(
			&head, *lines == '\n' ? STR("\r\n") : (struct str){lines, 1});
	return head;
}

void head_fixture_expect(const struct head_fixture *fixture, const char *lines)
{
	struct buf expected = with_crlf(lines);

	buf_append_str(&expected, STR("\r\n"));
	cr_expect(str_equal(buf_str(&fixture->out), buf_str(&expected)),
		"%.*s\nis not\n%.*s", STR_ARG(buf_str(&fixture->out)),
		STR_ARG(buf_str(&expected)));
	buf_finish(&expected);
}

// How often a line is there that is, or begins with, this text.
static size_t count_lines(const struct buf *head, const char *text, bool is_whole)
{
	struct str rest = buf_str(head);
	size_t count = 0, wanted = strlen(text);

	while (rest.length > 0) {
		const char *end = memchr(rest.data, '\r', rest.length);
		size_t length = end ? (size_t)(end - rest.data) : rest.length;

		count += (is_whole ? length == wanted : length >= wanted) &&
			 strncasecmp(rest.data, text, wanted) == 0;
		rest.data += length + 2;
		rest.length -= length + 2 <= rest.length ? length + 2 : rest.length;
	}
	return count;
}

void head_fixture_expect_line(const struct head_fixture *fixture, const char *line)
{
	const char *colon = strchr(line, ':');
	char name[128];

	cr_assert_not_null(colon);
	(void)snprintf(name, sizeof(name), "%.*s", (int)(colon - line + 1), line);
	cr_expect(count_lines(&fixture->out, line, true) == 1 &&
			  count_lines(&fixture->out, name, false) == 1,
		"\"%s\" is not the only %s of\n%.*s", line, name,
		STR_ARG(buf_str(&fixture->out)));
}

void head_fixture_expect_no(const struct head_fixture *fixture, const char *name)
{
	cr_expect_eq(count_lines(&fixture->out, name, false), 0, "%s in\n%.*s", name,
		STR_ARG(buf_str(&fixture->out)));
}
