// SPDX-License-Identifier: MIT
// The table of signature algorithms; see the header.
#include "wherry/proto/jwt_algorithm.h"

// RFC 7518: secrets no shorter than the hash (section 3.2), one curve for each ES
// algorithm and two numbers of its size as the signature (section 3.4).
static const struct jwt_algorithm_facts table[JWT_ALGORITHM_COUNT] = {
	[JWT_HS256] = {"HS256", "oct", NULL, 32, 32},
	[JWT_HS384] = {"HS384", "oct", NULL, 48, 48},
	[JWT_HS512] = {"HS512", "oct", NULL, 64, 64},
	[JWT_RS256] = {"RS256", "RSA", NULL, 0, 0},
	[JWT_RS384] = {"RS384", "RSA", NULL, 0, 0},
	[JWT_RS512] = {"RS512", "RSA", NULL, 0, 0},
	[JWT_PS256] = {"PS256", "RSA", NULL, 0, 0},
	[JWT_PS384] = {"PS384", "RSA", NULL, 0, 0},
	[JWT_PS512] = {"PS512", "RSA", NULL, 0, 0},
	[JWT_ES256] = {"ES256", "EC", "P-256", 0, 64},
	[JWT_ES384] = {"ES384", "EC", "P-384", 0, 96},
	[JWT_ES512] = {"ES512", "EC", "P-521", 0, 132},
};

const struct jwt_algorithm_facts *jwt_algorithm_facts(enum jwt_algorithm algorithm)
{
	return &table[algorithm];
}

bool jwt_algorithm_find(struct str name, enum jwt_algorithm *ret_algorithm)
{
	for (size_t i = 0; i < JWT_ALGORITHM_COUNT; i++) {
		if (!str_equal(name, str_from(table[i].name)))
			continue;
		*ret_algorithm = (enum jwt_algorithm)i;
		return true;
	}
	return false;
}

uint32_t jwt_algorithm_fitting(struct str key_type, struct str curve)
{
	uint32_t fitting = 0;
	for (size_t i = 0; i < JWT_ALGORITHM_COUNT; i++) {
		if (str_equal(key_type, str_from(table[i].key_type)) &&
			(!table[i].curve || str_equal(curve, str_from(table[i].curve))))
			fitting |= jwt_algorithm_bit((enum jwt_algorithm)i);
	}
	return fitting;
}
