// SPDX-License-Identifier: MIT
// SipHash; see the header.
#include "wherry/base/siphash.h"

#include <endian.h>
#include <string.h>
#include <sys/random.h>

// State v0 to v3.
struct sip {
	uint64_t v[4];
};

static uint64_t rotate(uint64_t value, unsigned bits)
{
	return value << bits | value >> (64 - bits);
}

static void sip_rounds(struct sip *sip, unsigned count)
{
	uint64_t *v = sip->v;

	while (count-- > 0) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] = rotate(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] = rotate(v[2], 32);
	}
}

static void sip_take(struct sip *sip, uint64_t word)
{
	sip->v[3] ^= word;
	sip_rounds(sip, 2);
	sip->v[0] ^= word;
}

static uint64_t read_word(const uint8_t *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return le64toh(word);
}

// Fewer than 8 bytes, little-endian.
static uint64_t read_rest(const uint8_t *bytes, size_t length)
{
	uint64_t word = 0;

	for (size_t i = 0; i < length; i++)
		word |= (uint64_t)bytes[i] << (8 * i);
	return word;
}

bool siphash_make_seed(struct siphash_seed *ret_seed)
{
	// Requests this short are filled at once.
	return getrandom(ret_seed, sizeof(*ret_seed), 0) == (ssize_t)sizeof(*ret_seed);
}

uint64_t siphash(const struct siphash_seed *seed, const void *data, size_t length)
{
	const uint8_t *bytes = data;
	struct sip sip = {{
		seed->words[0] ^ UINT64_C(0x736f6d6570736575),
		seed->words[1] ^ UINT64_C(0x646f72616e646f6d),
		seed->words[0] ^ UINT64_C(0x6c7967656e657261),
		seed->words[1] ^ UINT64_C(0x7465646279746573),
	}};
	size_t left = length;

	for (; left >= 8; left -= 8, bytes += 8)
		sip_take(&sip, read_word(bytes));
	uint64_t last = read_rest(bytes, left);
	sip_take(&sip, last | (uint64_t)length << 56);
	sip.v[2] ^= 0xff;
	sip_rounds(&sip, 4);
	return sip.v[0] ^ sip.v[1] ^ sip.v[2] ^ sip.v[3];
}
