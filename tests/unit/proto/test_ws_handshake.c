// SPDX-License-Identifier: MIT
#include "wherry/proto/ws_handshake.h"

#include <string.h>

#include <criterion/criterion.h>

#include "wherry/base/buf.h"

#define KEY "dGhlIHNhbXBsZSBub25jZQ==" // of RFC 6455 section 1.3
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

// A message with these "Name: value" lines, each ended by "\n".
static struct http_message message(enum http_message_kind kind, const char *lines)
{
	struct http_message message = {
		.kind = kind,
		.minor_version = 1,
		.method = STR("GET"),
		.status = 101,
	};
	for (const char *line = lines, *end; (end = strchr(line, '\n')); line = end + 1) {
		const char *colon = strchr(line, ':');
		struct http_field *field = &message.fields[message.field_count++];
		field->name = (struct str){line, (size_t)(colon - line)};
		field->value =
			str_trim((struct str){colon + 1, (size_t)(end - colon - 1)});
		field->id = http_message_field_id(field->name);
	}
	return message;
}

#define VERSION_LINE "Sec-WebSocket-Version: 13\n"
#define KEY_LINE "Sec-WebSocket-Key: " KEY "\n"

Test(ws_handshake, prepares_for_good)
{
	cr_expect(ws_handshake_prepare());
	cr_expect(ws_handshake_prepare());
}

Test(ws_handshake, checks_requests)
{
	static const struct {
		const char *name;
		const char *lines;
		enum ws_handshake_result result;
	} ROWS[] = {
		{"complete", KEY_LINE VERSION_LINE, WS_HANDSHAKE_OK},
		{"with an Origin", KEY_LINE VERSION_LINE "Origin: http://a\n",
			WS_HANDSHAKE_OK},
		{"spare bits of the key set",
			"Sec-WebSocket-Key: 0123456789abcdefghi+/Z==\n" VERSION_LINE,
			WS_HANDSHAKE_OK},
		{"4.2.1: no key", VERSION_LINE, WS_HANDSHAKE_BAD},
		{"4.1: key of 3 bytes", "Sec-WebSocket-Key: abcd\n" VERSION_LINE,
			WS_HANDSHAKE_BAD},
		{"key of 18 bytes",
			"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAAA\n" VERSION_LINE,
			WS_HANDSHAKE_BAD},
		{"key of 17 bytes",
			"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAA=\n" VERSION_LINE,
			WS_HANDSHAKE_BAD},
		{"key with a byte that is no digit",
			"Sec-WebSocket-Key: AAAAAAAAAAA-AAAAAAAAAA==\n" VERSION_LINE,
			WS_HANDSHAKE_BAD},
		{"key with padding inside",
			"Sec-WebSocket-Key: AAAAAAAAAAA=AAAAAAAAAA==\n" VERSION_LINE,
			WS_HANDSHAKE_BAD},
		{"11.3.1: two keys", KEY_LINE KEY_LINE VERSION_LINE, WS_HANDSHAKE_BAD},
		{"11.3.5: two versions", KEY_LINE VERSION_LINE VERSION_LINE,
			WS_HANDSHAKE_BAD},
		{"two origins",
			KEY_LINE VERSION_LINE "Origin: http://a\nOrigin: http://a\n",
			WS_HANDSHAKE_BAD},
		{"4.4: no version", KEY_LINE, WS_HANDSHAKE_BAD_VERSION},
		{"4.4: version 777", KEY_LINE "Sec-WebSocket-Version: 777\n",
			WS_HANDSHAKE_BAD_VERSION},
		{"list of versions", KEY_LINE "Sec-WebSocket-Version: 13, 8\n",
			WS_HANDSHAKE_BAD_VERSION},
		{"version 013", KEY_LINE "Sec-WebSocket-Version: 013\n",
			WS_HANDSHAKE_BAD_VERSION},
	};
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		struct http_message request = message(HTTP_REQUEST, ROWS[i].lines);
		const char *text = NULL;
		cr_expect_eq(ws_handshake_check_request(&request, &text), ROWS[i].result,
			"%s", ROWS[i].name);
		cr_expect_eq(text == NULL, ROWS[i].result == WS_HANDSHAKE_OK, "%s",
			ROWS[i].name);
	}
}

Test(ws_handshake, wants_a_get_of_http_1_1_without_body)
{
	const struct http_message good = message(HTTP_REQUEST, KEY_LINE VERSION_LINE);
	const char *text;

	struct http_message request = good;
	request.method = STR("POST");
	cr_expect_eq(ws_handshake_check_request(&request, &text), WS_HANDSHAKE_BAD);
	request = good;
	request.minor_version = 0;
	cr_expect_eq(ws_handshake_check_request(&request, &text), WS_HANDSHAKE_BAD);
	request = good;
	request.body_kind = HTTP_BODY_CHUNKED;
	cr_expect_eq(ws_handshake_check_request(&request, &text), WS_HANDSHAKE_BAD);
}

Test(ws_handshake, computes_the_accept_of_the_rfc)
{
	char accept[WS_HANDSHAKE_ACCEPT_LENGTH + 1];
	for (size_t i = 0; i < 2; i++) {
		cr_assert(ws_handshake_accept(STR(KEY), accept));
		cr_expect_str_eq(accept, ACCEPT);
	}
	cr_expect_not(ws_handshake_accept(STR("abcd"), accept));
}

#define SWITCH_LINES                                                                     \
	"Upgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Accept: " ACCEPT "\n"
#define EXTENSIONS "Sec-WebSocket-Extensions: "
#define DEFLATE_LINE EXTENSIONS "permessage-deflate\n"

// Offered are "chat, superchat", and permessage-deflate.
Test(ws_handshake, checks_responses)
{
	static const struct {
		const char *name;
		const char *lines;
		bool is_right;
		bool uses_deflate;
	} ROWS[] = {
		{"plain", SWITCH_LINES, true, false},
		{"names and tokens in any case",
			"UPGRADE: WebSocket\nconnection: keep-alive, UPGRADE\n"
			"sec-websocket-accept: " ACCEPT "\n",
			true, false},
		{"offered subprotocol", SWITCH_LINES "Sec-WebSocket-Protocol: chat\n",
			true, false},
		{"deflate", SWITCH_LINES DEFLATE_LINE, true, true},
		{"empty extension list", SWITCH_LINES EXTENSIONS "\n", true, false},
		{"T17: bare 101", "", false, false},
		{"no Upgrade", "Connection: Upgrade\nSec-WebSocket-Accept: " ACCEPT "\n",
			false, false},
		{"two Upgrades", SWITCH_LINES "Upgrade: websocket\n", false, false},
		{"T18: Upgrade names h2c too",
			"Upgrade: websocket, h2c\nConnection: Upgrade\n"
			"Sec-WebSocket-Accept: " ACCEPT "\n",
			false, false},
		{"no Connection",
			"Upgrade: websocket\nSec-WebSocket-Accept: " ACCEPT "\n", false,
			false},
		{"no Accept", "Upgrade: websocket\nConnection: Upgrade\n", false, false},
		{"wrong Accept",
			"Upgrade: websocket\nConnection: Upgrade\n"
			"Sec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo=\n",
			false, false},
		{"two Accepts", SWITCH_LINES "Sec-WebSocket-Accept: " ACCEPT "\n", false,
			false},
		{"Content-Length", SWITCH_LINES "Content-Length: 0\n", false, false},
		{"Transfer-Encoding", SWITCH_LINES "Transfer-Encoding: chunked\n", false,
			false},
		{"subprotocol not offered",
			SWITCH_LINES "Sec-WebSocket-Protocol: other\n", false, false},
		{"subprotocol in another case",
			SWITCH_LINES "Sec-WebSocket-Protocol: Chat\n", false, false},
		{"empty subprotocol", SWITCH_LINES "Sec-WebSocket-Protocol:\n", false,
			false},
		{"several subprotocols",
			SWITCH_LINES "Sec-WebSocket-Protocol: chat, superchat\n", false,
			false},
		{"11.3.4: two subprotocol fields",
			SWITCH_LINES "Sec-WebSocket-Protocol: chat\n"
				     "Sec-WebSocket-Protocol: chat\n",
			false, false},
		{"unknown extension", SWITCH_LINES EXTENSIONS "x-other\n", false, false},
		{"deflate with an unknown parameter",
			SWITCH_LINES EXTENSIONS "permessage-deflate; x\n", false, false},
		{"deflate twice", SWITCH_LINES DEFLATE_LINE DEFLATE_LINE, false, false},
		{"deflate twice in a list",
			SWITCH_LINES EXTENSIONS
			"permessage-deflate, permessage-deflate\n",
			false, false},
		{"bad syntax after deflate",
			SWITCH_LINES EXTENSIONS "permessage-deflate,;\n", false, false},
	};
	const struct ws_handshake_offer offer = {
		ACCEPT, STR("chat, superchat"), .offers_deflate = true};
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		struct http_message response = message(HTTP_RESPONSE, ROWS[i].lines);
		const char *text = NULL;
		bool uses_deflate = false;
		cr_expect_eq(ws_handshake_check_response(
				     &response, &offer, &uses_deflate, &text),
			ROWS[i].is_right, "%s", ROWS[i].name);
		cr_expect_eq(text == NULL, ROWS[i].is_right, "%s", ROWS[i].name);
		if (ROWS[i].is_right)
			cr_expect_eq(
				uses_deflate, ROWS[i].uses_deflate, "%s", ROWS[i].name);
	}
}

Test(ws_handshake, refuses_what_was_not_offered_at_all)
{
	const struct ws_handshake_offer offer = {.accept = ACCEPT};
	bool uses_deflate;
	const char *text;
	struct http_message response = message(HTTP_RESPONSE, SWITCH_LINES DEFLATE_LINE);
	cr_expect_not(
		ws_handshake_check_response(&response, &offer, &uses_deflate, &text));
	response = message(HTTP_RESPONSE, SWITCH_LINES "Sec-WebSocket-Protocol: chat\n");
	cr_expect_not(
		ws_handshake_check_response(&response, &offer, &uses_deflate, &text));
}

Test(ws_handshake, takes_no_other_status_or_version)
{
	const struct ws_handshake_offer offer = {.accept = ACCEPT};
	bool uses_deflate;
	const char *text;
	struct http_message response = message(HTTP_RESPONSE, SWITCH_LINES);
	response.status = 200;
	cr_expect_not(
		ws_handshake_check_response(&response, &offer, &uses_deflate, &text));
	response.status = 101;
	response.minor_version = 0;
	cr_expect_not(
		ws_handshake_check_response(&response, &offer, &uses_deflate, &text));
}

Test(ws_handshake, filters_extensions)
{
	static const struct {
		const char *offered;
		const char *left;
	} ROWS[] = {
		{"permessage-deflate", "permessage-deflate"},
		{"permessage-deflate; client_max_window_bits",
			"permessage-deflate; client_max_window_bits"},
		{"x-foo;a=\"b\" , permessage-deflate;server_max_window_bits=10 ,"
		 "permessage-deflate",
			"permessage-deflate;server_max_window_bits=10, "
			"permessage-deflate"},
		{"permessage-deflate; unknown", ""},
		{"x-foo", ""},
		{"", ""},
		{"permessage-deflate, ;", ""},
		{"permessage-deflate; x=\"permessage-deflate", ""},
	};
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		struct buf buf = BUF_INIT;
		ws_handshake_filter_extensions(str_from(ROWS[i].offered), &buf);
		cr_expect(str_equal(buf_str(&buf), str_from(ROWS[i].left)),
			"%s: \"%.*s\"", ROWS[i].offered, STR_ARG(buf_str(&buf)));
		buf_finish(&buf);
	}
}

Test(ws_handshake, joins_the_extensions_of_several_fields)
{
	struct buf buf = BUF_INIT;
	ws_handshake_filter_extensions(STR("permessage-deflate"), &buf);
	ws_handshake_filter_extensions(STR("x-foo"), &buf);
	ws_handshake_filter_extensions(STR("permessage-deflate"), &buf);
	cr_expect(
		str_equal(buf_str(&buf), STR("permessage-deflate, permessage-deflate")));
	buf_finish(&buf);
}
