// SPDX-License-Identifier: MIT
// Checks both halves of the opening handshake, so that nothing but a WebSocket ever gets
// through as one: a backend's bare 101 would open a tunnel for any bytes.
#include "wherry/proto/ws_handshake.h"

#include <pthread.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/evp.h>

#include "wherry/base/buf.h"
#include "wherry/base/url.h"
#include "wherry/proto/ws_extension.h"

enum {
	SHA1_LENGTH = 20,
	KEY_DIGITS = 22, // base64 of 16 bytes, before its "=="
	SWITCHING_PROTOCOLS = 101,
};

static size_t count_fields(const struct http_message *message, enum http_field_id id)
{
	size_t count = 0;
	for (size_t i = 0; i < message->field_count; i++)
		count += message->fields[i].id == id;
	return count;
}

// The value of the field with that id; empty if it stands there not once, but never or
// several times.
static struct str only_value(const struct http_message *message, enum http_field_id id)
{
	if (count_fields(message, id) != 1)
		return STR("");
	return http_message_find(message, id)->value;
}

static bool is_base64_digit(char byte)
{
	return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
	       (byte >= '0' && byte <= '9') || byte == '+' || byte == '/';
}

// Base64 of 16 bytes (RFC 6455 section 4.1). The 4 bits that the last digit has too many
// may be anything: servers don't look at them, and some clients send random digits.
static bool is_key(struct str key)
{
	if (key.length != WS_HANDSHAKE_KEY_LENGTH)
		return false;
	for (size_t i = 0; i < KEY_DIGITS; i++) {
		if (!is_base64_digit(key.data[i]))
			return false;
	}
	return key.data[KEY_DIGITS] == '=' && key.data[KEY_DIGITS + 1] == '=';
}

static enum ws_handshake_result refuse_request(
	const char **reterr_text, const char *text, enum ws_handshake_result result)
{
	*reterr_text = text;
	return result;
}

enum ws_handshake_result ws_handshake_check_request(
	const struct http_message *request, const char **reterr_text)
{
	static const enum http_field_id SINGLE[] = {
		HTTP_FIELD_SEC_WEBSOCKET_KEY,
		HTTP_FIELD_SEC_WEBSOCKET_VERSION,
		HTTP_FIELD_ORIGIN,
	};
	if (!http_message_is_method(request, "GET"))
		return refuse_request(reterr_text, "a WebSocket handshake must be a GET",
			WS_HANDSHAKE_BAD);
	if (request->minor_version != 1 || request->body_kind != HTTP_BODY_NONE)
		return refuse_request(reterr_text,
			"a WebSocket handshake must be HTTP/1.1 without a body",
			WS_HANDSHAKE_BAD);
	for (size_t i = 0; i < sizeof(SINGLE) / sizeof(SINGLE[0]); i++) {
		if (count_fields(request, SINGLE[i]) > 1)
			return refuse_request(reterr_text,
				"a WebSocket handshake field stands there twice",
				WS_HANDSHAKE_BAD);
	}
	if (!str_equal(only_value(request, HTTP_FIELD_SEC_WEBSOCKET_VERSION), STR("13")))
		return refuse_request(reterr_text, "Sec-WebSocket-Version is not 13",
			WS_HANDSHAKE_BAD_VERSION);
	if (!is_key(only_value(request, HTTP_FIELD_SEC_WEBSOCKET_KEY)))
		return refuse_request(reterr_text,
			"Sec-WebSocket-Key is not base64 of 16 bytes", WS_HANDSHAKE_BAD);
	return WS_HANDSHAKE_OK;
}

// Looking up a digest by name takes a lock and costs more than the digest.
static EVP_MD *sha1;

static void fetch_sha1(void)
{
	sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
}

bool ws_handshake_accept(struct str key, char ret_accept[WS_HANDSHAKE_ACCEPT_LENGTH + 1])
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	static const char GUID[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	char text[WS_HANDSHAKE_KEY_LENGTH + sizeof(GUID)];
	uint8_t digest[SHA1_LENGTH];

	if (key.length != WS_HANDSHAKE_KEY_LENGTH ||
		pthread_once(&once, fetch_sha1) != 0 || !sha1)
		return false;
	memcpy(text, key.data, key.length);
	memcpy(text + key.length, GUID, sizeof(GUID));
	if (!EVP_Digest(text, sizeof(text) - 1, digest, NULL, sha1, NULL))
		return false;
	EVP_EncodeBlock((unsigned char *)ret_accept, digest, sizeof(digest));
	return true;
}

// It is there against caches that answer by heart, and is no secret: all zeros, for want
// of randomness, would do too.
void ws_handshake_make_key(char ret_key[WS_HANDSHAKE_KEY_LENGTH + 1])
{
	uint8_t nonce[16] = {0};
	(void)!getrandom(nonce, sizeof(nonce), GRND_NONBLOCK);
	EVP_EncodeBlock((unsigned char *)ret_key, nonce, sizeof(nonce));
}

bool ws_handshake_prepare(void)
{
	char accept[WS_HANDSHAKE_ACCEPT_LENGTH + 1];
	return ws_handshake_accept(STR("dGhlIHNhbXBsZSBub25jZQ=="), accept);
}

static bool is_offered(struct str offered, struct str subprotocol)
{
	struct str item;
	while (str_next_item(&offered, &item)) {
		if (str_equal(item, subprotocol))
			return true;
	}
	return false;
}

// Reads all Sec-WebSocket-Extensions fields of the response as one list.
static bool check_extensions(
	const struct http_message *response, bool offers_deflate, bool *ret_uses_deflate)
{
	*ret_uses_deflate = false;
	for (size_t i = 0; i < response->field_count; i++) {
		if (response->fields[i].id != HTTP_FIELD_SEC_WEBSOCKET_EXTENSIONS)
			continue;
		struct str list = response->fields[i].value;
		struct ws_extension extension;
		enum ws_extension_result result;
		while ((result = ws_extension_next(&list, &extension)) ==
			WS_EXTENSION_OK) {
			if (!offers_deflate || *ret_uses_deflate ||
				!ws_extension_is_deflate(&extension, WS_EXTENSION_ANSWER))
				return false;
			*ret_uses_deflate = true;
		}
		if (result == WS_EXTENSION_BAD)
			return false;
	}
	return true;
}

// NULL if the response agrees to a WebSocket with this accept.
static const char *check_switch(const struct http_message *response, struct str accept)
{
	if (response->status != SWITCHING_PROTOCOLS || response->minor_version != 1)
		return "not an HTTP/1.1 101";
	if (!str_equal_nocase(only_value(response, HTTP_FIELD_UPGRADE), STR("websocket")))
		return "101 without exactly \"Upgrade: websocket\"";
	if (!http_message_has_token(response, HTTP_FIELD_CONNECTION, STR("upgrade")))
		return "101 without \"Connection: Upgrade\"";
	if (!str_equal(only_value(response, HTTP_FIELD_SEC_WEBSOCKET_ACCEPT), accept))
		return "101 without the right Sec-WebSocket-Accept";
	// RFC 9112 section 6.1, RFC 9110 section 8.6: what framed the body of a 101 would
	// hide bytes from one of its readers.
	if (count_fields(response, HTTP_FIELD_CONTENT_LENGTH) > 0 ||
		count_fields(response, HTTP_FIELD_TRANSFER_ENCODING) > 0)
		return "101 with a body";
	return NULL;
}

bool ws_handshake_check_response(const struct http_message *response,
	const struct ws_handshake_offer *offer, bool *ret_uses_deflate,
	const char **reterr_text)
{
	const char *wrong = check_switch(response, str_from(offer->accept));
	size_t subprotocols = count_fields(response, HTTP_FIELD_SEC_WEBSOCKET_PROTOCOL);
	if (!wrong && subprotocols > 0 &&
		!is_offered(offer->subprotocols,
			only_value(response, HTTP_FIELD_SEC_WEBSOCKET_PROTOCOL)))
		wrong = "101 with a subprotocol that was not offered";
	if (!wrong &&
		!check_extensions(response, offer->offers_deflate, ret_uses_deflate))
		wrong = "101 with an extension that was not offered";
	if (wrong)
		*reterr_text = wrong;
	return !wrong;
}

void ws_handshake_filter_extensions(struct str offered, struct buf *buf)
{
	struct ws_extension extension;
	struct str list = offered;
	enum ws_extension_result result;
	do
		result = ws_extension_next(&list, &extension);
	while (result == WS_EXTENSION_OK);
	if (result == WS_EXTENSION_BAD)
		return;
	list = offered;
	while (ws_extension_next(&list, &extension) == WS_EXTENSION_OK) {
		if (!ws_extension_is_deflate(&extension, WS_EXTENSION_OFFER))
			continue;
		if (buf->length > 0)
			buf_append_str(buf, STR(", "));
		buf_append_str(buf, extension.text);
	}
}

// RFC 6454 section 6.2.
struct origin {
	struct str scheme;
	struct str host;
	uint16_t port; // with the scheme's default; 0 for schemes without one
};

static uint16_t default_port(struct str scheme)
{
	if (str_equal(scheme, STR("https")))
		return 443;
	return str_equal(scheme, STR("http")) ? 80 : 0;
}

static bool parse_origin(struct str text, struct origin *ret_origin)
{
	size_t at = 0;
	while (at < text.length && text.data[at] != ':')
		at++;
	struct str rest = {text.data + at, text.length - at};
	if (at == 0 || !str_cut_prefix(&rest, STR("://")))
		return false;
	ret_origin->scheme = (struct str){text.data, at};
	if (!url_split_authority(rest, &ret_origin->host, &ret_origin->port))
		return false;
	if (ret_origin->port == 0)
		ret_origin->port = default_port(ret_origin->scheme);
	return true;
}

static bool is_equal_origin(const struct origin *a, const struct origin *b)
{
	return str_equal(a->scheme, b->scheme) && str_equal_nocase(a->host, b->host) &&
	       a->port == b->port;
}

bool ws_handshake_is_same_origin(struct str origin, struct str host, const char *scheme)
{
	struct origin theirs;
	struct origin ours = {.scheme = str_from(scheme)};
	if (!parse_origin(origin, &theirs) ||
		!url_split_authority(host, &ours.host, &ours.port))
		return false;
	if (ours.port == 0)
		ours.port = default_port(ours.scheme);
	return is_equal_origin(&theirs, &ours);
}

bool ws_handshake_is_origin_listed(
	struct str origin, const char *const *list, size_t count)
{
	struct origin theirs;
	struct origin entry;
	if (!parse_origin(origin, &theirs))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (parse_origin(str_from(list[i]), &entry) &&
			is_equal_origin(&theirs, &entry))
			return true;
	}
	return false;
}
