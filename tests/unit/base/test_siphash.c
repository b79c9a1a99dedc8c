// SPDX-License-Identifier: MIT
// The hash against the vectors of its authors.
#include "wherry/base/siphash.h"

#include <criterion/criterion.h>

// Of the reference implementation: key 00 01 .. 0f, input 00 01 .. of each length.
Test(siphash, gives_the_published_values)
{
	static const struct {
		size_t length;
		uint64_t hash;
	} ROWS[] = {
		{0, UINT64_C(0x726fdb47dd0e0e31)},
		{1, UINT64_C(0x74f839c593dc67fd)},
		{7, UINT64_C(0xab0200f58b01d137)},
		{8, UINT64_C(0x93f5f5799a932462)},
		{15, UINT64_C(0xa129ca6149be45e5)},
	};
	static const struct siphash_seed SEED = {
		{UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)}};
	uint8_t input[16];

	for (size_t i = 0; i < sizeof(input); i++)
		input[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++)
		cr_expect_eq(siphash(&SEED, input, ROWS[i].length), ROWS[i].hash,
			"length %zu", ROWS[i].length);
}

Test(siphash, has_a_seed_of_its_own_each_time)
{
	struct siphash_seed one, other;

	cr_assert(siphash_make_seed(&one));
	cr_assert(siphash_make_seed(&other));
	cr_expect(one.words[0] != other.words[0] || one.words[1] != other.words[1]);
}
