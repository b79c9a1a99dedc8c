// SPDX-License-Identifier: MIT
// Networks, and what is in them.
#include <string.h>

#include "addr_priv.h"

// Do the first bits of a and b agree?
static bool has_prefix(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned rest = bits % 8;
	uint8_t mask = (uint8_t)(0xff00 >> rest);

	if (memcmp(a, b, bits / 8) != 0)
		return false;
	return rest == 0 || ((a[bits / 8] ^ b[bits / 8]) & mask) == 0;
}

static bool parse_prefix(struct str text, unsigned max, unsigned *ret_bits)
{
	uint64_t bits;

	// "08" may have been meant as octal.
	if ((text.length > 1 && text.data[0] == '0') || !str_parse_u64(text, max, &bits))
		return false;
	*ret_bits = (unsigned)bits;
	return true;
}

bool addr_network_parse(struct str text, struct addr_network *ret_network)
{
	struct addr_network network = {0};
	const char *slash = text.length ? memchr(text.data, '/', text.length) : NULL;
	struct str ip = {text.data, slash ? (size_t)(slash - text.data) : text.length};

	if (str_equal(text, STR("unix"))) {
		*ret_network = (struct addr_network){.family = AF_UNIX};
		return true;
	}
	if (addr_parse_literal(AF_INET, ip, network.bytes))
		network.family = AF_INET;
	else if (addr_parse_literal(AF_INET6, ip, network.bytes))
		network.family = AF_INET6;
	else
		return false;

	unsigned size = network.family == AF_INET ? 4 : 16;
	network.prefix_bits = size * 8;
	if (slash && !parse_prefix((struct str){slash + 1, text.length - ip.length - 1},
			     size * 8, &network.prefix_bits))
		return false;
	for (unsigned bit = network.prefix_bits; bit < size * 8; bit++) {
		if (network.bytes[bit / 8] & (0x80 >> bit % 8))
			return false;
	}
	*ret_network = network;
	return true;
}

bool addr_network_has(
	const struct addr_network *networks, size_t count, const struct addr *addr)
{
	const uint8_t *ip4 = addr_ip4_bytes(addr);
	const uint8_t *ip6 =
		addr_family(addr) == AF_INET6 ? addr->v6.sin6_addr.s6_addr : NULL;

	for (size_t i = 0; i < count; i++) {
		const uint8_t *ip = networks[i].family == AF_INET ? ip4 : ip6;
		if (networks[i].family == AF_UNIX) {
			if (addr_is_unix(addr))
				return true;
			continue;
		}
		if (ip && has_prefix(ip, networks[i].bytes, networks[i].prefix_bits))
			return true;
	}
	return false;
}
