// SPDX-License-Identifier: MIT
// Parsing, printing and comparing socket addresses.
#include "wherry/base/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "addr_priv.h"

_Static_assert(sizeof(((struct sockaddr_un *)0)->sun_path) == ADDR_UNIX_PATH_MAX + 1,
	"sun_path");

static struct str from(struct str s, size_t at)
{
	return (struct str){s.data + at, s.length - at};
}

// inet_pton wants a terminated text. It is strict by itself: four plain decimal numbers,
// no scope id.
bool addr_parse_literal(int family, struct str text, void *ret_bytes)
{
	char copy[INET6_ADDRSTRLEN];

	if (text.length == 0 || text.length >= sizeof(copy) ||
		memchr(text.data, '\0', text.length))
		return false;
	memcpy(copy, text.data, text.length);
	copy[text.length] = '\0';
	return inet_pton(family, copy, ret_bytes) == 1;
}

static bool parse_ip4(struct str text, uint16_t port, struct addr *ret_addr)
{
	struct addr addr = {.length = sizeof(addr.v4)};

	addr.v4.sin_family = AF_INET;
	addr.v4.sin_port = htons(port);
	if (!addr_parse_literal(AF_INET, text, &addr.v4.sin_addr))
		return false;
	*ret_addr = addr;
	return true;
}

static bool parse_ip6(struct str text, uint16_t port, struct addr *ret_addr)
{
	struct addr addr = {.length = sizeof(addr.v6)};

	addr.v6.sin6_family = AF_INET6;
	addr.v6.sin6_port = htons(port);
	if (!addr_parse_literal(AF_INET6, text, &addr.v6.sin6_addr))
		return false;
	*ret_addr = addr;
	return true;
}

static bool parse_unix(struct str path, struct addr *ret_addr)
{
	struct addr addr = {0};

	if (path.length == 0 || path.length > ADDR_UNIX_PATH_MAX || path.data[0] != '/' ||
		memchr(path.data, '\0', path.length))
		return false;
	addr.local.sun_family = AF_UNIX;
	memcpy(addr.local.sun_path, path.data, path.length);
	addr.length =
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.length + 1);
	*ret_addr = addr;
	return true;
}

bool addr_parse(struct str text, struct addr *ret_addr)
{
	uint64_t port;

	if (str_has_prefix(text, STR("unix:")))
		return parse_unix(from(text, 5), ret_addr);

	size_t colon = text.length;
	while (colon > 0 && text.data[colon - 1] != ':')
		colon--;
	if (colon == 0 || !str_parse_u64(from(text, colon), UINT16_MAX, &port))
		return false;
	struct str host = {text.data, colon - 1};
	if (host.length == 0)
		host = STR("0.0.0.0");
	// "::1:80" would be ambiguous.
	else if (host.data[0] != '[')
		return parse_ip4(host, (uint16_t)port, ret_addr);
	return addr_parse_ip(host, (uint16_t)port, ret_addr);
}

bool addr_parse_ip(struct str text, uint16_t port, struct addr *ret_addr)
{
	if (text.length > 2 && text.data[0] == '[' && text.data[text.length - 1] == ']') {
		struct str inner = {text.data + 1, text.length - 2};
		return parse_ip6(inner, port, ret_addr);
	}
	return parse_ip4(text, port, ret_addr) || parse_ip6(text, port, ret_addr);
}

bool addr_is_unix(const struct addr *addr)
{
	return addr->length > 0 && addr->any.sa_family == AF_UNIX;
}

// The path of a UNIX address; empty if unnamed or abstract. The kernel may count its NUL
// in the length or not.
static struct str unix_path(const struct addr *addr)
{
	size_t start = offsetof(struct sockaddr_un, sun_path);
	size_t size = addr->length > start ? addr->length - start : 0;

	return (struct str){addr->local.sun_path, strnlen(addr->local.sun_path, size)};
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	if (addr_family(a) != addr_family(b))
		return false;
	switch (addr_family(a)) {
	case AF_INET:
		return a->v4.sin_port == b->v4.sin_port &&
		       a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
	case AF_INET6:
		return a->v6.sin6_port == b->v6.sin6_port &&
		       a->v6.sin6_scope_id == b->v6.sin6_scope_id &&
		       memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, 16) == 0;
	case AF_UNIX:
		if (unix_path(a).length > 0)
			return str_equal(unix_path(a), unix_path(b));
		return a->length == b->length &&
		       memcmp(&a->local, &b->local, a->length) == 0;
	default:
		return true;
	}
}

uint16_t addr_port(const struct addr *addr)
{
	switch (addr_family(addr)) {
	case AF_INET:
		return ntohs(addr->v4.sin_port);
	case AF_INET6:
		return ntohs(addr->v6.sin6_port);
	default:
		return 0;
	}
}

const uint8_t *addr_ip4_bytes(const struct addr *addr)
{
	if (addr_family(addr) == AF_INET)
		return (const uint8_t *)&addr->v4.sin_addr;
	if (addr_family(addr) == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&addr->v6.sin6_addr))
		return addr->v6.sin6_addr.s6_addr + 12;
	return NULL;
}

const char *addr_format(const struct addr *addr, char text[ADDR_TEXT_SIZE])
{
	char ip[ADDR_TEXT_SIZE];

	addr_format_ip(addr, ip);
	if (addr_ip4_bytes(addr))
		(void)snprintf(text, ADDR_TEXT_SIZE, "%.*s:%u", INET_ADDRSTRLEN, ip,
			addr_port(addr));
	else if (addr_family(addr) == AF_INET6)
		(void)snprintf(text, ADDR_TEXT_SIZE, "[%.*s]:%u", INET6_ADDRSTRLEN, ip,
			addr_port(addr));
	else
		memcpy(text, ip, ADDR_TEXT_SIZE);
	return text;
}

// A client may bind its socket to any path, and what is printed goes into lists, heads
// and lines: whatever could end an element of one becomes "?".
static void print_path(const struct addr *addr, char text[ADDR_TEXT_SIZE])
{
	struct str path = unix_path(addr);
	int length = snprintf(text, ADDR_TEXT_SIZE, "unix:%.*s", STR_ARG(path));

	for (char *at = text; at < text + length; at++) {
		if (*at <= ' ' || *at > '~' || *at == ',')
			*at = '?';
	}
}

// inet_ntop's printf is a twelfth of what a WebSocket handshake executes.
static void write_ip4(const uint8_t bytes[4], char text[ADDR_TEXT_SIZE])
{
	for (unsigned i = 0; i < 4; i++) {
		if (i > 0)
			*text++ = '.';
		if (bytes[i] >= 100)
			*text++ = (char)('0' + bytes[i] / 100);
		if (bytes[i] >= 10)
			*text++ = (char)('0' + bytes[i] / 10 % 10);
		*text++ = (char)('0' + bytes[i] % 10);
	}
}

const char *addr_format_ip(const struct addr *addr, char text[ADDR_TEXT_SIZE])
{
	memset(text, 0, ADDR_TEXT_SIZE);
	// inet_ntop fails only for a text too small, and this one is not.
	if (addr_ip4_bytes(addr))
		write_ip4(addr_ip4_bytes(addr), text);
	else if (addr_family(addr) == AF_INET6)
		(void)inet_ntop(AF_INET6, &addr->v6.sin6_addr, text, ADDR_TEXT_SIZE);
	else if (addr_family(addr) == AF_UNIX)
		print_path(addr, text);
	else
		(void)snprintf(text, ADDR_TEXT_SIZE, "unknown");
	return text;
}

void addr_source_key(const struct addr *addr, uint8_t key[ADDR_SOURCE_KEY_SIZE])
{
	const uint8_t *ip4 = addr_ip4_bytes(addr);

	// The first byte keeps the families apart.
	memset(key, 0, ADDR_SOURCE_KEY_SIZE);
	if (ip4) {
		key[0] = 4;
		memcpy(key + 1, ip4, 4);
	} else if (addr_family(addr) == AF_INET6) {
		key[0] = 6;
		memcpy(key + 1, &addr->v6.sin6_addr, 8);
	}
}
