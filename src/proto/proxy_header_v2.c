// SPDX-License-Identifier: MIT
// Reads version 2 of the PROXY header: fixed part, addresses, and TLVs, each checked
// against the room it has.
#include <string.h>

#include "proxy_header_priv.h"

static enum proxy_header_result bad(const char *what, const char **reterr_text)
{
	*reterr_text = what;
	return PROXY_HEADER_BAD;
}

static size_t read_u16(const uint8_t *data)
{
	return (size_t)data[0] << 8 | data[1];
}

static uint32_t read_u32(const uint8_t *data)
{
	return (uint32_t)read_u16(data) << 16 | (uint32_t)read_u16(data + 2);
}

// Castagnoli's polynomial, as RFC 4960 appendix B; zero_at: four bytes read as zero. Bit
// by bit: a header is short, and there is one in a connection.
static uint32_t crc32c(const uint8_t *data, size_t length, size_t zero_at)
{
	uint32_t crc = UINT32_MAX;
	for (size_t i = 0; i < length; i++) {
		crc ^= i - zero_at < 4 ? 0 : data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0x82f63b78) : 0);
	}
	return ~crc;
}

struct tlv {
	uint8_t type;
	const uint8_t *value;
	size_t length;
};

// Cuts the next TLV off. False: what is left is too short for it.
static bool cut_tlv(const uint8_t **at, size_t *left, struct tlv *ret_tlv)
{
	if (*left < PROXY_HEADER_TLV_HEAD)
		return false;
	size_t length = read_u16(*at + 1);
	if (length > *left - PROXY_HEADER_TLV_HEAD)
		return false;
	*ret_tlv = (struct tlv){(*at)[0], *at + PROXY_HEADER_TLV_HEAD, length};
	*at += PROXY_HEADER_TLV_HEAD + length;
	*left -= PROXY_HEADER_TLV_HEAD + length;
	return true;
}

static const char *check_tls(const struct tlv *tls, struct proxy_header *header)
{
	if (tls->length < PROXY_HEADER_TLS_HEAD)
		return "v2: TLS entry is too short";
	const uint8_t *at = tls->value + PROXY_HEADER_TLS_HEAD;
	size_t left = tls->length - PROXY_HEADER_TLS_HEAD;
	struct tlv inner;
	while (left > 0) {
		if (!cut_tlv(&at, &left, &inner))
			return "v2: TLS entry has a part longer than itself";
	}
	header->is_tls = tls->value[0] & PROXY_HEADER_CLIENT_TLS;
	return NULL;
}

// whole is the header from its first byte on. NULL: the TLV is good, or none that Wherry
// knows.
static const char *check_tlv(
	const uint8_t *whole, const struct tlv *tlv, struct proxy_header *header)
{
	switch (tlv->type) {
	case PROXY_HEADER_ALPN:
	case PROXY_HEADER_AUTHORITY:
		if (tlv->length == 0 || tlv->length > PROXY_HEADER_TEXT_MAX)
			return "v2: ALPN or authority is not 1 to 255 bytes long";
		return NULL;
	case PROXY_HEADER_CRC32C:
		if (tlv->length != 4)
			return "v2: checksum is not 4 bytes long";
		if (crc32c(whole, header->length, (size_t)(tlv->value - whole)) !=
			read_u32(tlv->value))
			return "v2: wrong checksum";
		return NULL;
	case PROXY_HEADER_UNIQUE_ID:
		return tlv->length > PROXY_HEADER_UNIQUE_ID_MAX
			       ? "v2: unique id is longer than 128 bytes"
			       : NULL;
	case PROXY_HEADER_TLS:
		return check_tls(tlv, header);
	default:
		return NULL;
	}
}

// What is told once must not be told again: the second might say otherwise. Padding may
// be repeated, and what only its senders know.
static bool is_repeated(uint8_t type, uint64_t *seen)
{
	if (type == PROXY_HEADER_NOOP || type >= 64)
		return false;
	uint64_t bit = UINT64_C(1) << type, before = *seen;
	*seen |= bit;
	return before & bit;
}

static enum proxy_header_result read_tlvs(const uint8_t *whole, size_t start,
	struct proxy_header *header, const char **reterr_text)
{
	const uint8_t *at = whole + start;
	size_t left = header->length - start;
	uint64_t seen = 0;
	struct tlv tlv;

	while (left > 0) {
		if (!cut_tlv(&at, &left, &tlv))
			return bad("v2: entry is longer than the header", reterr_text);
		if (is_repeated(tlv.type, &seen))
			return bad("v2: entry stands twice", reterr_text);
		const char *error = check_tlv(whole, &tlv, header);
		if (error)
			return bad(error, reterr_text);
	}
	return PROXY_HEADER_OK;
}

static void set_ip4(struct addr *addr, const uint8_t *ip, const uint8_t *port)
{
	*addr = (struct addr){.length = sizeof(addr->v4)};
	addr->v4.sin_family = AF_INET;
	memcpy(&addr->v4.sin_addr, ip, 4);
	memcpy(&addr->v4.sin_port, port, 2);
}

static void set_ip6(struct addr *addr, const uint8_t *ip, const uint8_t *port)
{
	*addr = (struct addr){.length = sizeof(addr->v6)};
	addr->v6.sin6_family = AF_INET6;
	memcpy(&addr->v6.sin6_addr, ip, 16);
	memcpy(&addr->v6.sin6_port, port, 2);
}

// An abstract name, which begins with NUL, becomes an unnamed socket.
static void set_unix(struct addr *addr, const uint8_t *path)
{
	size_t length = strnlen((const char *)path, ADDR_UNIX_PATH_MAX);
	*addr = (struct addr){0};
	addr->local.sun_family = AF_UNIX;
	memcpy(addr->local.sun_path, path, length);
	addr->length = (socklen_t)offsetof(struct sockaddr_un, sun_path);
	if (length > 0)
		addr->length += (socklen_t)length + 1;
}

// Reads the addresses; gives their length, or SIZE_MAX if room is too short for them.
static size_t read_addresses(
	struct proxy_header *header, uint8_t family, const uint8_t *at, size_t room)
{
	size_t length = 2 * (family == PROXY_HEADER_TCP4 ? 4 + 2 : 16 + 2);
	if (family == PROXY_HEADER_UNIX_STREAM)
		length = 2 * PROXY_HEADER_UNIX_PATH;
	if (length > room)
		return SIZE_MAX;
	if (family == PROXY_HEADER_TCP4) {
		set_ip4(&header->source, at, at + 8);
		set_ip4(&header->destination, at + 4, at + 10);
	} else if (family == PROXY_HEADER_TCP6) {
		set_ip6(&header->source, at, at + 32);
		set_ip6(&header->destination, at + 16, at + 34);
	} else {
		set_unix(&header->source, at);
		set_unix(&header->destination, at + PROXY_HEADER_UNIX_PATH);
	}
	header->has_addresses = true;
	return length;
}

static bool is_stream(uint8_t family)
{
	return family == PROXY_HEADER_TCP4 || family == PROXY_HEADER_TCP6 ||
	       family == PROXY_HEADER_UNIX_STREAM;
}

// The fixed part, as far as it has arrived; NULL: nothing is wrong with it.
static const char *check_fixed(const uint8_t *data, size_t length)
{
	if (length > 12 && (data[12] & 0xf0) != PROXY_HEADER_VERSION_2)
		return "v2: version is not 2";
	if (length > 12 && (data[12] & 0x0f) > PROXY_HEADER_PROXY)
		return "v2: command is neither LOCAL nor PROXY";
	// LOCAL: the block is there to be skipped, the family with it (section 2.2).
	bool is_local = length > 12 && (data[12] & 0x0f) == PROXY_HEADER_LOCAL;
	if (length > 13 && !is_local && !is_stream(data[13]) &&
		data[13] != PROXY_HEADER_UNSPECIFIED)
		return "v2: not TCP over IPv4 or IPv6, nor a UNIX stream";
	if (length >= PROXY_HEADER_V2_FIXED &&
		read_u16(data + 14) > PROXY_HEADER_MAX - PROXY_HEADER_V2_FIXED)
		return "v2: longer than 4096 bytes";
	return NULL;
}

enum proxy_header_result proxy_header_v2_read(const uint8_t *data, size_t length,
	struct proxy_header *ret_header, const char **reterr_text)
{
	const char *error = check_fixed(data, length);
	if (error)
		return bad(error, reterr_text);
	if (length < PROXY_HEADER_V2_FIXED)
		return PROXY_HEADER_MORE;

	size_t room = read_u16(data + 14);
	ret_header->length = PROXY_HEADER_V2_FIXED + room;
	if (length < ret_header->length)
		return PROXY_HEADER_MORE;
	bool is_local = (data[12] & 0x0f) == PROXY_HEADER_LOCAL;
	if (is_local || data[13] == PROXY_HEADER_UNSPECIFIED)
		return PROXY_HEADER_OK;
	size_t addresses =
		read_addresses(ret_header, data[13], data + PROXY_HEADER_V2_FIXED, room);
	if (addresses == SIZE_MAX)
		return bad("v2: too short for its addresses", reterr_text);
	return read_tlvs(
		data, PROXY_HEADER_V2_FIXED + addresses, ret_header, reterr_text);
}
