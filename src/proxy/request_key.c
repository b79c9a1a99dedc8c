// SPDX-License-Identifier: MIT
// Keys of requests; see the header.
#include "wherry/proxy/request_key.h"

#include <string.h>

#include "wherry/base/siphash.h"
#include "wherry/proxy/token_place.h"

// No secret: every process, here or on another machine, must choose the same server.
static const struct siphash_seed seed = {
	{UINT64_C(0x7768657272792d68), UINT64_C(0x6173682d76312e30)}};

static struct str find(const struct http_message *message,
	enum conf_token_place_kind kind, const char *name)
{
	struct conf_token_place place = {.kind = kind, .name = name};
	struct str value = {0};
	(void)token_place_find(&place, message, &value); // the last one counts
	return value;
}

static struct str find_hashed(const struct conf_hash *hash,
	const struct http_message *message, struct str client)
{
	const struct http_field *field;
	switch (hash->kind) {
	case CONF_HASH_IP:
		return client;
	case CONF_HASH_PATH:
		return message->path;
	case CONF_HASH_COOKIE:
		return find(message, CONF_TOKEN_COOKIE, hash->name);
	case CONF_HASH_QUERY:
		return find(message, CONF_TOKEN_QUERY, hash->name);
	case CONF_HASH_HEADER:
		break;
	}
	field = http_message_find_name(message, str_from(hash->name));
	return field ? field->value : (struct str){0};
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Clients escape ids as they like; the server that gave one wrote it plain. One that is
// too long to be an id is none.
static bool take_id(
	struct request_key *key, enum request_session session, struct str text)
{
	key->id_length = 0;
	for (size_t i = 0; i < text.length; i++) {
		char byte = text.data[i];
		if (byte == '%' && i + 2 < text.length && digit(text.data[i + 1]) >= 0 &&
			digit(text.data[i + 2]) >= 0) {
			byte = (char)(digit(text.data[i + 1]) * 16 +
				      digit(text.data[i + 2]));
			i += 2;
		}
		if (key->id_length == sizeof(key->id))
			return false;
		key->id[key->id_length++] = byte;
	}
	if (text.length > 0)
		key->session = session;
	return text.length > 0;
}

// The first request of Engine.IO's polling has no sid yet.
static void read_engine_io(struct request_key *key, const struct http_message *message)
{
	struct str transport = find(message, CONF_TOKEN_QUERY, "transport");
	struct str sid = find(message, CONF_TOKEN_QUERY, "sid");
	if (take_id(key, REQUEST_SESSION_GIVEN, sid))
		return;
	if (sid.length == 0 && str_equal(transport, STR("polling")))
		key->session = REQUEST_SESSION_OPENED;
}

static bool has_suffix(struct str text, struct str suffix)
{
	return text.length >= suffix.length &&
	       memcmp(text.data + text.length - suffix.length, suffix.data,
		       suffix.length) == 0;
}

// POST .../negotiate, and then ?id=... (SignalR's transport protocols).
static void read_signalr(struct request_key *key, const struct http_message *message)
{
	struct str id = find(message, CONF_TOKEN_QUERY, "id");
	if (take_id(key, REQUEST_SESSION_GIVEN, id))
		return;
	if (http_message_is_method(message, "POST") &&
		has_suffix(message->path, STR("/negotiate")))
		key->session = REQUEST_SESSION_OPENED;
}

static struct str cut_segment(struct str *path)
{
	size_t at = path->length;
	while (at > 0 && path->data[at - 1] != '/')
		at--;
	struct str segment = {path->data + at, path->length - at};
	path->length = at > 0 ? at - 1 : 0;
	return segment;
}

// Neither a server nor a session has a "." (SockJS protocol 0.3.3).
static bool is_sockjs_name(struct str segment)
{
	return segment.length > 0 && !memchr(segment.data, '.', segment.length);
}

// .../SERVER/SESSION/TRANSPORT
static void read_sockjs(struct request_key *key, const struct http_message *message)
{
	static const char *const transports[] = {"websocket", "xhr", "xhr_send",
		"xhr_streaming", "eventsource", "htmlfile", "jsonp", "jsonp_send"};
	struct str path = message->path;
	struct str transport = cut_segment(&path);
	struct str session = cut_segment(&path);
	struct str server = cut_segment(&path);
	if (!is_sockjs_name(session) || !is_sockjs_name(server))
		return;
	for (size_t i = 0; i < sizeof(transports) / sizeof(transports[0]); i++) {
		if (str_equal(transport, str_from(transports[i])))
			(void)take_id(key, REQUEST_SESSION_CHOSEN, session);
	}
}

static void read_session(struct request_key *key, const struct conf_session *session,
	const struct http_message *message)
{
	switch (session->kind) {
	case CONF_SESSION_OFF:
		return;
	case CONF_SESSION_ENGINE_IO:
		read_engine_io(key, message);
		return;
	case CONF_SESSION_SIGNALR:
		read_signalr(key, message);
		return;
	case CONF_SESSION_SOCKJS:
		read_sockjs(key, message);
		return;
	case CONF_SESSION_QUERY:
		(void)take_id(key, REQUEST_SESSION_CHOSEN,
			find(message, CONF_TOKEN_QUERY, session->parameter));
		return;
	}
}

void request_key_read(const struct conf_upstream *conf,
	const struct http_message *message, struct str client,
	struct request_key *ret_key)
{
	ret_key->hash = 0;
	ret_key->has_hash = false;
	ret_key->session = REQUEST_SESSION_NONE;
	ret_key->id_length = 0;
	if (conf->balance == CONF_BALANCE_HASH) {
		struct str value = find_hashed(&conf->hash, message, client);
		ret_key->has_hash = value.length > 0;
		ret_key->hash = siphash(&seed, value.data, value.length);
	}
	read_session(ret_key, &conf->session, message);
}

void request_key_start_finder(enum conf_session_kind kind, struct session_id *ret_finder)
{
	if (kind == CONF_SESSION_SIGNALR)
		session_id_init(ret_finder, "connectionToken", "connectionId");
	else
		session_id_init(ret_finder, "sid", NULL);
}
