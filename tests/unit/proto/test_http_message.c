// SPDX-License-Identifier: MIT
#include "wherry/proto/http_message.h"

#include <ctype.h>
#include <string.h>

#include <criterion/criterion.h>

struct name_row {
	const char *name;
	enum http_field_id id;
};

static const struct name_row KNOWN[] = {
	{"accept", HTTP_FIELD_ACCEPT},
	{"authorization", HTTP_FIELD_AUTHORIZATION},
	{"connection", HTTP_FIELD_CONNECTION},
	{"content-length", HTTP_FIELD_CONTENT_LENGTH},
	{"content-type", HTTP_FIELD_CONTENT_TYPE},
	{"cookie", HTTP_FIELD_COOKIE},
	{"expect", HTTP_FIELD_EXPECT},
	{"forwarded", HTTP_FIELD_FORWARDED},
	{"host", HTTP_FIELD_HOST},
	{"http2-settings", HTTP_FIELD_HTTP2_SETTINGS},
	{"keep-alive", HTTP_FIELD_KEEP_ALIVE},
	{"location", HTTP_FIELD_LOCATION},
	{"origin", HTTP_FIELD_ORIGIN},
	{"proxy", HTTP_FIELD_PROXY},
	{"proxy-connection", HTTP_FIELD_PROXY},
	{"proxy-a-name-longer-than-any-known-one", HTTP_FIELD_PROXY},
	{"proxy-authenticate", HTTP_FIELD_PROXY_AUTHENTICATE},
	{"proxy-authorization", HTTP_FIELD_PROXY_AUTHORIZATION},
	{"referer", HTTP_FIELD_REFERER},
	{"sec-websocket-accept", HTTP_FIELD_SEC_WEBSOCKET_ACCEPT},
	{"sec-websocket-extensions", HTTP_FIELD_SEC_WEBSOCKET_EXTENSIONS},
	{"sec-websocket-key", HTTP_FIELD_SEC_WEBSOCKET_KEY},
	{"sec-websocket-protocol", HTTP_FIELD_SEC_WEBSOCKET_PROTOCOL},
	{"sec-websocket-version", HTTP_FIELD_SEC_WEBSOCKET_VERSION},
	{"set-cookie", HTTP_FIELD_SET_COOKIE},
	{"te", HTTP_FIELD_TE},
	{"trailer", HTTP_FIELD_TRAILER},
	{"transfer-encoding", HTTP_FIELD_TRANSFER_ENCODING},
	{"upgrade", HTTP_FIELD_UPGRADE},
	{"user-agent", HTTP_FIELD_USER_AGENT},
	{"via", HTTP_FIELD_VIA},
	{"x-forwarded-for", HTTP_FIELD_X_FORWARDED_FOR},
	{"x-forwarded-host", HTTP_FIELD_X_FORWARDED_HOST},
	{"x-forwarded-proto", HTTP_FIELD_X_FORWARDED_PROTO},
	{"x-request-id", HTTP_FIELD_X_REQUEST_ID},
};

static const char *const OTHERS[] = {"a", "x", "hos", "hosts", "tf", "proxies", "proxy_",
	"content_length", "transfer-encodinh", "uransfer-encoding", "transfer-fncoding",
	"sec-websocket-acceptt", "sec-websocket-extension5", "x-forwarded-fox",
	"accept-language", "content-lengt", "a-name-of-twenty-three-x",
	"a-name-that-is-longer-than-any-known-one"};

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

Test(http_message, knows_its_names_in_any_case)
{
	char text[64];

	for (size_t i = 0; i < COUNT(KNOWN); i++) {
		size_t length = strlen(KNOWN[i].name);
		struct str name = {text, length};

		memcpy(text, KNOWN[i].name, length);
		cr_expect_eq(
			http_message_field_id(name), KNOWN[i].id, "%s", KNOWN[i].name);
		for (size_t at = 0; at < length; at++)
			text[at] = (char)toupper(text[at]);
		cr_expect_eq(
			http_message_field_id(name), KNOWN[i].id, "%s", KNOWN[i].name);
		for (size_t at = 0; at < length; at += 2)
			text[at] = (char)tolower(text[at]);
		cr_expect_eq(
			http_message_field_id(name), KNOWN[i].id, "%s", KNOWN[i].name);
	}
}

Test(http_message, knows_no_other_name)
{
	for (size_t i = 0; i < COUNT(OTHERS); i++)
		cr_expect_eq(http_message_field_id(str_from(OTHERS[i])), HTTP_FIELD_OTHER,
			"%s", OTHERS[i]);
	cr_expect_eq(http_message_field_id(STR("")), HTTP_FIELD_OTHER);
}

// A name that differs in one token character is another name.
Test(http_message, tells_names_apart_at_every_byte)
{
	const char marks[] = "!#$%&'*+.^_`|~04";
	char text[64];

	for (size_t i = 0; i < COUNT(KNOWN); i++) {
		size_t length = strlen(KNOWN[i].name);
		struct str name = {text, length};

		for (size_t at = 0; at < length; at++) {
			memcpy(text, KNOWN[i].name, length);
			for (const char *mark = marks; *mark; mark++) {
				enum http_field_id id;

				text[at] = *mark;
				id = http_message_field_id(name);
				cr_expect(
					id == HTTP_FIELD_OTHER || id == HTTP_FIELD_PROXY,
					"%.*s is %u", STR_ARG(name), id);
			}
		}
	}
}

static void add(struct http_message *message, struct str name, struct str value)
{
	message->fields[message->field_count++] = (struct http_field){
		.name = name, .value = value, .id = http_message_field_id(name)};
}

Test(http_message, finds_the_first_field)
{
	struct http_message message = {.kind = HTTP_REQUEST};

	add(&message, STR("X-One"), STR("1"));
	add(&message, STR("Cookie"), STR("a"));
	add(&message, STR("cookie"), STR("b"));
	add(&message, STR("x-one"), STR("2"));
	cr_expect_eq(http_message_find(&message, HTTP_FIELD_COOKIE), &message.fields[1]);
	cr_expect_null(http_message_find(&message, HTTP_FIELD_HOST));
	cr_expect_eq(http_message_find_name(&message, STR("X-ONE")), &message.fields[0]);
	cr_expect_null(http_message_find_name(&message, STR("x-on")));
}

Test(http_message, looks_for_tokens_in_all_lists)
{
	struct http_message message = {.kind = HTTP_REQUEST};

	add(&message, STR("Connection"), STR("close , ,foo"));
	add(&message, STR("Upgrade"), STR("other"));
	add(&message, STR("Connection"), STR("Upgrade"));
	cr_expect(http_message_has_token(&message, HTTP_FIELD_CONNECTION, STR("FOO")));
	cr_expect(http_message_has_token(&message, HTTP_FIELD_CONNECTION, STR("close")));
	cr_expect(
		http_message_has_token(&message, HTTP_FIELD_CONNECTION, STR("upgrade")));
	cr_expect_not(
		http_message_has_token(&message, HTTP_FIELD_CONNECTION, STR("other")));
	cr_expect_not(
		http_message_has_token(&message, HTTP_FIELD_CONNECTION, STR("clos")));
}

Test(http_message, finds_a_type_that_is_accepted)
{
	struct http_message message = {
		.field_count = 3,
		.fields =
			{
				{STR("Accept"), STR("text/html, application/json;q=0.9"),
					HTTP_FIELD_ACCEPT, false},
				{STR("X"), STR("image/png"), HTTP_FIELD_OTHER, false},
				{STR("Accept"), STR("Text/Event-Stream ; a=b"),
					HTTP_FIELD_ACCEPT, false},
			},
	};
	cr_expect(http_message_accepts(&message, STR("text/html")));
	cr_expect(http_message_accepts(&message, STR("application/json")));
	cr_expect(http_message_accepts(&message, STR("text/event-stream")));
	cr_expect_not(http_message_accepts(&message, STR("image/png")));
	cr_expect_not(http_message_accepts(&message, STR("text/event")));
}

Test(http_message, knows_what_may_be_sent_again)
{
	static const char *const again[] = {
		"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
	static const char *const once[] = {"POST", "PATCH", "LOCK", "get", "GETS", ""};
	struct http_message message = {.kind = HTTP_REQUEST};

	for (size_t i = 0; i < COUNT(again); i++) {
		message.method = str_from(again[i]);
		cr_expect(http_message_is_idempotent(&message), "%s", again[i]);
	}
	for (size_t i = 0; i < COUNT(once); i++) {
		message.method = str_from(once[i]);
		cr_expect_not(http_message_is_idempotent(&message), "%s", once[i]);
	}
	message.method = STR("GET");
	cr_expect(http_message_is_method(&message, "GET"));
	cr_expect_not(http_message_is_method(&message, "GE"));
}
