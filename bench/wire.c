// SPDX-License-Identifier: MIT
// WebSocket's wire format for the benchmark's two ends.
#include "wire.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

bool wire_accept(const char *key, size_t length, char ret_accept[WIRE_ACCEPT_SIZE])
{
	uint8_t text[64 + sizeof(GUID) - 1];
	uint8_t digest[SHA_DIGEST_LENGTH];
	if (length > 64)
		return false;
	memcpy(text, key, length);
	memcpy(text + length, GUID, sizeof(GUID) - 1);
	if (SHA1(text, length + sizeof(GUID) - 1, digest) == NULL)
		return false;
	(void)EVP_EncodeBlock(
		(uint8_t *)ret_accept, digest, sizeof(digest)); // cannot fail
	return true;
}

size_t wire_header_write(
	uint8_t out[WIRE_HEADER_MAX], uint8_t first, uint64_t length, const uint8_t *mask)
{
	size_t size = 2;
	unsigned length_bytes = length < 126 ? 0 : length <= UINT16_MAX ? 2 : 8;
	out[0] = first;
	out[1] = length_bytes == 0 ? (uint8_t)length : length_bytes == 2 ? 126 : 127;
	for (unsigned i = length_bytes; i > 0; i--)
		out[size++] = (uint8_t)(length >> (8 * (i - 1)));
	if (mask == NULL)
		return size;
	out[1] |= 0x80;
	memcpy(out + size, mask, 4);
	return size + 4;
}

size_t wire_header_read(
	const uint8_t *bytes, size_t length, struct wire_header *ret_header)
{
	if (length < 2)
		return 0;
	uint8_t short_length = bytes[1] & 0x7F;
	unsigned length_bytes = short_length == 127 ? 8 : short_length == 126 ? 2 : 0;
	bool is_masked = bytes[1] & 0x80;
	size_t size = 2 + length_bytes + (is_masked ? 4 : 0);
	if (length < size)
		return 0;
	ret_header->first = bytes[0];
	ret_header->is_masked = is_masked;
	ret_header->length = length_bytes == 0 ? short_length : 0;
	for (unsigned i = 0; i < length_bytes; i++)
		ret_header->length = ret_header->length << 8 | bytes[2 + i];
	memset(ret_header->mask, 0, 4);
	if (is_masked)
		memcpy(ret_header->mask, bytes + size - 4, 4);
	return size;
}

void wire_mask(uint8_t *out, const uint8_t *in, size_t length, const uint8_t mask[4],
	uint64_t phase)
{
	uint8_t turned[8];
	for (unsigned i = 0; i < 8; i++)
		turned[i] = mask[(phase + i) & 3];
	uint64_t key, word;
	memcpy(&key, turned, 8);
	size_t i = 0;
	for (; i + 8 <= length; i += 8) {
		memcpy(&word, in + i, 8);
		word ^= key;
		memcpy(out + i, &word, 8);
	}
	for (; i < length; i++)
		out[i] = in[i] ^ turned[i & 7];
}
