// SPDX-License-Identifier: MIT
// What fields mean together, through the reader that is their only way in.
#include <criterion/criterion.h>

#include "http_record.h"

struct row {
	const char *name;
	struct str input;
	unsigned status;   // 0: accepted
	const char *facts; // of accepted ones, up to the fields
};

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"
#define GET "GET / HTTP/1.1\r\nHost: a\r\n"
#define GET_1_0 "GET / HTTP/1.0\r\nHost: a\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n"
#define WEBSOCKET "Connection: Upgrade\r\nUpgrade: websocket\r\n"
#define OK "HTTP/1.1 200 OK\r\n"

#define GOOD_POST "POST / host=a "
#define GOOD_GET "GET / host=a "

static const struct row FRAMING[] = {
	// T01
	{"CL, TE", STR(POST "Content-Length: 4\r\n" CHUNKED "\r\n"), 400, NULL},
	{"TE, CL", STR(POST CHUNKED "Content-Length: 4\r\n\r\n"), 400, NULL},
	{"TE, CL: 0", STR(POST CHUNKED "Content-Length: 0\r\n\r\n"), 400, NULL},
	{"TE, X, CL", STR(POST CHUNKED "X: y\r\ncontent-length: 4\r\n\r\n"), 400, NULL},
	// T02
	{"TE chunked", STR(POST CHUNKED "\r\n"), 0, GOOD_POST "chunked keep"},
	{"TE CHUNKED", STR(POST "TRANSFER-ENCODING: CHUNKED\r\n\r\n"), 0,
		GOOD_POST "chunked keep"},
	{"TE with spaces", STR(POST "Transfer-Encoding: \t chunked  \r\n\r\n"), 0,
		GOOD_POST "chunked keep"},
	{"TE without SP", STR(POST "Transfer-Encoding:chunked\r\n\r\n"), 0,
		GOOD_POST "chunked keep"},
	{"TE on GET", STR(GET CHUNKED "\r\n"), 0, GOOD_GET "chunked keep"},
	{"TE, HTAB behind", STR(POST "Transfer-Encoding: chunked\t\r\n\r\n"), 400, NULL},
	{"two TE", STR(POST CHUNKED CHUNKED "\r\n"), 400, NULL},
	{"TE chunked, TE identity",
		STR(POST CHUNKED "Transfer-Encoding: identity\r\n\r\n"), 400, NULL},
	{"TE identity", STR(POST "Transfer-Encoding: identity\r\n\r\n"), 400, NULL},
	{"TE list", STR(POST "Transfer-Encoding: gzip, chunked\r\n\r\n"), 400, NULL},
	{"TE twice in a list", STR(POST "Transfer-Encoding: chunked, chunked\r\n\r\n"),
		400, NULL},
	{"TE ,chunked", STR(POST "Transfer-Encoding: ,chunked\r\n\r\n"), 400, NULL},
	{"TE chunked,", STR(POST "Transfer-Encoding: chunked,\r\n\r\n"), 400, NULL},
	{"TE with a parameter", STR(POST "Transfer-Encoding: chunked;q=1\r\n\r\n"), 400,
		NULL},
	{"TE quoted", STR(POST "Transfer-Encoding: \"chunked\"\r\n\r\n"), 400, NULL},
	{"TE with obs-text", STR(POST "Transfer-Encoding: chunked\xff\r\n\r\n"), 400,
		NULL},
	{"TE empty", STR(POST "Transfer-Encoding:\r\n\r\n"), 400, NULL},
	{"TE blank", STR(POST "Transfer-Encoding: \r\n\r\n"), 400, NULL},
	{"TE empty, CL", STR(POST "Transfer-Encoding:\r\nContent-Length: 4\r\n\r\n"), 400,
		NULL},
	{"TE gzip", STR(POST "Transfer-Encoding: gzip\r\n\r\n"), 501, NULL},
	{"TE xchunked", STR(POST "Transfer-Encoding: xchunked\r\n\r\n"), 501, NULL},
	{"TE chunke", STR(POST "Transfer-Encoding: chunke\r\n\r\n"), 501, NULL},
	// T03
	{"CL 4", STR(POST "Content-Length: 4\r\n\r\n"), 0, GOOD_POST "length 4 keep"},
	{"CL 0", STR(POST "Content-Length: 0\r\n\r\n"), 0, GOOD_POST "none 0 keep"},
	{"no CL", STR(POST "\r\n"), 0, GOOD_POST "none keep"},
	{"CL on GET", STR(GET "Content-Length: 4\r\n\r\n"), 0, GOOD_GET "length 4 keep"},
	{"CL with spaces", STR(POST "Content-Length:\t 4  \r\n\r\n"), 0,
		GOOD_POST "length 4 keep"},
	{"CL with zeros", STR(POST "Content-Length: 0000000000000000000000004\r\n\r\n"),
		0, GOOD_POST "length 4 keep"},
	{"CL 2^63-1", STR(POST "Content-Length: 9223372036854775807\r\n\r\n"), 0,
		GOOD_POST "length 9223372036854775807 keep"},
	{"CL 2^63", STR(POST "Content-Length: 9223372036854775808\r\n\r\n"), 400, NULL},
	{"CL 2^64", STR(POST "Content-Length: 18446744073709551616\r\n\r\n"), 400, NULL},
	{"CL 2^64 + 4", STR(POST "Content-Length: 18446744073709551620\r\n\r\n"), 400,
		NULL},
	{"CL of 40 digits",
		STR(POST "Content-Length: "
			 "4444444444444444444444444444444444444444\r\n\r\n"),
		400, NULL},
	{"equal CLs", STR(POST "Content-Length: 4\r\nContent-Length: 4\r\n\r\n"), 400,
		NULL},
	{"CL list", STR(POST "Content-Length: 4, 4\r\n\r\n"), 400, NULL},
	{"CL sign", STR(POST "Content-Length: +4\r\n\r\n"), 400, NULL},
	{"CL negative", STR(POST "Content-Length: -4\r\n\r\n"), 400, NULL},
	{"CL hex", STR(POST "Content-Length: 0x4\r\n\r\n"), 400, NULL},
	{"CL hex digit", STR(POST "Content-Length: a\r\n\r\n"), 400, NULL},
	{"CL SP inside", STR(POST "Content-Length: 4 4\r\n\r\n"), 400, NULL},
	{"CL fraction", STR(POST "Content-Length: 4.0\r\n\r\n"), 400, NULL},
	{"CL underscore", STR(POST "Content-Length: 4_0\r\n\r\n"), 400, NULL},
	{"CL empty", STR(POST "Content-Length:\r\n\r\n"), 400, NULL},
	{"CL HTAB behind", STR(POST "Content-Length: 4 \t\r\n\r\n"), 400, NULL},
	// T10
	{"TE in 1.0", STR(GET_1_0 CHUNKED "\r\n"), 400, NULL},
	{"TE in 1.0, keep-alive",
		STR(GET_1_0 "Connection: keep-alive\r\n" CHUNKED "\r\n"), 400, NULL},
	{"CL in 1.0", STR(GET_1_0 "Content-Length: 4\r\n\r\n"), 0,
		GOOD_GET "length 4 close"},
	// T12
	{"upgrade", STR(GET WEBSOCKET "\r\n"), 0, GOOD_GET "none keep websocket"},
	{"upgrade, any case",
		STR(GET "connection: UPGRADE\r\nupgrade: WebSocket\r\n\r\n"), 0,
		GOOD_GET "none keep websocket"},
	{"upgrade, CL 0", STR(GET WEBSOCKET "Content-Length: 0\r\n\r\n"), 0,
		GOOD_GET "none keep websocket"},
	{"upgrade, POST", STR(POST WEBSOCKET "\r\n"), 0, GOOD_POST "none keep websocket"},
	{"upgrade, CL", STR(GET WEBSOCKET "Content-Length: 1\r\n\r\n"), 400, NULL},
	{"upgrade, TE", STR(GET WEBSOCKET CHUNKED "\r\n"), 400, NULL},
	{"upgrade, POST, CL", STR(POST WEBSOCKET "Content-Length: 1\r\n\r\n"), 400, NULL},
	{"upgrade in 1.0", STR(GET_1_0 WEBSOCKET "\r\n"), 0, GOOD_GET "none close"},
	{"upgrade in 1.0, CL", STR(GET_1_0 WEBSOCKET "Content-Length: 1\r\n\r\n"), 0,
		GOOD_GET "length 1 close"},
	{"Upgrade alone", STR(GET "Upgrade: websocket\r\n\r\n"), 0, GOOD_GET "none keep"},
	{"Upgrade alone, CL", STR(POST "Upgrade: websocket\r\nContent-Length: 1\r\n\r\n"),
		0, GOOD_POST "length 1 keep"},
	{"Connection: upgrade alone", STR(GET "Connection: upgrade\r\n\r\n"), 0,
		GOOD_GET "none keep"},
	{"Proxy-Connection: upgrade",
		STR(GET "Proxy-Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"), 0,
		GOOD_GET "none keep"},
	// T18
	{"h2c",
		STR(GET "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
			"HTTP2-Settings: AAMA\r\n\r\n"),
		0, GOOD_GET "none keep"},
	{"h2c in a list",
		STR(GET "Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n\r\n"), 0,
		GOOD_GET "none keep"},
	{"two Upgrades", STR(GET WEBSOCKET "Upgrade: websocket\r\n\r\n"), 0,
		GOOD_GET "none keep"},
	{"websocket with a version",
		STR(GET "Connection: Upgrade\r\nUpgrade: websocket/13\r\n\r\n"), 0,
		GOOD_GET "none keep"},
};

static const struct row OTHERS[] = {
	// T14 (RFC 9112 section 3.2)
	{"no Host", STR("GET / HTTP/1.1\r\n\r\n"), 400, NULL},
	{"Host in 1.0", STR(GET_1_0 "\r\n"), 0, GOOD_GET "none close"},
	{"two Hosts", STR(GET "Host: b\r\n\r\n"), 400, NULL},
	{"two equal Hosts", STR(GET "host: a\r\n\r\n"), 400, NULL},
	{"two Hosts in 1.0", STR(GET_1_0 "Host: a\r\n\r\n"), 400, NULL},
	{"Host empty", STR("GET / HTTP/1.1\r\nHost:\r\n\r\n"), 400, NULL},
	{"Host empty in 1.0", STR("GET / HTTP/1.0\r\nHost:\r\n\r\n"), 400, NULL},
	{"Host list", STR("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"), 400, NULL},
	{"Host userinfo", STR("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"), 400, NULL},
	{"Host path", STR("GET / HTTP/1.1\r\nHost: a/../b\r\n\r\n"), 400, NULL},
	{"Host URL", STR("GET / HTTP/1.1\r\nHost: http://a\r\n\r\n"), 400, NULL},
	{"Host SP", STR("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), 400, NULL},
	{"Host port only", STR("GET / HTTP/1.1\r\nHost: :80\r\n\r\n"), 400, NULL},
	{"Host bad port", STR("GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n"), 400, NULL},
	{"Host with letters as port", STR("GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"), 400,
		NULL},
	{"Host port", STR("GET / HTTP/1.1\r\nHost: a.example:8080\r\n\r\n"), 0,
		"GET / host=a.example:8080 none keep"},
	{"Host IPv6", STR("GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n"), 0,
		"GET / host=[::1]:8080 none keep"},
	// T15 (RFC 9110 section 10.1.1)
	{"Expect", STR(POST "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n"), 0,
		GOOD_POST "length 4 keep continue"},
	{"Expect, any case", STR(POST "expect: 100-Continue\r\n" CHUNKED "\r\n"), 0,
		GOOD_POST "chunked keep continue"},
	{"Expect without a body", STR(GET "Expect: 100-continue\r\n\r\n"), 0,
		GOOD_GET "none keep"},
	{"Expect twice",
		STR(POST "Expect: 100-continue\r\nExpect: 100-continue\r\n"
			 "Content-Length: 4\r\n\r\n"),
		0, GOOD_POST "length 4 keep continue"},
	{"Expect more", STR(POST "Expect: 100-continue, x\r\n\r\n"), 417, NULL},
	{"Expect other", STR(POST "Expect: 200-ok\r\n\r\n"), 417, NULL},
	{"Expect other behind", STR(POST "Expect: 100-continue\r\nExpect: x\r\n\r\n"),
		417, NULL},
	{"Expect empty", STR(POST "Expect:\r\n\r\n"), 417, NULL},
	{"Expect in 1.0", STR(GET_1_0 "Expect: x\r\n\r\n"), 0, GOOD_GET "none close"},
	{"Expect 100-continue in 1.0",
		STR(GET_1_0 "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n"), 0,
		GOOD_GET "length 4 close"},
	// T16 (RFC 9112 section 9.3)
	{"close", STR(GET "Connection: close\r\n\r\n"), 0, GOOD_GET "none close"},
	{"Close in a list", STR(GET "Connection: x, Close\r\n\r\n"), 0,
		GOOD_GET "none close"},
	{"close in a second field", STR(GET "Connection: x\r\nConnection: close\r\n\r\n"),
		0, GOOD_GET "none close"},
	{"close wins", STR(GET_1_0 "Connection: keep-alive, close\r\n\r\n"), 0,
		GOOD_GET "none close"},
	{"keep-alive in 1.0", STR(GET_1_0 "Connection: Keep-Alive\r\n\r\n"), 0,
		GOOD_GET "none keep"},
	{"closed is not close", STR(GET "Connection: closed\r\n\r\n"), 0,
		GOOD_GET "none keep"},
	{"Connection empty", STR(GET "Connection:\r\n\r\n"), 0, GOOD_GET "none keep"},
	{"Connection commas", STR(GET "Connection: ,, ,\r\n\r\n"), 0,
		GOOD_GET "none keep"},
	{"33 options",
		STR(GET "Connection: a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,"
			"a,a,a,a,a,a,a,a,a\r\n\r\n"),
		400, NULL},
	// T34
	{"two Content-Types", STR(POST "Content-Type: a/b\r\ncontent-type: a/b\r\n\r\n"),
		400, NULL},
	{"two Authorizations", STR(GET "Authorization: a\r\nAUTHORIZATION: b\r\n\r\n"),
		400, NULL},
	{"two keys", STR(GET "Sec-WebSocket-Key: a\r\nSec-WebSocket-Key: b\r\n\r\n"), 400,
		NULL},
	{"two versions",
		STR(GET "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 8\r\n\r\n"),
		400, NULL},
	{"two Origins", STR(GET "Origin: http://a\r\nOrigin: http://b\r\n\r\n"), 400,
		NULL},
	{"two request ids", STR(GET "X-Request-Id: 1\r\nX-Request-ID: 2\r\n\r\n"), 400,
		NULL},
	{"two Cookies", STR(GET "Cookie: a=b\r\nCookie: c=d\r\n\r\n"), 0,
		GOOD_GET "none keep"},
	{"two subprotocols",
		STR(GET "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b\r\n\r\n"),
		0, GOOD_GET "none keep"},
	{"two of another name", STR(GET "X: a\r\nX: b\r\n\r\n"), 0, GOOD_GET "none keep"},
};

static const struct row RESPONSES[] = {
	// T19 (RFC 9112 section 6.3)
	{"CL", STR(OK "Content-Length: 2\r\n\r\n"), 0, "200 OK length 2 keep"},
	{"CL 0", STR(OK "Content-Length: 0\r\n\r\n"), 0, "200 OK none 0 keep"},
	{"TE", STR(OK CHUNKED "\r\n"), 0, "200 OK chunked keep"},
	{"neither", STR(OK "\r\n"), 0, "200 OK until_close close"},
	{"neither, keep-alive", STR(OK "Connection: keep-alive\r\n\r\n"), 0,
		"200 OK until_close close"},
	{"close", STR(OK "Connection: close\r\nContent-Length: 2\r\n\r\n"), 0,
		"200 OK length 2 close"},
	{"1.0, CL", STR("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n"), 0,
		"200 OK length 2 close"},
	{"1.0, keep-alive",
		STR("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: "
		    "2\r\n\r\n"),
		0, "200 OK length 2 keep"},
	{"1.0, TE", STR("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" CHUNKED "\r\n"),
		0, "200 OK chunked close"},
	{"204", STR("HTTP/1.1 204 X\r\n\r\n"), 0, "204 X none keep"},
	{"204, CL", STR("HTTP/1.1 204 X\r\nContent-Length: 4\r\n\r\n"), 0,
		"204 X none close"},
	{"204, TE", STR("HTTP/1.1 204 X\r\n" CHUNKED "\r\n"), 0, "204 X none close"},
	{"103, CL", STR("HTTP/1.1 103 X\r\nContent-Length: 4\r\n\r\n"), 0,
		"103 X none close"},
	{"304, CL", STR("HTTP/1.1 304 X\r\nContent-Length: 4\r\n\r\n"), 0,
		"304 X none 4 keep"},
	{"304, TE", STR("HTTP/1.1 304 X\r\n" CHUNKED "\r\n"), 0, "304 X none keep"},
	{"304", STR("HTTP/1.1 304 X\r\n\r\n"), 0, "304 X none keep"},
	{"101", STR("HTTP/1.1 101 X\r\n" WEBSOCKET "\r\n"), 0,
		"101 X none keep websocket"},
	{"200 with Upgrade", STR(OK WEBSOCKET "Content-Length: 2\r\n\r\n"), 0,
		"200 OK length 2 keep"},
	{"101 alone", STR("HTTP/1.1 101 X\r\n\r\n"), 502, NULL},
	{"101, other protocol",
		STR("HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"), 502,
		NULL},
	{"101 in 1.0", STR("HTTP/1.0 101 X\r\n" WEBSOCKET "\r\n"), 502, NULL},
	{"101, CL", STR("HTTP/1.1 101 X\r\n" WEBSOCKET "Content-Length: 2\r\n\r\n"), 502,
		NULL},
	{"101, CL 0", STR("HTTP/1.1 101 X\r\n" WEBSOCKET "Content-Length: 0\r\n\r\n"),
		502, NULL},
	{"101, TE", STR("HTTP/1.1 101 X\r\n" WEBSOCKET CHUNKED "\r\n"), 502, NULL},
	{"CL, TE", STR(OK "Content-Length: 2\r\n" CHUNKED "\r\n"), 502, NULL},
	{"CL, TE on 304", STR("HTTP/1.1 304 X\r\nContent-Length: 2\r\n" CHUNKED "\r\n"),
		502, NULL},
	{"two CLs", STR(OK "Content-Length: 2\r\nContent-Length: 2\r\n\r\n"), 502, NULL},
	{"CL list", STR(OK "Content-Length: 2, 2\r\n\r\n"), 502, NULL},
	{"CL sign", STR(OK "Content-Length: -2\r\n\r\n"), 502, NULL},
	{"bad CL on 204", STR("HTTP/1.1 204 X\r\nContent-Length: x\r\n\r\n"), 502, NULL},
	{"two TEs", STR(OK CHUNKED CHUNKED "\r\n"), 502, NULL},
	{"TE gzip", STR(OK "Transfer-Encoding: gzip\r\n\r\n"), 502, NULL},
	{"TE identity", STR(OK "Transfer-Encoding: identity\r\n\r\n"), 502, NULL},
	{"TE gzip, chunked", STR(OK "Transfer-Encoding: gzip, chunked\r\n\r\n"), 502,
		NULL},
	{"TE empty", STR(OK "Transfer-Encoding:\r\n\r\n"), 502, NULL},
	{"two Accepts",
		STR("HTTP/1.1 101 X\r\n" WEBSOCKET
		    "Sec-WebSocket-Accept: a\r\nSec-WebSocket-Accept: b\r\n\r\n"),
		502, NULL},
	{"two Set-Cookies",
		STR(OK "Content-Length: 2\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n"), 0,
		"200 OK length 2 keep"},
	{"two Content-Types",
		STR(OK "Content-Length: 2\r\nContent-Type: a\r\nContent-Type: b\r\n\r\n"),
		0, "200 OK length 2 keep"},
};

static void run_rows(enum http_message_kind kind, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &rows[i];
		struct http_record record =
			http_record_run_all(kind, row->input, row->name);
		struct str facts = str_from(record.facts);

		cr_expect_eq(record.status, row->status, "%s: %s %s", row->name,
			record.text, record.error);
		cr_expect_not(record.is_disagreement, "%s", row->name);
		if (!row->facts)
			continue;
		struct str expected = str_from(row->facts);
		cr_expect(str_has_prefix(facts, expected) &&
				  (facts.length == expected.length ||
					  facts.data[expected.length + 1] == '|'),
			"%s: %s", row->name, record.facts);
	}
}

Test(http_rules, frames_requests_one_way_or_not_at_all)
{
	run_rows(HTTP_REQUEST, FRAMING, COUNT(FRAMING));
}

Test(http_rules, judges_host_expect_and_connection)
{
	run_rows(HTTP_REQUEST, OTHERS, COUNT(OTHERS));
}

Test(http_rules, frames_responses_one_way_or_not_at_all)
{
	run_rows(HTTP_RESPONSE, RESPONSES, COUNT(RESPONSES));
}
