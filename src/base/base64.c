// SPDX-License-Identifier: MIT
// base64; see the header.
#include "wherry/base/base64.h"

enum {
	PIECE_SIZE = 256, // characters that are appended at once; a multiple of 4
};

static const char digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Up to three bytes as four characters.
static void encode_group(const uint8_t *bytes, size_t count, char out[4])
{
	unsigned bits = (unsigned)bytes[0] << 16;
	if (count > 1)
		bits |= (unsigned)bytes[1] << 8;
	if (count > 2)
		bits |= bytes[2];
	for (size_t i = 0; i < 4; i++)
		out[i] = i > count ? '=' : digits[bits >> (18 - 6 * i) & 63];
}

void base64_encode(struct buf *out, struct str bytes)
{
	const uint8_t *data = (const uint8_t *)bytes.data;
	char piece[PIECE_SIZE];
	size_t used = 0;
	for (size_t at = 0; at < bytes.length; at += 3) {
		encode_group(data + at, bytes.length - at < 3 ? bytes.length - at : 3,
			piece + used);
		used += 4;
		if (used < sizeof(piece))
			continue;
		buf_append(out, piece, used);
		used = 0;
	}
	buf_append(out, piece, used);
}

// last: the two digits that the spellings differ in.
static int decode_digit(char c, const char last[2])
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == last[0] ? 62 : c == last[1] ? 63 : -1;
}

// Of two characters at the end the last has four bits to spare, of three two.
static bool decode(struct str text, const char last[2], uint8_t *out, size_t *ret_length)
{
	size_t length = 0, rest = text.length % 4;
	unsigned bits = 0, spare = rest > 0 ? 2 * (4 - (unsigned)rest) : 0;
	for (size_t i = 0; i < text.length; i++) {
		int digit = decode_digit(text.data[i], last);
		if (digit < 0)
			return false;
		bits = (bits << 6 | (unsigned)digit) & 0xffffff;
		if (i % 4 != 0)
			out[length++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
	}
	*ret_length = length;
	return rest != 1 && (bits & ((1U << spare) - 1)) == 0;
}

bool base64_decode(struct str text, uint8_t *out, size_t *ret_length)
{
	if (text.length % 4 != 0)
		return false;
	for (size_t i = 0; i < 2 && text.length > 0; i++)
		text.length -= text.data[text.length - 1] == '=';
	return decode(text, "+/", out, ret_length);
}

bool base64_decode_url(struct str text, uint8_t *out, size_t *ret_length)
{
	return decode(text, "-_", out, ret_length);
}
