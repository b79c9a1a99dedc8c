// SPDX-License-Identifier: MIT
// Publishers, subscribers of every transport and pollers of live URLs against the whole
// proxy with its hub: clients see well-formed responses and legal frames, in each of them
// ids ascend, and what a backend says to one alone is never given to another; at the end
// nothing is left.
// Input: steps, each a byte that says what is done, a byte more (its highest two bits say
// which client), and for bytes that are sent as they are, those.
#include <string.h>

#include "fuzz.h"
#include "session.h"
#include "ws_oracle.h"

#include "wherry/proto/http_reader.h"

enum {
	REPEATS = 24,
	CHOICES = 64, // of a step's second byte, besides the client
};

const char session_configuration[] =
	"limits: { exempt: [192.0.2.0/24] }\n"
	"listeners: [{ address: \"127.0.0.1:1\" }]\n"
	"hub: { channels: 6, memory: 64KiB }\n"
	"routes:\n"
	"  - match: { path: /pub/, method: POST }\n"
	"    publish: { channel: \"c:{path.1}\", key: \"{query.k}\", max_message: 2KiB,\n"
	"      origins: any, history: { messages: 4, bytes: 4KiB, age: 10s } }\n"
	"  - match: { path: /pub-json/, method: POST }\n"
	"    publish: { channel: \"c:{json.c.d}\", payload: \"{json.p} of {query.u}\" }\n"
	"  - match: { path: /both }\n"
	"    websocket: { origins: any, max_frame: 2KiB, max_message: 3KiB }\n"
	"    subscribe: { channel: [\"c:a\", \"c:b\"], presence: list, publish: true,\n"
	"      origins: any, slow: drop_oldest, wait: 5s, keep_alive: 3s,\n"
	"      queue: { messages: 3 }, history: { messages: 4, bytes: 4KiB, age: 10s } "
	"}\n"
	"  - match: { path: /one/ }\n"
	"    subscribe: { channel: \"c:{path.1}\", start: history, slow: latest,\n"
	"      presence: count, subscribers: 2, queue: { messages: 2 } }\n"
	"  - match: { path: /live/ }\n"
	"    websocket: { origins: any, max_frame: 2KiB, max_message: 3KiB }\n"
	"    live: { interval: 1s, max_stale: 5s, snapshot: 1KiB, keys: 3, waiters: 3,\n"
	"      patch: merge, wait: 5s, origins: any }\n"
	"    to: app\n"
	"upstreams:\n"
	"  app: { servers: [{ url: \"http://192.0.2.9:80\" }] }\n";

#define TEXT(literal) SESSION_TEXT(literal)
#define UPGRADE(path, more)                                                              \
	"GET " path " HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\n"               \
	"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"                            \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" more "\r\n"
#define GET(path, more) "GET " path " HTTP/1.1\r\nHost: a.test\r\n" more "\r\n"
#define V1 "Sec-WebSocket-Protocol: wherry.v1\r\n"
#define EVENTS "Accept: text/event-stream\r\n"

static const struct str client_says[] = {
	TEXT("POST /pub/a HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello"),
	TEXT("POST /pub/b?k=1 HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n"
	     "\r\n3\r\na\nb\r\n0\r\n\r\n"),
	TEXT("POST /pub/a HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\n\r\n\xff\0\r"),
	TEXT("POST /pub/a?batch HTTP/1.1\r\nHost: a.test\r\n"
	     "Content-Type: application/json\r\nContent-Length: 53\r\n\r\n"
	     "{\"messages\":[{\"data\":1},{\"channel\":\"c:b\",\"data64\":\"AA\"}]}"),
	TEXT("POST /pub-json/x?u=v HTTP/1.1\r\nHost: a.test\r\nContent-Length: 29\r\n\r\n"
	     "{\"c\":{\"d\":\"a\"},\"p\":[1,true]} "),
	TEXT("POST /pub/a HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\n"
	     "Content-Length: 4096\r\n\r\n"),
	TEXT("OPTIONS /pub/a HTTP/1.1\r\nHost: a.test\r\nOrigin: https://b.test\r\n"
	     "Access-Control-Request-Method: POST\r\n\r\n"),
	TEXT(UPGRADE("/both", "")),
	TEXT(UPGRADE("/both?last_event_id=1", V1)),
	TEXT(UPGRADE("/one/a", V1 "Sec-WebSocket-Extensions: permessage-deflate\r\n")),
	TEXT(GET("/both", EVENTS)),
	TEXT(GET("/both?envelope", EVENTS "Last-Event-ID: 1\r\n")),
	TEXT(GET("/one/b", EVENTS "Last-Event-ID: 18446744073709551616\r\n")),
	TEXT(GET("/both", "Prefer: wait=3\r\n")),
	TEXT(GET("/both?envelope&wait=3", "If-None-Match: \"1\"\r\n")),
	TEXT(GET(
		"/one/a", "Accept: application/json\r\nIf-None-Match: W/\"0\", \"x\r\n")),
	TEXT(GET("/live/x", "")),
	TEXT(GET("/live/x", "Cookie: me\r\n")),
	TEXT(GET("/live/x?wait=3", "If-None-Match: \"v\"\r\n")),
	TEXT(GET("/live/y", EVENTS)),
	TEXT(UPGRADE("/live/x", V1)),
	TEXT(UPGRADE("/live/x?patch=merge", V1)),
	TEXT("HEAD /live/x HTTP/1.1\r\nHost: a.test\r\n\r\n"),
	TEXT("HEAD /both HTTP/1.1\r\nHost: a.test\r\n\r\n"),
	TEXT("\x81\x82\1\2\3\4ik"),       // a text
	TEXT("\x82\x81\1\2\3\4\xfe"),     // a binary message: 0xff
	TEXT("\x88\x82\0\0\0\0\x03\xe8"), // Close 1000
	TEXT("\x89\x83\1\2\3\4\1\2\3"),   // a Ping
	TEXT("\x01\x81\1\2\3\4a"),        // the first fragment
	TEXT("\x80\x81\1\2\3\4a"),        // the last
	TEXT("\x81\x9e\0\0\0\0{\"channel\":\"c:a\",\"data\":[1]} "),
	TEXT("\x82\xfe\x04\x00\1\2\3\4"), // a binary frame's head: 1 KiB
	TEXT(UPGRADE("/.wherry/live", V1)),
	TEXT(UPGRADE("/.wherry/live", V1 "Cookie: me\r\n")),
	TEXT("\x81\x94\0\0\0\0{\"follow\":\"/live/x\"}"),
	TEXT("\x81\xb8\0\0\0\0{\"follow\":\"/live/"
	     "y\",\"last_event_id\":\"1\",\"patch\":\"merge\"}"),
	TEXT("\x81\x96\0\0\0\0{\"unfollow\":\"/live/x\"}"),
	TEXT("\x81\x92\0\0\0\0{\"follow\":\"/both\"}"),
};

#define SECRET "secret"
// What is not whole isn't shared either, as the next text may become a part of it.
static const struct str backend_says[] = {
	TEXT("HTTP/1.1 200 OK\r\nContent-Length: 7\r\nContent-Type: application/json\r\n"
	     "\r\n{\"a\":1}"),
	TEXT("HTTP/1.1 200 OK\r\nETag: \"v\"\r\nContent-Length: 13\r\n"
	     "Content-Type: application/json\r\n\r\n{\"a\":2,\"b\":1}"),
	TEXT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nCache-Control: "
	     "max-age=3\r\n"
	     "\r\n3\r\nabc\r\n0\r\n\r\n"),
	TEXT("HTTP/1.1 304 Not Modified\r\nETag: \"v\"\r\n\r\n"),
	TEXT("HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 6\r\n\r\n" SECRET),
	TEXT("HTTP/1.1 200 OK\r\nCache-Control: private\r\nContent-Length: "
	     "6\r\n\r\n" SECRET),
	TEXT("HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Length: "
	     "6\r\n\r\n" SECRET),
	TEXT("HTTP/1.1 200 OK\r\nVary: X-User\r\nContent-Length: 6\r\n\r\n" SECRET),
	TEXT("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone"),
	TEXT("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"),
	TEXT("HTTP/1.1 200 OK\r\nSet-Cookie: c\r\nContent-Length: 99\r\n\r\npart"),
	TEXT("HTTP/1.0 200 OK\r\nSet-Cookie: c\r\n\r\nuntil the end"),
	TEXT("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
	// Longer than is shared.
	TEXT("HTTP/1.1 200 OK\r\nSet-Cookie: c\r\nContent-Length: 2048\r\n\r\n"),
};

enum step {
	STEP_CLIENT_SAYS,
	STEP_CLIENT_BYTES,
	STEP_CLIENT_REPEATS,
	STEP_CONNECT,
	STEP_BACKEND_SAYS,
	STEP_BACKEND_BYTES,
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
	static const uint64_t TIMES[] = {1, 100, 1000, 3000, 5000, 10000, 30000, 60000};
	session_advance(session, TIMES[choice % 8]);
}

static size_t take_step(struct session *session, uint8_t step, uint8_t second,
	const uint8_t *data, size_t size)
{
	struct session_peer *client =
		&session->clients[second / CHOICES % session->client_count];
	struct session_peer *backend = session_backend(session, 0);
	uint8_t choice = second % CHOICES;
	size_t length = choice < size ? choice : size;
	struct str client_text =
		client_says[choice % (sizeof(client_says) / sizeof(*client_says))];
	struct str backend_text =
		backend_says[choice % (sizeof(backend_says) / sizeof(*backend_says))];
	switch ((enum step)(step % STEP_COUNT)) {
	case STEP_CLIENT_SAYS:
		session_say(session, client, client_text, 1);
		return 0;
	case STEP_CLIENT_BYTES:
		session_send(session, client, data, length);
		return length;
	case STEP_CLIENT_REPEATS:
		session_say(session, client, client_text, REPEATS);
		return 0;
	case STEP_CONNECT:
		session_connect(session);
		return 0;
	case STEP_BACKEND_SAYS:
		session_say(session, backend, backend_text, 1);
		return 0;
	case STEP_BACKEND_BYTES:
		session->has_raw_backend |= length > 0;
		session_send(session, backend, data, length);
		return length;
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
		client->is_silent = !client->is_silent;
		return 0;
	case STEP_REFUSE:
		session->refuses = true;
		return 0;
	case STEP_DRAIN:
		session_drain(session, choice * UINT64_C(100));
		return 0;
	case STEP_COUNT:
		break;
	}
	return 0;
}

static void require_frames(struct str bytes)
{
	static const struct ws_check_limits LIMITS = {
		.max_frame = 1 << 20, .max_message = 1 << 20, .max_fragments = 1024};
	struct ws_oracle_input input = {.limits = &LIMITS,
		.data = (const uint8_t *)bytes.data,
		.size = bytes.length < WS_ORACLE_MAX_BYTES ? bytes.length
							   : WS_ORACLE_MAX_BYTES};
	FUZZ_REQUIRE(ws_oracle_judge(&input).error == WS_ORACLE_LEGAL);
}

static size_t count_text(struct str bytes, const char *text)
{
	size_t count = 0, length = strlen(text);
	while (bytes.length >= length) {
		const char *at = memmem(bytes.data, bytes.length, text, length);
		if (!at)
			break;
		size_t skip = (size_t)(at - bytes.data) + length;
		bytes = (struct str){bytes.data + skip, bytes.length - skip};
		count++;
	}
	return count;
}

// Of an event stream, or of envelopes in frames: numbers, each larger than the one
// before, but that several channels may have their gap at one. Payloads hold no such
// text.
static void require_order(struct str bytes, const char *mark)
{
	enum {
		DIGITS = 20,
		EVENT_BYTES = 72 // of what stands between an id and the payload
	};
	uint64_t last = 0;
	size_t length = strlen(mark);
	for (;;) {
		const char *at = bytes.length > length
					 ? memmem(bytes.data, bytes.length, mark, length)
					 : NULL;
		if (!at)
			return;
		size_t skip = (size_t)(at - bytes.data) + length;
		bytes = (struct str){bytes.data + skip, bytes.length - skip};
		uint64_t id = 0;
		size_t i = 0;
		for (; i < bytes.length && bytes.data[i] >= '0' && bytes.data[i] <= '9';
			i++)
			id = id * 10 + (uint64_t)(bytes.data[i] - '0');
		if (bytes.length < i + EVENT_BYTES)
			return; // it may not be whole
		struct str event = {bytes.data + i, EVENT_BYTES};
		bool may_repeat = count_text(event, "gap") + count_text(event, "status");
		FUZZ_REQUIRE(i > 0 && i <= DIGITS && (id > last || may_repeat));
		last = id;
	}
}

// Over a page's socket each URL has an order of its own.
static void require_responses(struct str rest, bool is_page)
{
	struct http_reader reader;
	struct http_message message;
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
			require_frames(rest);
			if (!is_page)
				require_order(rest, "{\"id\":\"");
			return;
		}
	}
}

static void require_client(const struct session_peer *client)
{
	struct str received = buf_str(&client->received), sent = buf_str(&client->sent);
	if (count_text(sent, "HEAD") == 0)
		require_responses(received, count_text(sent, ".wherry/live") > 0);
	// Each response has its own order; of one alone it can be told which it is.
	if (count_text(received, "HTTP/1.1 ") == 1)
		require_order(received, "\nid: ");
}

static void require_privacy(const struct session *session)
{
	// As above, and bytes of the input may be shared.
	if (session->has_raw_backend)
		return;
	size_t said = 0, given = 0;
	for (size_t i = 0; i < session->backend_count; i++)
		said += count_text(buf_str(&session->backends[i].sent), SECRET);
	for (size_t i = 0; i < session->client_count; i++) {
		if (count_text(buf_str(&session->clients[i].sent), SECRET) > 0)
			return; // it may have been published
		given += count_text(buf_str(&session->clients[i].received), SECRET);
	}
	FUZZ_REQUIRE(given <= said);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct session session;
	session_start(&session);
	session_play(&session, data, size, take_step);
	for (size_t i = 0; i < session.client_count; i++)
		require_client(&session.clients[i]);
	require_privacy(&session);
	session_finish(&session);
	return 0;
}
