// SPDX-License-Identifier: MIT
// Writes the PROXY header of both versions.
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "proxy_header_priv.h"

static int common_family(const struct addr *source, const struct addr *destination)
{
	bool has_one = source->length > 0 && destination->length > 0 &&
		       source->any.sa_family == destination->any.sa_family;
	return has_one ? source->any.sa_family : AF_UNSPEC;
}

// The address alone; IPv4-mapped ones stay IPv6, as their family says.
static const char *print_ip(const struct addr *addr, char text[INET6_ADDRSTRLEN])
{
	const void *ip = addr->any.sa_family == AF_INET ? (const void *)&addr->v4.sin_addr
							: &addr->v6.sin6_addr;
	return inet_ntop(addr->any.sa_family, ip, text, INET6_ADDRSTRLEN);
}

size_t proxy_header_write_v1(const struct addr *source, const struct addr *destination,
	uint8_t out[PROXY_HEADER_WRITE_MAX])
{
	char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];
	int family = common_family(source, destination);

	if (family != AF_INET && family != AF_INET6) {
		memcpy(out, "PROXY UNKNOWN\r\n", 15);
		return 15;
	}
	int length = snprintf((char *)out, PROXY_HEADER_WRITE_MAX,
		"PROXY TCP%c %s %s %u %u\r\n", family == AF_INET ? '4' : '6',
		print_ip(source, from), print_ip(destination, to), addr_port(source),
		addr_port(destination));
	return (size_t)length;
}

static size_t put(uint8_t *out, const void *data, size_t length)
{
	if (length > 0)
		memcpy(out, data, length);
	return length;
}

static size_t put_u16(uint8_t *out, size_t value)
{
	out[0] = (uint8_t)(value >> 8);
	out[1] = (uint8_t)value;
	return 2;
}

static size_t put_path(uint8_t *out, const struct addr *addr)
{
	size_t start = offsetof(struct sockaddr_un, sun_path);
	memset(out, 0, PROXY_HEADER_UNIX_PATH);
	if (addr->length > start)
		memcpy(out, addr->local.sun_path, addr->length - start);
	return PROXY_HEADER_UNIX_PATH;
}

static size_t put_addresses(uint8_t *out, int family, const struct addr *source,
	const struct addr *destination)
{
	size_t at = 0;
	switch (family) {
	case AF_INET:
		at += put(out + at, &source->v4.sin_addr, 4);
		at += put(out + at, &destination->v4.sin_addr, 4);
		break;
	case AF_INET6:
		at += put(out + at, &source->v6.sin6_addr, 16);
		at += put(out + at, &destination->v6.sin6_addr, 16);
		break;
	case AF_UNIX:
		at += put_path(out + at, source);
		return at + put_path(out + at, destination);
	default:
		return 0;
	}
	at += put_u16(out + at, addr_port(source));
	return at + put_u16(out + at, addr_port(destination));
}

static uint8_t family_byte(int family)
{
	switch (family) {
	case AF_INET:
		return PROXY_HEADER_TCP4;
	case AF_INET6:
		return PROXY_HEADER_TCP6;
	case AF_UNIX:
		return PROXY_HEADER_UNIX_STREAM;
	default:
		return PROXY_HEADER_UNSPECIFIED;
	}
}

static size_t put_tlv(uint8_t *out, enum proxy_header_tlv type, struct str value)
{
	if (value.length == 0 || value.length > PROXY_HEADER_TEXT_MAX)
		return 0;
	out[0] = (uint8_t)type;
	(void)put_u16(out + 1, value.length); // its length is known
	return PROXY_HEADER_TLV_HEAD +
	       put(out + PROXY_HEADER_TLV_HEAD, value.data, value.length);
}

// The flags and the verification's result (0 = verified), then what is known of both.
static size_t put_tls(uint8_t *out, const struct proxy_header_tls *tls)
{
	size_t at = PROXY_HEADER_TLV_HEAD;
	out[0] = PROXY_HEADER_TLS;
	out[at++] = PROXY_HEADER_CLIENT_TLS |
		    (tls->has_certificate ? PROXY_HEADER_CLIENT_CERT : 0);
	at += put_u16(out + at, 0);
	at += put_u16(out + at, tls->has_certificate ? 0 : 1);
	at += put_tlv(out + at, PROXY_HEADER_TLS_VERSION, tls->version);
	at += put_tlv(out + at, PROXY_HEADER_TLS_CIPHER, tls->cipher);
	at += put_tlv(out + at, PROXY_HEADER_TLS_COMMON_NAME, tls->common_name);
	(void)put_u16(out + 1, at - PROXY_HEADER_TLV_HEAD);
	return at;
}

size_t proxy_header_write_v2(const struct addr *source, const struct addr *destination,
	const struct proxy_header_tls *tls, uint8_t out[PROXY_HEADER_WRITE_MAX])
{
	int family = common_family(source, destination);
	size_t at = put(out, proxy_header_signature, PROXY_HEADER_SIGNATURE);

	out[at++] = PROXY_HEADER_VERSION_2 | PROXY_HEADER_PROXY;
	out[at++] = family_byte(family);
	at = PROXY_HEADER_V2_FIXED;
	at += put_addresses(out + at, family, source, destination);
	if (tls) {
		at += put_tlv(out + at, PROXY_HEADER_ALPN, tls->alpn);
		at += put_tlv(out + at, PROXY_HEADER_AUTHORITY, tls->server_name);
		at += put_tls(out + at, tls);
	}
	(void)put_u16(out + 14, at - PROXY_HEADER_V2_FIXED);
	return at;
}

size_t proxy_header_write_local(bool is_v2, uint8_t out[PROXY_HEADER_WRITE_MAX])
{
	struct addr none = {0};

	if (!is_v2)
		return proxy_header_write_v1(&none, &none, out);
	size_t length = proxy_header_write_v2(&none, &none, NULL, out);
	out[PROXY_HEADER_SIGNATURE] = PROXY_HEADER_VERSION_2 | PROXY_HEADER_LOCAL;
	return length;
}
