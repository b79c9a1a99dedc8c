// SPDX-License-Identifier: MIT
// Looks at ClientHellos on their way to OpenSSL, which makes room for 128 KiB as soon as
// one is announced to be so long: a handful of bytes must not cost that (SECURITY T46).
#include "stream_tls_hello_priv.h"

enum {
	RECORD_HEADER_SIZE = 5, // type, version, length
	HEADER_SIZE = 4,        // of a handshake message: type, length
	HELLO_MAX = 16 * 1024,
	TYPE_CHANGE_CIPHER = 20, // RFC 8446 section 5.1
	TYPE_HANDSHAKE = 22,
	TYPE_CLIENT_HELLO = 1,
};

// Puts bytes behind those of the header that are there; true once it has all.
static bool collect(
	struct stream_tls_hello *hello, size_t size, const uint8_t **data, size_t *length)
{
	while (hello->header_length<size && * length> 0) {
		hello->header[hello->header_length++] = *(*data)++;
		(*length)--;
	}
	return hello->header_length == size;
}

static void read_record(struct stream_tls_hello *hello, bool is_tls13)
{
	hello->type = hello->header[0];
	hello->record_left = (size_t)hello->header[3] << 8 | hello->header[4];
	hello->header_length = 0;
	// From here on what TLS 1.2 sends can't be read.
	if (hello->type == TYPE_CHANGE_CIPHER && !is_tls13)
		hello->is_over = true;
}

// No client cuts the header of a ClientHello in two. Behind it, TLS 1.2 has messages of
// other kinds alone, which have limits of their own.
static bool has_header(struct stream_tls_hello *hello, bool is_tls13)
{
	if (hello->header_length > 0 || hello->record_left >= HEADER_SIZE)
		return true;
	hello->is_over = true;
	return !is_tls13;
}

static bool read_message(struct stream_tls_hello *hello)
{
	const uint8_t *header = hello->header;
	hello->message_left =
		(size_t)header[1] << 16 | (size_t)header[2] << 8 | header[3];
	hello->header_length = 0;
	hello->record_left -= HEADER_SIZE;
	return header[0] != TYPE_CLIENT_HELLO || hello->message_left <= HELLO_MAX;
}

static void skip(struct stream_tls_hello *hello, const uint8_t **data, size_t *length)
{
	size_t most = hello->record_left < *length ? hello->record_left : *length;
	bool is_message = hello->type == TYPE_HANDSHAKE;
	if (is_message && most > hello->message_left)
		most = hello->message_left;
	if (is_message)
		hello->message_left -= most;
	hello->record_left -= most;
	*data += most;
	*length -= most;
}

bool stream_tls_hello_feed(
	struct stream_tls_hello *hello, bool is_tls13, const uint8_t *data, size_t length)
{
	while (length > 0 && !hello->is_over) {
		bool begins = hello->type == TYPE_HANDSHAKE && hello->message_left == 0;
		if (hello->record_left == 0) {
			if (collect(hello, RECORD_HEADER_SIZE, &data, &length))
				read_record(hello, is_tls13);
		} else if (begins) {
			if (!has_header(hello, is_tls13))
				return false;
			if (!hello->is_over &&
				collect(hello, HEADER_SIZE, &data, &length) &&
				!read_message(hello))
				return false;
		} else {
			skip(hello, &data, &length);
		}
	}
	return true;
}
