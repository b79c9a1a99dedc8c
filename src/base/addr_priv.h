// SPDX-License-Identifier: MIT
// Addresses as addr.c (single ones) and addr_network.c see them.
#pragma once

#include "wherry/base/addr.h"

// An IPv4 or IPv6 literal without brackets, as 4 or 16 bytes.
MUST_CHECK bool addr_parse_literal(int family, struct str text, void *ret_bytes);
// The IPv4 address in an IPv4 or IPv4-mapped address; NULL if there is none.
const uint8_t *addr_ip4_bytes(const struct addr *addr);

// AF_UNSPEC for no address.
static inline int addr_family(const struct addr *addr)
{
	return addr->length > 0 ? addr->any.sa_family : AF_UNSPEC;
}
