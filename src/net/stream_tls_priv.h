// SPDX-License-Identifier: MIT
// TLS under a stream as its two halves see it: stream_tls.c (the handshake, opening what
// comes) and stream_tls_output.c (sealing what goes).
#pragma once

#include <openssl/ssl.h>

#include "stream_priv.h"
#include "stream_tls_hello_priv.h"

struct stream_tls {
	SSL *ssl;
	const uint8_t *source; // sealed bytes that were received
	size_t source_length;
	size_t sealed_length;     // in the loop's sealed buffer
	struct evbuffer *waiting; // content, until the handshake is done; else NULL
	uint8_t *held;            // a ticket, until more is to leave; else NULL
	size_t held_length;
	const char *error_text;
	bool is_ready;                 // the handshake is done
	struct stream_tls_hello hello; // of a client, until then
};

// Into the loop's sealed buffer: length is a record's at the most.
void stream_tls_output_seal(struct stream *stream, const void *sealed, size_t length);
// What was sealed leaves.
void stream_tls_output_flush(struct stream *stream);
// The handshake is done: what waited for it leaves.
void stream_tls_output_start(struct stream *stream);
// Keeps why it failed: in words of OpenSSL's, or of the certificate's check.
void stream_tls_note_error(struct stream_tls *tls);
