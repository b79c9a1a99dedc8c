// SPDX-License-Identifier: MIT
// The length of ClientHellos, before OpenSSL hears of them. It reads plain records of the
// handshake alone, and leaves it to OpenSSL to refuse what is no TLS.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wherry/base/attributes.h"

// Zeroed at first.
struct stream_tls_hello {
	size_t record_left;  // bytes of the record that are still to come
	size_t message_left; // the same of the handshake message
	uint8_t header[5];   // of a record or a message, as far as it is there
	uint8_t header_length;
	uint8_t type; // of the record
	bool is_over; // what follows is encrypted
};

// Bytes of a client, as they come, until the handshake is done. False for a ClientHello
// of more than 16 KiB, or one that is cut so that its length can't be told.
MUST_CHECK bool stream_tls_hello_feed(struct stream_tls_hello *hello, bool is_tls13,
	const uint8_t *data, size_t length);
