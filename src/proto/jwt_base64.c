// SPDX-License-Identifier: MIT
// base64url; see the header.
#include "wherry/proto/jwt_base64.h"

static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '-')
		return 62;
	return c == '_' ? 63 : -1;
}

bool jwt_base64_decode(struct str text, uint8_t *out, size_t *ret_length)
{
	uint32_t bits = 0;
	unsigned bit_count = 0;
	size_t length = 0;
	for (size_t i = 0; i < text.length; i++) {
		int value = value_of(text.data[i]);
		if (value < 0)
			return false;
		bits = (bits << 6 | (uint32_t)value) & 0xffff;
		bit_count += 6;
		if (bit_count < 8)
			continue;
		bit_count -= 8;
		out[length++] = (uint8_t)(bits >> bit_count);
	}
	*ret_length = length;
	uint32_t rest = bits & ((UINT32_C(1) << bit_count) - 1);
	return text.length % 4 != 1 && rest == 0;
}
