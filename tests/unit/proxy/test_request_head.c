// SPDX-License-Identifier: MIT
// Which fields of a request reach the backend, and which ones are ours (SECURITY T21,
// T22).
#include "wherry/proxy/request_head.h"

#include <stdio.h>

#include <criterion/criterion.h>

#include "head_fixture.h"

#define PEER "192.0.2.1:5000"
#define IDENTITY                                                                         \
	"X-Forwarded-For: 192.0.2.1\n"                                                   \
	"X-Forwarded-Proto: http\n"                                                      \
	"X-Forwarded-Host: a.example\n"                                                  \
	"Forwarded: for=192.0.2.1;host=\"a.example\";proto=http\n"                       \
	"Via: 1.1 wherry\n"
#define TRUSTED "trusted_proxies: [192.0.2.0/24, \"2001:db8::/32\"]"

static void expect(const char *route, const char *lines, const char *expected)
{
	struct head_fixture fixture;

	head_fixture_start(&fixture, NULL, route, PEER, lines);
	head_fixture_write_request(&fixture);
	head_fixture_expect(&fixture, expected);
	head_fixture_finish(&fixture);
}

Test(request_head, passes_what_concerns_the_backend)
{
	expect(NULL,
		"GET /a?b HTTP/1.1\nHost: a.example\nAccept: */*\n"
		"COOKIE:   sid=1; x=2  \nX-Empty:\nX-Twice: 1\nX-Twice: 2\n"
		"Authorization: Basic YTpi\n",
		"GET /a?b HTTP/1.1\nHost: a.example\nAccept: */*\n"
		"COOKIE: sid=1; x=2\nX-Empty: \nX-Twice: 1\nX-Twice: 2\n"
		"Authorization: Basic YTpi\n" IDENTITY);
}

// RFC 9110 section 7.6.1; Keep-Alive, Proxy-*, TE, Trailer and whatever Connection names.
Test(request_head, keeps_what_concerns_this_hop)
{
	expect(NULL,
		"GET / HTTP/1.1\nHost: a.example\nConnection: keep-alive, X-Mine, TE\n"
		"Keep-Alive: timeout=5\nTE: trailers\nTrailer: X\nX-Mine: 1\n"
		"Proxy-Connection: keep-alive\nProxy-Authorization: Basic YTpi\n"
		"Proxy: http://evil.test\nUpgrade: h2c\nHTTP2-Settings: AAMAAABk\n"
		"X-Yours: 1\n",
		"GET / HTTP/1.1\nHost: a.example\nX-Yours: 1\n" IDENTITY);
}

Test(request_head, tells_identity_anew_whatever_a_client_says)
{
	expect(NULL,
		"GET / HTTP/1.1\nHost: a.example\nX-Forwarded-For: 127.0.0.1\n"
		"X-Forwarded-Proto: https\nX-Forwarded-Host: admin\nVia: 1.0 mine\n"
		"Forwarded: for=127.0.0.1\nX_Forwarded_For: 127.0.0.1\n"
		"X-Forwarded_Host: admin\nX_Request_Id: 1\n"
		"X-Forwarded-Port: 1\nx-forwarded-prefix: /a\nX-Real-IP: 127.0.0.1\n"
		"x_real_ip: 127.0.0.1\nX-Real_IP: 127.0.0.1\nx_real-ip: 127.0.0.1\n"
		"Connection: X-Forwarded-For, Via, Authorization\n"
		"Authorization: Basic YTpi\n",
		"GET / HTTP/1.1\nHost: a.example\nAuthorization: Basic YTpi\n"
		"X-Forwarded-For: 192.0.2.1\n"
		"X-Forwarded-Proto: http\n"
		"X-Forwarded-Host: a.example\n"
		"Forwarded: for=192.0.2.1;host=\"a.example\";proto=http\n"
		"Via: 1.0 mine, 1.1 wherry\n");
}

Test(request_head, adds_to_what_a_trusted_proxy_says)
{
	struct head_fixture fixture;

	head_fixture_start(&fixture, TRUSTED, NULL, PEER,
		"GET / HTTP/1.1\nHost: a.example\nX-Forwarded-For: 203.0.113.7\n"
		"X-Forwarded-For: 192.0.2.2, 192.0.2.3\nX-Forwarded-Proto: https\n"
		"X-Forwarded-Host: www.example\nForwarded: for=203.0.113.7\n"
		"X-Forwarded-Port: 8443\nX_Forwarded_Port: 1\nX-Real-IP: 203.0.113.7\n"
		"Forwarded: for=192.0.2.2\nVia: 1.1 edge\nVia: 2 inner\n");
	head_fixture_write_request(&fixture);
	head_fixture_expect(&fixture,
		"GET / HTTP/1.1\nHost: a.example\n"
		"X-Forwarded-Port: 8443\nX-Real-IP: 203.0.113.7\n"
		"X-Forwarded-For: 203.0.113.7, 192.0.2.2, 192.0.2.3, 192.0.2.1\n"
		"X-Forwarded-Proto: https\n"
		"X-Forwarded-Host: www.example\n"
		"Forwarded: for=203.0.113.7, for=192.0.2.2, "
		"for=192.0.2.1;host=\"a.example\";proto=http\n"
		"Via: 1.1 edge, 2 inner, 1.1 wherry\n");
	head_fixture_finish(&fixture);
}

Test(request_head, writes_any_peer_as_the_standards_say)
{
	static const struct {
		const char *peer, *forwarded_for, *forwarded;
	} ROWS[] = {
		{"192.0.2.1:5000", "X-Forwarded-For: 192.0.2.1",
			"Forwarded: for=192.0.2.1;host=\"a:81\";proto=http"},
		{"[2001:db8::1]:5000", "X-Forwarded-For: 2001:db8::1",
			"Forwarded: for=\"[2001:db8::1]\";host=\"a:81\";proto=http"},
		{"[::ffff:192.0.2.1]:5000", "X-Forwarded-For: 192.0.2.1",
			"Forwarded: for=192.0.2.1;host=\"a:81\";proto=http"},
		{"unix:/tmp/s", "X-Forwarded-For: unix:/tmp/s",
			"Forwarded: for=unknown;host=\"a:81\";proto=http"},
	};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		struct head_fixture fixture;

		head_fixture_start(&fixture, NULL, NULL, ROWS[i].peer,
			"GET / HTTP/1.1\nHost: a:81\n");
		head_fixture_write_request(&fixture);
		head_fixture_expect_line(&fixture, ROWS[i].forwarded_for);
		head_fixture_expect_line(&fixture, ROWS[i].forwarded);
		head_fixture_finish(&fixture);
	}
}

Test(request_head, speaks_http_1_1_for_an_http_1_0_client)
{
	expect(NULL, "GET / HTTP/1.0\n",
		"GET / HTTP/1.1\nHost: 10.0.0.9:9000\nX-Forwarded-For: 192.0.2.1\n"
		"X-Forwarded-Proto: http\nForwarded: for=192.0.2.1;proto=http\n"
		"Via: 1.0 wherry\n");
}

Test(request_head, writes_host_as_the_route_says)
{
	static const struct {
		const char *route, *host;
	} ROWS[] = {
		{"host: pass", "Host: a.example"},
		{"host: backend", "Host: 10.0.0.9:9000"},
		{"host: shop.internal", "Host: shop.internal"},
	};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		struct head_fixture fixture;

		head_fixture_start(&fixture, NULL, ROWS[i].route, PEER,
			"GET http://a.example/ HTTP/1.1\nHost: a.example\n");
		head_fixture_write_request(&fixture);
		head_fixture_expect_line(&fixture, ROWS[i].host);
		head_fixture_expect_line(&fixture, "X-Forwarded-Host: a.example");
		head_fixture_finish(&fixture);
	}
}

Test(request_head, writes_the_backend_s_host_without_a_usual_port)
{
	static const struct {
		const char *url, *host;
	} ROWS[] = {
		{"http://app", "Host: app\r\n"},
		{"http://app:80", "Host: app\r\n"},
		{"http://app:8080", "Host: app:8080\r\n"},
		{"http://[::1]:9000", "Host: [::1]:9000\r\n"},
		{"http://[::1]", "Host: [::1]\r\n"},
		{"unix:/run/app.sock", "Host: localhost\r\n"},
	};
	struct conf_route route = {.host = CONF_HOST_BACKEND};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		struct upstream_server server = {.text = ROWS[i].url};
		struct buf out = BUF_INIT;
		const char *expected;

		cr_assert(url_parse(str_from(ROWS[i].url), &server.url, &expected));
		request_head_write_host(&out, &route, STR("client.example"), &server);
		cr_expect(str_equal(buf_str(&out), str_from(ROWS[i].host)), "%.*s",
			STR_ARG(buf_str(&out)));
		buf_finish(&out);
	}
}

Test(request_head, changes_headers_as_the_route_says)
{
	expect("headers: { set: { X-Env: prod }, remove: [X-Debug], "
	       "request: { set: { accept: text/html }, remove: [Cookie] }, "
	       "response: { set: { X-Frame-Options: DENY }, remove: [Referer] } }",
		"GET / HTTP/1.1\nHost: a.example\nx-env: mine\nX-DEBUG: 1\nX-Debug: 2\n"
		"X_Env: mine\nx_debug: 3\n"
		"Accept: */*\nCookie: a=b\nReferer: http://a.example/\n",
		"GET / HTTP/1.1\nHost: a.example\nReferer: http://a.example/\n"
		"X-Env: prod\naccept: text/html\n" IDENTITY);
}

Test(request_head, drops_what_access_rules_will_add)
{
	expect("basic_auth: { file: users, forward: X-Remote-User }, "
	       "forward_auth: { url: http://auth, response_headers: [X-Groups] }",
		"GET / HTTP/1.1\nHost: a.example\nX-Remote-User: root\n"
		"x_remote_user: root\nX-Remote_User: root\nX-GROUPS: admins\n"
		"X-Remote-Users: kept\n",
		"GET / HTTP/1.1\nHost: a.example\nX-Remote-Users: kept\n" IDENTITY);
}

Test(request_head, frames_the_body_anew)
{
	expect(NULL,
		"POST / HTTP/1.1\nHost: a.example\nTransfer-Encoding: chunked\n"
		"Expect: 100-continue\n",
		"POST / HTTP/1.1\nHost: a.example\n" IDENTITY
		"Transfer-Encoding: chunked\n");
	expect(NULL, "POST / HTTP/1.1\nHost: a.example\nContent-Length: 0007\n",
		"POST / HTTP/1.1\nHost: a.example\n" IDENTITY "Content-Length: 7\n");
	expect(NULL, "POST / HTTP/1.1\nHost: a.example\nContent-Length: 0\n",
		"POST / HTTP/1.1\nHost: a.example\n" IDENTITY "Content-Length: 0\n");
}

#define UPGRADE                                                                          \
	"GET /ws HTTP/1.1\nHost: a.example\nConnection: keep-alive, Upgrade\n"           \
	"Upgrade: WebSocket\nSec-WebSocket-Version: 13\n"                                \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n"

Test(request_head, asks_for_a_websocket_and_for_deflate_at_most)
{
	static const char ASKED[] = "GET /ws HTTP/1.1\nHost: a.example\n"
				    "Sec-WebSocket-Version: 13\n"
				    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n";
	char expected[1024];

	(void)snprintf(expected, sizeof(expected), "%s%s%s", ASKED,
		IDENTITY "Connection: Upgrade\nUpgrade: websocket\n", "");
	expect("websocket: {}", UPGRADE, expected);
	expect("websocket: {}", UPGRADE "Sec-WebSocket-Extensions: x-mux; a=1\n",
		expected);
	(void)snprintf(expected, sizeof(expected), "%s%s%s", ASKED,
		IDENTITY "Connection: Upgrade\nUpgrade: websocket\n",
		"Sec-WebSocket-Extensions: permessage-deflate; "
		"client_max_window_bits, permessage-deflate\n");
	expect("websocket: {}",
		UPGRADE "Sec-WebSocket-Extensions: x-mux, permessage-deflate; "
			"client_max_window_bits\n"
			"Sec-WebSocket-Extensions: permessage-deflate, x-foo\n",
		expected);
}

Test(request_head, drops_the_empty_length_of_an_upgrade)
{
	struct head_fixture fixture;

	head_fixture_start(
		&fixture, NULL, "websocket: {}", PEER, UPGRADE "Content-Length: 0\n");
	head_fixture_write_request(&fixture);
	head_fixture_expect_no(&fixture, "Content-Length:");
	head_fixture_finish(&fixture);
}

Test(request_head, fits_into_its_buffer_or_fails)
{
	struct head_fixture fixture;
	struct buf failed = {.is_failed = true};

	head_fixture_start(&fixture, NULL, NULL, PEER, UPGRADE);
	struct request_head head = {
		.conf = fixture.conf,
		.peer = &fixture.peer,
		.request = &fixture.request,
		.message = &fixture.head.message,
		.choice = &fixture.choice,
	};
	request_head_write_line(&failed, &head);
	request_head_write_fields(&failed, &head);
	cr_expect(failed.is_failed);
	cr_expect_eq(failed.length, 0);
	head_fixture_finish(&fixture);
}

// SECURITY T22: as with X-Forwarded-*, but that there is no word of ours without TLS.
Test(request_head, drops_certificates_that_a_client_only_claims)
{
	static const char lines[] =
		"GET / HTTP/1.1\nHost: a.example\nX-SSL-Client-Verify: SUCCESS\n"
		"x-ssl-client-dn: CN=admin\nX_SSL_Client_DN: CN=admin\n"
		"X-SSL-CLIENT_S_DN: CN=admin\nClient-Cert: :AA==:\n"
		"client_cert: :AA==:\nClient-Cert-Chain: :AA==:\n"
		"Client-Certificate: mine\nX-SSL: 1\n";
	expect(NULL, lines,
		"GET / HTTP/1.1\nHost: a.example\nClient-Certificate: mine\nX-SSL: "
		"1\n" IDENTITY);

	struct head_fixture fixture;
	head_fixture_start(&fixture, TRUSTED, NULL, PEER, lines);
	head_fixture_write_request(&fixture);
	head_fixture_expect_line(&fixture, "X-SSL-Client-Verify: SUCCESS");
	head_fixture_expect_line(&fixture, "X-SSL-Client-DN: CN=admin");
	head_fixture_expect_line(&fixture, "Client-Cert: :AA==:");
	head_fixture_expect_no(&fixture, "X_SSL_Client_DN:");
	head_fixture_expect_no(&fixture, "X-SSL-CLIENT_S_DN:");
	head_fixture_expect_no(&fixture, "client_cert:");
	head_fixture_finish(&fixture);
}

Test(request_head, takes_the_token_out_of_the_subprotocols)
{
	static const char *const ROUTE =
		"jwt: { jwks: keys.json, from: [subprotocol=bearer] }, websocket: {}";
	static const struct {
		const char *offered, *passed; // NULL: no such field
	} ROWS[] = {
		{"Sec-WebSocket-Protocol: a, bearer, x.y.z, b\n",
			"Sec-WebSocket-Protocol: a, b"},
		{"Sec-WebSocket-Protocol: a, bearer\nSec-WebSocket-Protocol: x, b\n",
			"Sec-WebSocket-Protocol: a, b"},
		{"Sec-WebSocket-Protocol: bearer.x\n", NULL},
	};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		struct head_fixture fixture;
		char lines[512];

		(void)snprintf(lines, sizeof(lines),
			"GET / HTTP/1.1\nHost: a.example\nConnection: Upgrade\n"
			"Upgrade: websocket\n%s",
			ROWS[i].offered);
		head_fixture_start(&fixture, NULL, ROUTE, "192.0.2.1:1", lines);
		head_fixture_write_request(&fixture);
		if (ROWS[i].passed)
			head_fixture_expect_line(&fixture, ROWS[i].passed);
		else
			head_fixture_expect_no(&fixture, "Sec-WebSocket-Protocol:");
		head_fixture_finish(&fixture);
	}
}
