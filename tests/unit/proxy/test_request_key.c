// SPDX-License-Identifier: MIT
// What a request is known by: hashed values, and sessions of each kind.
#include "wherry/proxy/request_key.h"

#include <criterion/criterion.h>

#include "http_head.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define GET(target) "GET " target " HTTP/1.1\nHost: a\n"
#define POST(target) "POST " target " HTTP/1.1\nHost: a\nContent-Length: 0\n"
#define TEN "0123456789"
#define SIXTY TEN TEN TEN TEN TEN TEN

static struct request_key read(
	const struct conf_upstream *conf, const char *lines, struct str client)
{
	static struct http_head head;
	struct request_key key;
	http_head_read(&head, HTTP_REQUEST, lines);
	request_key_read(conf, &head.message, client, &key);
	return key;
}

// Both requests have the value, and it is the same, or not; the third has none.
static const struct {
	struct conf_hash hash;
	const char *first, *same, *other, *none;
} HASHES[] = {
	{{CONF_HASH_PATH, ""}, GET("/a?x=1"), GET("/a?x=2"), GET("/b"), NULL},
	{{CONF_HASH_QUERY, "x"}, GET("/?x=1"), GET("/b?y=2&x=1"), GET("/?x=2"),
		GET("/?y=1")},
	{{CONF_HASH_COOKIE, "x"}, GET("/") "Cookie: x=1\n",
		GET("/b") "Cookie: y=2; x=1\n", GET("/") "Cookie: x=2\n",
		GET("/") "Cookie: y=1\n"},
	{{CONF_HASH_HEADER, "X-User"}, GET("/") "x-user: 1\n", GET("/b") "X-User:  1\n",
		GET("/") "X-User: 2\n", GET("/") "X-Use: 1\n"},
};

Test(request_key, hashes_what_is_configured)
{
	struct str client = STR("192.0.2.1");
	for (size_t i = 0; i < COUNT(HASHES); i++) {
		struct conf_upstream conf = {
			.balance = CONF_BALANCE_HASH, .hash = HASHES[i].hash};
		struct request_key first = read(&conf, HASHES[i].first, client);
		struct request_key same = read(&conf, HASHES[i].same, STR("::1"));
		struct request_key other = read(&conf, HASHES[i].other, client);
		cr_expect(first.has_hash && same.has_hash && other.has_hash, "%zu", i);
		cr_expect_eq(first.hash, same.hash, "%zu", i);
		cr_expect_neq(first.hash, other.hash, "%zu", i);
		cr_expect(
			!HASHES[i].none || !read(&conf, HASHES[i].none, client).has_hash,
			"%zu", i);
	}
}

Test(request_key, hashes_the_client)
{
	struct conf_upstream conf = {
		.balance = CONF_BALANCE_HASH, .hash = {CONF_HASH_IP, ""}};
	uint64_t hash = read(&conf, GET("/"), STR("192.0.2.1")).hash;
	cr_expect_eq(hash, read(&conf, GET("/b"), STR("192.0.2.1")).hash);
	cr_expect_neq(hash, read(&conf, GET("/"), STR("192.0.2.2")).hash);
	conf.balance = CONF_BALANCE_ROUND_ROBIN;
	cr_expect_not(read(&conf, GET("/"), STR("192.0.2.1")).has_hash);
}

// Every process everywhere must agree, those to come included.
Test(request_key, hash_never_changes)
{
	struct conf_upstream conf = {
		.balance = CONF_BALANCE_HASH, .hash = {CONF_HASH_PATH, ""}};
	cr_expect_eq(read(&conf, GET("/a"), STR("")).hash, UINT64_C(0xe60487cfa8ee2920));
}

static const struct {
	enum conf_session_kind kind;
	const char *lines;
	enum request_session session;
	const char *id;
} SESSIONS[] = {
	{CONF_SESSION_OFF, GET("/?EIO=4&transport=polling&sid=a"), REQUEST_SESSION_NONE,
		""},
	// Engine.IO
	{CONF_SESSION_ENGINE_IO, GET("/socket.io/?EIO=4&transport=polling&t=x"),
		REQUEST_SESSION_OPENED, ""},
	{CONF_SESSION_ENGINE_IO, GET("/socket.io/?EIO=4&transport=polling&sid=aB_-1"),
		REQUEST_SESSION_GIVEN, "aB_-1"},
	{CONF_SESSION_ENGINE_IO, POST("/socket.io/?transport=polling&sid=a"),
		REQUEST_SESSION_GIVEN, "a"},
	{CONF_SESSION_ENGINE_IO, GET("/socket.io/?transport=websocket&sid=a"),
		REQUEST_SESSION_GIVEN, "a"},
	{CONF_SESSION_ENGINE_IO, GET("/?transport=polling&sid=a%3d%2Bb%"),
		REQUEST_SESSION_GIVEN, "a=+b%"},
	{CONF_SESSION_ENGINE_IO, GET("/?transport=polling&sid=%zz%4"),
		REQUEST_SESSION_GIVEN, "%zz%4"},
	{CONF_SESSION_ENGINE_IO, GET("/socket.io/?transport=websocket"),
		REQUEST_SESSION_NONE, ""},
	{CONF_SESSION_ENGINE_IO, GET("/"), REQUEST_SESSION_NONE, ""},
	{CONF_SESSION_ENGINE_IO, GET("/?transport=polling&sid=" SIXTY SIXTY TEN),
		REQUEST_SESSION_NONE, ""},
	// SignalR
	{CONF_SESSION_SIGNALR, POST("/chat/negotiate?negotiateVersion=1"),
		REQUEST_SESSION_OPENED, ""},
	{CONF_SESSION_SIGNALR, GET("/chat?id=tok"), REQUEST_SESSION_GIVEN, "tok"},
	{CONF_SESSION_SIGNALR, POST("/chat?id=tok"), REQUEST_SESSION_GIVEN, "tok"},
	{CONF_SESSION_SIGNALR, GET("/chat/negotiate"), REQUEST_SESSION_NONE, ""},
	{CONF_SESSION_SIGNALR, POST("/negotiat"), REQUEST_SESSION_NONE, ""},
	// SockJS
	{CONF_SESSION_SOCKJS, GET("/echo/000/abc/websocket"), REQUEST_SESSION_CHOSEN,
		"abc"},
	{CONF_SESSION_SOCKJS, POST("/a/b/123/x-y_z/xhr_send?t=1"), REQUEST_SESSION_CHOSEN,
		"x-y_z"},
	{CONF_SESSION_SOCKJS, GET("/000/abc/jsonp?c=f"), REQUEST_SESSION_CHOSEN, "abc"},
	{CONF_SESSION_SOCKJS, GET("/echo/info"), REQUEST_SESSION_NONE, ""},
	{CONF_SESSION_SOCKJS, GET("/echo/websocket"), REQUEST_SESSION_NONE, ""},
	{CONF_SESSION_SOCKJS, GET("/abc/websocket"), REQUEST_SESSION_NONE, ""},
	{CONF_SESSION_SOCKJS, GET("/echo/000/a.b/websocket"), REQUEST_SESSION_NONE, ""},
	{CONF_SESSION_SOCKJS, GET("/echo/000/abc/other"), REQUEST_SESSION_NONE, ""},
	{CONF_SESSION_SOCKJS, GET("/echo//abc/xhr"), REQUEST_SESSION_NONE, ""},
	{CONF_SESSION_SOCKJS, GET("/xhr"), REQUEST_SESSION_NONE, ""},
	{CONF_SESSION_SOCKJS, GET("/"), REQUEST_SESSION_NONE, ""},
	// A parameter
	{CONF_SESSION_QUERY, GET("/?room=5&x=1"), REQUEST_SESSION_CHOSEN, "5"},
	{CONF_SESSION_QUERY, GET("/?room="), REQUEST_SESSION_NONE, ""},
	{CONF_SESSION_QUERY, GET("/"), REQUEST_SESSION_NONE, ""},
};

Test(request_key, knows_sessions)
{
	for (size_t i = 0; i < COUNT(SESSIONS); i++) {
		struct conf_upstream conf = {.session = {SESSIONS[i].kind, "room"}};
		struct request_key key = read(&conf, SESSIONS[i].lines, STR("::1"));
		cr_expect_eq(key.session, SESSIONS[i].session, "%s", SESSIONS[i].lines);
		if (key.session == REQUEST_SESSION_NONE)
			continue;
		cr_expect(str_equal((struct str){key.id, key.id_length},
				  str_from(SESSIONS[i].id)),
			"%s: %.*s", SESSIONS[i].lines, (int)key.id_length, key.id);
	}
}

Test(request_key, finds_the_ids_that_answers_name)
{
	struct session_id finder;
	struct str id, body = STR("{\"connectionId\":\"a\"}"),
		       other = STR("{\"sid\":\"b\"}");
	request_key_start_finder(CONF_SESSION_SIGNALR, &finder);
	cr_expect_eq(session_id_feed(&finder, &body, &id), SESSION_ID_FOUND);
	request_key_start_finder(CONF_SESSION_ENGINE_IO, &finder);
	cr_expect_eq(session_id_feed(&finder, &other, &id), SESSION_ID_FOUND);
}
