// SPDX-License-Identifier: MIT
// Tells the versions of the PROXY header apart, and reads v1.
#include "wherry/proto/proxy_header.h"

#include <string.h>

#include "proxy_header_priv.h"

const uint8_t proxy_header_signature[PROXY_HEADER_SIGNATURE] = {
	'\r', '\n', '\r', '\n', '\0', '\r', '\n', 'Q', 'U', 'I', 'T', '\n'};

static enum proxy_header_result bad(const char *what, const char **reterr_text)
{
	*reterr_text = what;
	return PROXY_HEADER_BAD;
}

// Does what has arrived begin with this, as far as it goes?
static bool may_begin_with(
	const uint8_t *data, size_t length, const void *begin, size_t begin_length)
{
	return memcmp(data, begin, length < begin_length ? length : begin_length) == 0;
}

// The next word, up to the one space behind it or the end. False: none is left.
static bool cut_word(struct str *rest, struct str *ret_word)
{
	const char *space = rest->length ? memchr(rest->data, ' ', rest->length) : NULL;
	size_t length = space ? (size_t)(space - rest->data) : rest->length;

	*ret_word = (struct str){rest->data, length};
	if (!rest->data || length == 0)
		return false;
	// Two spaces, or one at the end, leave an empty word behind.
	*rest = space ? (struct str){space + 1, rest->length - length - 1}
		      : (struct str){NULL, 0};
	return true;
}

// "Heading zeroes are not permitted" (section 2.1): they might be meant as octal.
static bool parse_port(struct str text, uint16_t *ret_port)
{
	uint64_t port;
	if ((text.length > 1 && text.data[0] == '0') ||
		!str_parse_u64(text, UINT16_MAX, &port))
		return false;
	*ret_port = (uint16_t)port;
	return true;
}

// Brackets belong to URLs.
static bool parse_ip(struct str text, uint16_t port, sa_family_t family, struct addr *ret)
{
	return text.length > 0 && text.data[0] != '[' && addr_parse_ip(text, port, ret) &&
	       ret->any.sa_family == family;
}

static enum proxy_header_result read_addresses(struct str rest, sa_family_t family,
	struct proxy_header *header, const char **reterr_text)
{
	struct str source, destination, source_port, destination_port;
	uint16_t from, to;

	if (!cut_word(&rest, &source) || !cut_word(&rest, &destination) ||
		!cut_word(&rest, &source_port) || !cut_word(&rest, &destination_port) ||
		rest.data)
		return bad("v1: not two addresses and two ports", reterr_text);
	if (!parse_port(source_port, &from) || !parse_port(destination_port, &to))
		return bad("v1: bad port", reterr_text);
	if (!parse_ip(source, from, family, &header->source) ||
		!parse_ip(destination, to, family, &header->destination))
		return bad("v1: bad address", reterr_text);
	header->has_addresses = true;
	return PROXY_HEADER_OK;
}

// line is what stands before its CRLF.
static enum proxy_header_result read_line(
	struct str line, struct proxy_header *header, const char **reterr_text)
{
	struct str keyword, protocol;

	if (!cut_word(&line, &keyword) || !cut_word(&line, &protocol))
		return bad("v1: no protocol", reterr_text);
	if (str_equal(protocol, STR("TCP4")))
		return read_addresses(line, AF_INET, header, reterr_text);
	if (str_equal(protocol, STR("TCP6")))
		return read_addresses(line, AF_INET6, header, reterr_text);
	if (str_equal(protocol, STR("UNKNOWN"))) // whatever follows is ignored
		return PROXY_HEADER_OK;
	return bad("v1: protocol is none of TCP4, TCP6, UNKNOWN", reterr_text);
}

static enum proxy_header_result read_v1(const uint8_t *data, size_t length,
	struct proxy_header *header, const char **reterr_text)
{
	size_t most = length < PROXY_HEADER_V1_MAX ? length : PROXY_HEADER_V1_MAX;
	const uint8_t *end = memchr(data, '\n', most);

	if (!end && most == PROXY_HEADER_V1_MAX)
		return bad("v1: longer than 107 bytes", reterr_text);
	if (!end)
		return PROXY_HEADER_MORE;
	size_t line_length = (size_t)(end - data);
	if (line_length == 0 || end[-1] != '\r')
		return bad("v1: ends without CR", reterr_text);
	header->length = line_length + 1;
	struct str line = {(const char *)data, line_length - 1};
	if (memchr(line.data, '\r', line.length))
		return bad("v1: CR inside of the line", reterr_text);
	return read_line(line, header, reterr_text);
}

enum proxy_header_result proxy_header_read(const uint8_t *data, size_t length,
	struct proxy_header *ret_header, const char **reterr_text)
{
	struct proxy_header header = {0};
	enum proxy_header_result result;

	if (length == 0)
		return PROXY_HEADER_MORE;
	if (may_begin_with(data, length, "PROXY ", 6))
		result = read_v1(data, length, &header, reterr_text);
	else if (may_begin_with(
			 data, length, proxy_header_signature, PROXY_HEADER_SIGNATURE))
		result = proxy_header_v2_read(data, length, &header, reterr_text);
	else
		return bad("does not begin with a PROXY header", reterr_text);
	if (result == PROXY_HEADER_OK)
		*ret_header = header;
	return result;
}
