// SPDX-License-Identifier: MIT
// Which fields of a response reach the client, how its body is framed, and where it may
// lead the client (RFC 9110 section 7.6).
#include "wherry/proxy/response_head.h"

#include <criterion/criterion.h>

#include "head_fixture.h"

#define COUNT(rows) (sizeof(rows) / sizeof(*(rows)))
#define PEER "192.0.2.1:5000"
#define GET "GET / HTTP/1.1\nHost: www.example\n"
#define OK "HTTP/1.1 200 OK\n"

static void expect(const char *route, const char *request, const char *response,
	const char *expected)
{
	struct head_fixture fixture;

	head_fixture_start(&fixture, NULL, route, PEER, request);
	head_fixture_write_response(&fixture, response, true);
	head_fixture_expect(&fixture, expected);
	head_fixture_finish(&fixture);
}

Test(response_head, passes_what_concerns_the_client)
{
	expect(NULL, GET,
		"HTTP/1.1 404 Nowhere to be seen\nServer: app\nSet-Cookie: a=1\n"
		"Set-Cookie: b=2; Path=/x\nX-Empty:\nContent-Length: 3\n"
		"WWW-Authenticate: Basic\n",
		"HTTP/1.1 404 Nowhere to be seen\nServer: app\nSet-Cookie: a=1\n"
		"Set-Cookie: b=2; Path=/x\nX-Empty: \nWWW-Authenticate: Basic\n"
		"Via: 1.1 wherry\nContent-Length: 3\n");
}

Test(response_head, keeps_what_concerns_this_hop)
{
	expect(NULL, GET,
		OK
		"Connection: X-Mine, keep-alive\nX-Mine: 1\nKeep-Alive: timeout=5\n"
		"Upgrade: h2c\nProxy-Connection: close\nTrailer: X\n"
		"Proxy-Authenticate: Basic\nTransfer-Encoding: chunked\nVia: 1.0 app\n",
		OK "Via: 1.0 app, 1.1 wherry\nTransfer-Encoding: chunked\n");
}

Test(response_head, changes_headers_as_the_route_says)
{
	expect("headers: { set: { X-Served-By: wherry }, remove: [X-Debug], "
	       "request: { set: { X-Env: prod }, remove: [ETag] }, "
	       "response: { set: { X-Frame-Options: DENY }, remove: [Server] } }",
		GET,
		OK "server: app\nX-Debug: 1\nETag: \"a\"\nx-served-by: me\n"
		   "X-Frame-Options: ALLOW\nContent-Length: 0\n",
		OK "ETag: \"a\"\nX-Served-By: wherry\nX-Frame-Options: DENY\n"
		   "Via: 1.1 wherry\nContent-Length: 0\n");
}

static const struct {
	const char *name, *request, *response, *expected;
	enum response_head_framing framing;
} FRAMINGS[] = {
	{"a length", GET, OK "Content-Length: 3\n", "Content-Length: 3",
		RESPONSE_HEAD_LENGTH},
	{"chunks", GET, OK "Transfer-Encoding: chunked\n", "Transfer-Encoding: chunked",
		RESPONSE_HEAD_CHUNKED},
	{"until close", GET, OK, "Transfer-Encoding: chunked", RESPONSE_HEAD_CHUNKED},
	{"HTTP/1.0 from the backend", GET, "HTTP/1.0 200 OK\n",
		"Transfer-Encoding: chunked", RESPONSE_HEAD_CHUNKED},
	{"chunks to HTTP/1.0", "GET / HTTP/1.0\n", OK "Transfer-Encoding: chunked\n",
		NULL, RESPONSE_HEAD_UNTIL_CLOSE},
	{"a length to HTTP/1.0", "GET / HTTP/1.0\n", OK "Content-Length: 3\n",
		"Content-Length: 3", RESPONSE_HEAD_LENGTH},
	{"HEAD with a length", "HEAD / HTTP/1.1\nHost: a\n", OK "Content-Length: 3\n",
		"Content-Length: 3", RESPONSE_HEAD_NO_BODY},
	{"HEAD without one", "HEAD / HTTP/1.1\nHost: a\n", OK, NULL,
		RESPONSE_HEAD_NO_BODY},
	{"204", GET, "HTTP/1.1 204 No Content\n", NULL, RESPONSE_HEAD_NO_BODY},
	{"204 with a length", GET, "HTTP/1.1 204 No Content\nContent-Length: 3\n", NULL,
		RESPONSE_HEAD_NO_BODY},
	{"304 with a length", GET, "HTTP/1.1 304 Not Modified\nContent-Length: 3\n",
		"Content-Length: 3", RESPONSE_HEAD_NO_BODY},
	{"an empty body", GET, OK "Content-Length: 0\n", "Content-Length: 0",
		RESPONSE_HEAD_NO_BODY},
};

Test(response_head, frames_the_body_for_the_client)
{
	for (size_t i = 0; i < COUNT(FRAMINGS); i++) {
		struct head_fixture fixture;

		cr_log_info("%s", FRAMINGS[i].name);
		head_fixture_start(&fixture, NULL, NULL, PEER, FRAMINGS[i].request);
		head_fixture_write_response(&fixture, FRAMINGS[i].response, true);
		enum response_head_framing framing = response_head_framing(
			&fixture.request, &fixture.response.message);
		cr_expect_eq(framing, FRAMINGS[i].framing, "%s", FRAMINGS[i].name);
		const char *line = FRAMINGS[i].expected;
		if (line)
			head_fixture_expect_line(&fixture, line);
		if (!line || line[0] != 'C')
			head_fixture_expect_no(&fixture, "Content-Length:");
		if (!line || line[0] != 'T')
			head_fixture_expect_no(&fixture, "Transfer-Encoding:");
		head_fixture_finish(&fixture);
	}
}

Test(response_head, says_whether_the_connection_stays)
{
	struct head_fixture fixture;

	head_fixture_start(&fixture, NULL, NULL, PEER, GET);
	head_fixture_write_response(&fixture, OK "Content-Length: 0\n", true);
	head_fixture_expect_no(&fixture, "Connection:");
	head_fixture_write_response(&fixture, OK "Content-Length: 0\n", false);
	head_fixture_expect_line(&fixture, "Connection: close");
	head_fixture_finish(&fixture);
	head_fixture_start(
		&fixture, NULL, NULL, PEER, "GET / HTTP/1.0\nConnection: keep-alive\n");
	head_fixture_write_response(&fixture, OK "Content-Length: 0\n", true);
	head_fixture_expect_line(&fixture, "Connection: keep-alive");
	head_fixture_finish(&fixture);
}

// Connection-nominated fields are dropped on a 101, too.
Test(response_head, opens_a_websocket)
{
	expect("websocket: {}",
		"GET / HTTP/1.1\nHost: a\nConnection: Upgrade\nUpgrade: websocket\n",
		"HTTP/1.1 101 Switching Protocols\nConnection: upgrade, X-Mine\n"
		"Upgrade: WebSocket\nX-Mine: 1\nSec-WebSocket-Accept: x\n"
		"Sec-WebSocket-Protocol: chat\nKeep-Alive: timeout=5\n",
		"HTTP/1.1 101 Switching Protocols\nSec-WebSocket-Accept: x\n"
		"Sec-WebSocket-Protocol: chat\nVia: 1.1 wherry\nConnection: Upgrade\n"
		"Upgrade: websocket\n");
}

Test(response_head, passes_interim_responses)
{
	static struct http_head head;
	struct buf out = BUF_INIT;

	http_head_read(&head, HTTP_RESPONSE,
		"HTTP/1.1 103 Early Hints\nLink: </a>; rel=preload\nConnection: X-Mine\n"
		"X-Mine: 1\nContent-Length: 3\n");
	response_head_write_interim(&out, &head.message);
	cr_expect(str_equal(buf_str(&out), STR("HTTP/1.1 103 Early Hints\r\n"
					       "Link: </a>; rel=preload\r\n\r\n")),
		"%.*s", STR_ARG(buf_str(&out)));
	buf_finish(&out);
}

struct back_row {
	const char *route, *from, *to;
};

static void expect_back(const char *name, const struct back_row *row)
{
	struct head_fixture fixture;
	struct buf response = BUF_INIT, line = BUF_INIT;

	buf_printf(&response, OK "%s: %s\n", name, row->from);
	buf_append(&response, "", 1);
	buf_printf(&line, "%s: %s", name, row->to);
	buf_append(&line, "", 1);
	head_fixture_start(&fixture, NULL, row->route, PEER, GET);
	head_fixture_write_response(&fixture, response.data, true);
	head_fixture_expect_line(&fixture, line.data);
	head_fixture_finish(&fixture);
	buf_finish(&response);
	buf_finish(&line);
}

#define MAPPED "path: { strip: /shop, add: /legacy }"

// The server is http://10.0.0.9:9000, the client asked for www.example.
static const struct back_row LOCATIONS[] = {
	{NULL, "/x", "/x"},
	{NULL, "x/y", "x/y"},
	{NULL, "https://www.example/x", "https://www.example/x"},
	{NULL, "http://10.0.0.9:9000/x?y", "/x?y"},
	{NULL, "http://WWW.example/x", "/x"},
	{NULL, "http://10.0.0.9/x", "http://10.0.0.9/x"},
	{NULL, "http://10.0.0.9:9000", "http://10.0.0.9:9000"},
	{NULL, "http://10.0.0.9:9000.evil.test/x", "http://10.0.0.9:9000.evil.test/x"},
	{NULL, "http://10.0.0.9:9000@evil.test/x", "http://10.0.0.9:9000@evil.test/x"},
	{NULL, "http://evil.test/x", "http://evil.test/x"},
	// A path of ours that would be read as another host stays an absolute URL.
	{NULL, "http://10.0.0.9:9000//evil.test/", "http://10.0.0.9:9000//evil.test/"},
	{MAPPED, "/legacy/cart?a=/legacy/", "/shop/cart?a=/legacy/"},
	{MAPPED, "/legacy", "/shop/"},
	{MAPPED, "/login", "/login"},
	{MAPPED, "http://10.0.0.9:9000/legacy/cart", "/shop/cart"},
	{MAPPED, "http://evil.test/legacy/cart", "http://evil.test/legacy/cart"},
	{MAPPED, "//evil.test/legacy/cart", "//evil.test/legacy/cart"},
};

Test(response_head, maps_locations_back)
{
	for (size_t i = 0; i < COUNT(LOCATIONS); i++)
		expect_back("Location", &LOCATIONS[i]);
}

static const struct back_row COOKIES[] = {
	{NULL, "sid=1;path=/legacy;Secure", "sid=1;path=/legacy;Secure"},
	{MAPPED, "sid=1; Path=/legacy; HttpOnly", "sid=1; Path=/shop/; HttpOnly"},
	{MAPPED, "sid=1; PATH=/legacy/a", "sid=1; Path=/shop/a"},
	{MAPPED, "sid=1; Path=/; Secure", "sid=1; Path=/; Secure"},
	{MAPPED, "sid=1; Path=/legacyx", "sid=1; Path=/legacyx"},
	{MAPPED, "sid=Path=/legacy; Secure", "sid=Path=/legacy; Secure"},
	{MAPPED, "Path=/legacy; Path=/legacy/", "Path=/legacy; Path=/shop/"},
	{MAPPED, "sid=1", "sid=1"},
	{MAPPED, "sid=1;", "sid=1;"},
	{"path: { strip: /shop }", "sid=1; Path=/", "sid=1; Path=/shop/"},
};

Test(response_head, maps_cookie_paths_back)
{
	for (size_t i = 0; i < COUNT(COOKIES); i++)
		expect_back("Set-Cookie", &COOKIES[i]);
}
