// SPDX-License-Identifier: MIT
// Socket addresses and networks as values: parsing, printing, comparing. No name look-up.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "wherry/base/str.h"

struct addr {
	socklen_t length; // of the member in use; 0 = none
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_un local;
	};
};

enum {
	ADDR_TEXT_SIZE = 128,     // longest text addr_format writes, with its NUL
	ADDR_UNIX_PATH_MAX = 107, // sun_path without its NUL
};

// "host:port" with an IP literal, "[v6]:port", ":port" (all IPv4 addresses),
// "unix:/path" (absolute, at most ADDR_UNIX_PATH_MAX bytes). Names are not addresses, and
// scope ids ("fe80::1%eth0") are not portable: false.
MUST_CHECK bool addr_parse(struct str text, struct addr *ret_addr);
// An IP literal alone, "10.0.0.1" or "::1" (brackets allowed), with the port given apart.
MUST_CHECK bool addr_parse_ip(struct str text, uint16_t port, struct addr *ret_addr);

bool addr_is_unix(const struct addr *addr);
// Exactly: an IPv4-mapped IPv6 address differs from its IPv4 one.
bool addr_equal(const struct addr *a, const struct addr *b);
uint16_t addr_port(const struct addr *addr); // 0 for unix

// "10.0.0.1:80", "[::1]:80", "unix:/path" ("unix:" for an unnamed or abstract peer,
// "unknown" for none). Returns text. IPv4-mapped IPv6 prints as IPv4. In a path, control
// characters, spaces, commas and bytes beyond ASCII print as "?".
const char *addr_format(const struct addr *addr, char text[ADDR_TEXT_SIZE]);
// The same without port and brackets: what X-Forwarded-For and the logs name a client.
const char *addr_format_ip(const struct addr *addr, char text[ADDR_TEXT_SIZE]);

// A CIDR block; or all that come over UNIX sockets. IPv4 blocks also match IPv4-mapped
// IPv6 peers.
struct addr_network {
	int family; // AF_INET, AF_INET6, or AF_UNIX without more
	uint8_t bytes[16];
	unsigned prefix_bits;
};

// "10.0.0.0/8", "::1", "fd00::/8", "unix"; host bits beyond the prefix must be zero.
MUST_CHECK bool addr_network_parse(struct str text, struct addr_network *ret_network);
bool addr_network_has(
	const struct addr_network *networks, size_t count, const struct addr *addr);

// The key that limits count a client by: the IPv4 address, or the /64 of an IPv6 one; all
// UNIX peers share one. Writes 17 bytes.
enum {
	ADDR_SOURCE_KEY_SIZE = 17
};
void addr_source_key(const struct addr *addr, uint8_t key[ADDR_SOURCE_KEY_SIZE]);
