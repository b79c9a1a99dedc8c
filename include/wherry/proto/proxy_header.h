// SPDX-License-Identifier: MIT
// The header of the PROXY protocol, version 1 and 2: what a proxy in front sends first on
// a connection, to say whose it is. Read and written; whom to believe is not decided
// here.
//
//     v1   PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n      at most 107 bytes
//
//     v2    0                              12        13          14        16
//          +------------------------------+---------+-----------+---------+------------+
//          | \r\n\r\n \0 \r\n QUIT \n     | 2 | cmd | fam | trn | length  | addresses, |
//          |                              |         |           | of rest | then TLVs  |
//          +------------------------------+---------+-----------+---------+------------+
#pragma once

#include "wherry/base/addr.h"

enum {
	PROXY_HEADER_V1_MAX = 107, // its CRLF included
	PROXY_HEADER_MAX =
		4 * 1024, // a longer one is bad, though v2 could announce 64 KiB
	PROXY_HEADER_WRITE_MAX = 2 * 1024, // longest that is written
};

enum proxy_header_result {
	PROXY_HEADER_OK = 0,
	PROXY_HEADER_MORE,
	PROXY_HEADER_BAD
};

struct proxy_header {
	size_t length;      // bytes of the header; what follows is the client's own
	bool has_addresses; // else (v1 UNKNOWN, v2 LOCAL or unspecified) those of the
			    // connection itself hold
	bool is_tls;        // the client came to the proxy over TLS (v2, PP2_CLIENT_SSL)
	struct addr source; // the client
	struct addr destination; // what it connected to
};

// Reads what has arrived so far, from its first byte on. MORE: all of it may still become
// a header. BAD, with what is wrong (static), as soon as none can.
MUST_CHECK enum proxy_header_result proxy_header_read(const uint8_t *data, size_t length,
	struct proxy_header *ret_header, const char **reterr_text);

// What v2 tells about the client's TLS; empty texts, and those over 255 bytes, are left
// out.
struct proxy_header_tls {
	struct str version;     // "TLSv1.3"
	struct str cipher;      // "TLS_AES_256_GCM_SHA384"
	struct str server_name; // SNI
	struct str alpn;
	struct str common_name; // of the client's certificate
	bool has_certificate;   // the client showed one, and it was verified
};

// All give the length written. Addresses that don't fit together, or that v1 has no form
// for, are written as unknown.
size_t proxy_header_write_v1(const struct addr *source, const struct addr *destination,
	uint8_t out[PROXY_HEADER_WRITE_MAX]);
// tls is NULL for a client without TLS.
size_t proxy_header_write_v2(const struct addr *source, const struct addr *destination,
	const struct proxy_header_tls *tls, uint8_t out[PROXY_HEADER_WRITE_MAX]);
// For a connection of our own, behind which there is no client.
size_t proxy_header_write_local(bool is_v2, uint8_t out[PROXY_HEADER_WRITE_MAX]);
