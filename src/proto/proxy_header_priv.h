// SPDX-License-Identifier: MIT
// The PROXY header as its parts see it: proxy_header.c (which version, and v1),
// proxy_header_v2.c and proxy_header_write.c.
#pragma once

#include "wherry/proto/proxy_header.h"

enum {
	PROXY_HEADER_SIGNATURE = 12, // bytes
	PROXY_HEADER_V2_FIXED = 16,  // signature, version and command, family, length
	PROXY_HEADER_UNIX_PATH = 108,

	PROXY_HEADER_VERSION_2 = 0x20, // high half of byte 12
	PROXY_HEADER_LOCAL = 0x0,
	PROXY_HEADER_PROXY = 0x1,

	PROXY_HEADER_UNSPECIFIED = 0x00, // byte 13: address family and transport
	PROXY_HEADER_TCP4 = 0x11,
	PROXY_HEADER_TCP6 = 0x21,
	PROXY_HEADER_UNIX_STREAM = 0x31,
};

enum proxy_header_tlv {
	PROXY_HEADER_ALPN = 0x01,
	PROXY_HEADER_AUTHORITY = 0x02,
	PROXY_HEADER_CRC32C = 0x03,
	PROXY_HEADER_NOOP = 0x04,
	PROXY_HEADER_UNIQUE_ID = 0x05,
	PROXY_HEADER_TLS = 0x20,
	PROXY_HEADER_TLS_VERSION = 0x21, // these inside of PROXY_HEADER_TLS
	PROXY_HEADER_TLS_COMMON_NAME = 0x22,
	PROXY_HEADER_TLS_CIPHER = 0x23,
};

enum {
	PROXY_HEADER_TLV_HEAD = 3,       // type and length
	PROXY_HEADER_TLS_HEAD = 5,       // client flags and result of the verification
	PROXY_HEADER_CLIENT_TLS = 0x01,  // flag: the client uses TLS
	PROXY_HEADER_CLIENT_CERT = 0x06, // flags: a certificate, on this connection and
					 // in this session
	PROXY_HEADER_UNIQUE_ID_MAX = 128,
	PROXY_HEADER_TEXT_MAX = 255, // ALPN and host names are no longer
};

extern const uint8_t proxy_header_signature[PROXY_HEADER_SIGNATURE];

// data begins with the signature, or with the part of it that has arrived.
MUST_CHECK enum proxy_header_result proxy_header_v2_read(const uint8_t *data,
	size_t length, struct proxy_header *ret_header, const char **reterr_text);
