// SPDX-License-Identifier: MIT
// A client, its backends and time, against the whole proxy: no backend sees anything but
// well-formed requests for what is routed to it, then masked frames; the client sees
// responses, then unmasked frames; at the end nothing is left.
// Input: steps, each a byte that says what is done, a byte more, and for bytes that are
// sent as they are, those.
#include <string.h>

#include "fuzz.h"
#include "session.h"
#include "ws_oracle.h"

#include "wherry/proto/http_reader.h"

enum {
	REPEATS = 64
};

const char session_configuration[] =
	"limits: { exempt: [192.0.2.0/24] }\n"
	"listeners: [{ address: \"127.0.0.1:1\" }]\n"
	"routes:\n"
	"  - match: { path: /ws/ }\n"
	"    websocket: { origins: any, max_frame: 2KiB, max_message: 3KiB }\n"
	"    to: app\n"
	"  - match: { path: /a/ }\n"
	"    body: 4KiB\n"
	"    to: app\n"
	"  - match: { path: /old/ }\n"
	"    redirect: { to: /new/, status: 308 }\n"
	"upstreams:\n"
	"  app: { servers: [{ url: \"http://192.0.2.9:80\" }] }\n";

#define UPGRADE(more)                                                                    \
	"GET /ws/x HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\n"                  \
	"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"                            \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" more "\r\n"
#define SWITCH(accept, more)                                                             \
	"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"                    \
	"Upgrade: websocket\r\nSec-WebSocket-Accept: " accept "\r\n" more "\r\n"
#define TEXT(literal) SESSION_TEXT(literal)
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

static const struct str client_says[] = {
	TEXT("GET /a/x HTTP/1.1\r\nHost: a.test\r\n\r\n"),
	TEXT("POST /a/x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello"),
	TEXT("POST /a/x HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
	     "3\r\nabc\r\n0\r\n\r\n"),
	TEXT(UPGRADE("")),
	TEXT(UPGRADE("Sec-WebSocket-Extensions: permessage-deflate\r\n")),
	TEXT("\x81\x82\1\2\3\4ik"),               // a text
	TEXT("\x88\x82\0\0\0\0\x03\xe8"),         // Close 1000
	TEXT("\x89\x83\1\2\3\4\1\2\3"),           // a Ping
	TEXT("\x8a\x80\1\2\3\4"),                 // a Pong
	TEXT("\x01\x81\1\2\3\4a"),                // the first fragment
	TEXT("\x80\x81\1\2\3\4a"),                // the last
	TEXT("\xc1\x81\1\2\3\4a"),                // RSV1
	TEXT("\x82\xfe\x04\x00\1\2\3\4"),         // a binary frame's head: 1 KiB
	TEXT("\x82\xff\0\0\0\0\0\1\0\0\1\2\3\4"), // 64 KiB: too big
	TEXT("GET /internal/x HTTP/1.1\r\nHost: a.test\r\n\r\n"),
	TEXT("HEAD /a/x HTTP/1.1\r\nHost: a.test\r\n\r\n"),
	TEXT("GET /a/x HTTP/1.0\r\n\r\n"),
	TEXT("GET /old/x HTTP/1.1\r\nHost: a.test\r\n\r\n"),
	TEXT("GET /a/%2e%2e/internal HTTP/1.1\r\nHost: a.test\r\n\r\n"),
	TEXT("PUT /a/x HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\n"
	     "Content-Length: 3\r\n\r\n"),
	TEXT("POST /a/x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1\r\n"
	     "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /internal/"),
	TEXT("400\r\n"),
};

static const struct str backend_says[] = {
	TEXT("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
	TEXT("HTTP/1.1 200 OK\r\nTransfer-Encoding: "
	     "chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
	TEXT(SWITCH(ACCEPT, "")),
	TEXT(SWITCH(ACCEPT, "Sec-WebSocket-Extensions: permessage-deflate\r\n")),
	TEXT(SWITCH("AAAAAAAAAAAAAAAAAAAAAAAAAAA=", "")),
	TEXT("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
	TEXT("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\npart"),
	TEXT("HTTP/1.1 204 No Content\r\n\r\n"),
	TEXT("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
	TEXT("HTTP/1.0 200 OK\r\n\r\nuntil the end"),
	TEXT("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n"),
	TEXT("HTTP/1.1 100 Continue\r\n\r\n"),
	TEXT("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
	TEXT("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n"),
	TEXT("\x81\x02ok"),       // a text
	TEXT("\x88\x02\x03\xe8"), // Close 1000
	TEXT("\x89\x01p"),        // a Ping
	TEXT("\x8a\x04\0\0\0\1"), // a Pong
	TEXT("\x01\x01"
	     "a"), // the first fragment
	TEXT("\x80\x01"
	     "b"), // the last
	TEXT("\xc2\x01"
	     "c"),                // RSV1
	TEXT("\x82\x7e\x04\x00"), // a binary frame's head: 1 KiB
	TEXT("HTTP/1.1 200 OK\r\nConnection: close, X-A\r\nX-A: 1\r\n"
	     "Content-Length: 2\r\n\r\nok"),
	TEXT("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nok"),
};

enum step {
	STEP_CLIENT_BYTES,
	STEP_BACKEND_BYTES,
	STEP_CLIENT_SAYS,
	STEP_BACKEND_SAYS,
	STEP_CLIENT_REPEATS,
	STEP_BACKEND_REPEATS,
	STEP_TIME,
	STEP_CLIENT_ENDS,  // FIN, or closed
	STEP_BACKEND_ENDS, // FIN, or closed
	STEP_SILENCE,
	STEP_REFUSE,
	STEP_DRAIN,
	STEP_COUNT
};

static void let_time_pass(struct session *session, uint8_t choice)
{
	static const uint64_t TIMES[] = {1, 100, 1000, 5000, 10000, 30000, 60000, 120000};
	session_advance(session, TIMES[choice % 8]);
}

static size_t take_step(struct session *session, uint8_t step, uint8_t choice,
	const uint8_t *data, size_t size)
{
	struct session_peer *client = &session->clients[0];
	struct session_peer *backend = session_backend(session, choice / 64);
	struct session_peer *either = choice & 32 ? client : backend;
	size_t length = choice % 64 < size ? choice % 64 : size;
	struct str client_text =
		client_says[choice % (sizeof(client_says) / sizeof(*client_says))];
	struct str backend_text =
		backend_says[choice % 64 %
			     (sizeof(backend_says) / sizeof(*backend_says))];
	switch ((enum step)(step % STEP_COUNT)) {
	case STEP_CLIENT_BYTES:
		session_send(session, client, data, length);
		return length;
	case STEP_BACKEND_BYTES:
		session_send(session, backend, data, length);
		return length;
	case STEP_CLIENT_SAYS:
		session_say(session, client, client_text, 1);
		return 0;
	case STEP_BACKEND_SAYS:
		session_say(session, backend, backend_text, 1);
		return 0;
	case STEP_CLIENT_REPEATS:
		session_say(session, client, client_text, REPEATS);
		return 0;
	case STEP_BACKEND_REPEATS:
		session_say(session, backend, backend_text, REPEATS);
		return 0;
	case STEP_TIME:
		let_time_pass(session, choice);
		return 0;
	case STEP_CLIENT_ENDS:
		(choice & 1 ? session_close : session_shutdown)(session, client);
		return 0;
	case STEP_BACKEND_ENDS:
		(choice & 1 ? session_close : session_shutdown)(session, backend);
		return 0;
	case STEP_SILENCE:
		either->is_silent = !either->is_silent;
		return 0;
	case STEP_REFUSE:
		session->refuses = true;
		return 0;
	case STEP_DRAIN:
		(choice & 1 ? session_drain_server : session_drain)(
			session, choice * UINT64_C(100));
		return 0;
	case STEP_COUNT:
		break;
	}
	return 0;
}

static void require_frames(struct str bytes, bool must_be_masked, bool allows_rsv1)
{
	static const struct ws_check_limits LIMITS = {
		.max_frame = 2048, .max_message = 3072, .max_fragments = 1024};
	struct ws_oracle_input input = {.limits = &LIMITS,
		.must_be_masked = must_be_masked,
		.allows_rsv1 = allows_rsv1,
		.data = (const uint8_t *)bytes.data,
		.size = bytes.length < WS_ORACLE_MAX_BYTES ? bytes.length
							   : WS_ORACLE_MAX_BYTES};
	FUZZ_REQUIRE(ws_oracle_judge(&input).error == WS_ORACLE_LEGAL);
}

static bool has_text(struct str bytes, const char *text)
{
	return bytes.length > 0 &&
	       memmem(bytes.data, bytes.length, text, strlen(text)) != NULL;
}

static void require_request(const struct http_message *message)
{
	FUZZ_REQUIRE(str_has_prefix(message->target, STR("/a/")) ||
		     str_has_prefix(message->target, STR("/ws/")));
	FUZZ_REQUIRE(!has_text(message->target, "internal"));
	size_t hosts = 0, forwarded = 0;
	for (size_t i = 0; i < message->field_count; i++) {
		const struct http_field *field = &message->fields[i];
		hosts += str_equal_nocase(field->name, STR("Host"));
		forwarded += str_equal_nocase(field->name, STR("X-Forwarded-For"));
	}
	FUZZ_REQUIRE(hosts == 1 && forwarded == 1);
}

// Returns how many requests there were.
static uint64_t require_requests(const struct session_peer *backend, bool uses_deflate)
{
	struct http_reader reader;
	struct http_message message;
	struct str rest = buf_str(&backend->received);
	uint64_t count = 0;
	bool is_upgrade = false;
	http_reader_init(&reader, HTTP_REQUEST, HTTP_SCAN_LIMITS_DEFAULT);
	while (rest.length > 0 || reader.at != HTTP_READER_AT_HEAD) {
		size_t taken = 0;
		enum http_reader_item item = http_reader_next(&reader,
			(const uint8_t *)rest.data, rest.length, &message, &taken);
		rest = (struct str){rest.data + taken, rest.length - taken};
		FUZZ_REQUIRE(item != HTTP_READER_BAD);
		if (item == HTTP_READER_MORE)
			break;
		if (item == HTTP_READER_HEAD) {
			require_request(&message);
			is_upgrade = message.is_websocket_upgrade;
			count++;
		}
		if (item == HTTP_READER_END && is_upgrade) {
			require_frames(rest, true, uses_deflate);
			break;
		}
	}
	return count;
}

static void require_responses(struct session *session, bool uses_deflate)
{
	struct http_reader reader;
	struct http_message message;
	struct str rest = buf_str(&session->clients[0].received);
	http_reader_init(&reader, HTTP_RESPONSE, HTTP_SCAN_LIMITS_DEFAULT);
	while (rest.length > 0 || reader.at != HTTP_READER_AT_HEAD) {
		size_t taken = 0;
		enum http_reader_item item = http_reader_next(&reader,
			(const uint8_t *)rest.data, rest.length, &message, &taken);
		rest = (struct str){rest.data + taken, rest.length - taken};
		FUZZ_REQUIRE(item != HTTP_READER_BAD);
		if (item == HTTP_READER_MORE)
			return;
		if (item == HTTP_READER_HEAD && message.status == 101) {
			require_frames(rest, false, uses_deflate);
			return;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct session session;
	session_start(&session);
	session_play(&session, data, size, take_step);
	bool uses_deflate =
		has_text(buf_str(&session.clients[0].received), "permessage-deflate");
	uint64_t requests = 0;
	for (size_t i = 0; i < session.backend_count; i++)
		requests += require_requests(&session.backends[i], uses_deflate);
	FUZZ_REQUIRE(requests <= session_request_count(&session));
	if (!has_text(buf_str(&session.clients[0].sent), "HEAD"))
		require_responses(&session, uses_deflate);
	session_finish(&session);
	return 0;
}
