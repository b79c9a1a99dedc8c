// SPDX-License-Identifier: MIT
// The keys as webhook_signature uses them.
#pragma once

#include <openssl/evp.h>

#include "wherry/proto/webhook_keys.h"

// One of the two.
struct webhook_key {
	EVP_MAC_CTX *mac; // HMAC-SHA256, keyed, to be copied
	EVP_PKEY *ed25519;
};

struct webhook_keys {
	enum webhook_scheme scheme;
	size_t count; // at least 1
	struct webhook_key keys[WEBHOOK_KEYS_MAX];
};
