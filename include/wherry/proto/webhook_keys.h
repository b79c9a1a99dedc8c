// SPDX-License-Identifier: MIT
// The keys that the signatures of webhooks are verified with, from the lines of a secret
// file: several, so that a sender can change its secret while both are good. Immutable:
// threads may share it. Verifying is webhook_signature's.
#pragma once

#include "wherry/base/str.h"

enum webhook_scheme {
	WEBHOOK_STANDARD,    // Standard Webhooks 1.0: v1 and v1a
	WEBHOOK_GITHUB,      // X-Hub-Signature-256
	WEBHOOK_HMAC_SHA256, // of the body alone, in hex or base64
};

enum {
	WEBHOOK_KEYS_MAX = 8,         // in one file
	WEBHOOK_KEYS_MIN_SECRET = 16, // bytes; shorter ones can be guessed
	WEBHOOK_KEYS_MAX_SECRET = 1024,
	WEBHOOK_KEYS_ERROR_SIZE = 128
};

struct webhook_keys;

struct webhook_keys_error {
	size_t line; // from 1; 0 = no line of its own
	char text[WEBHOOK_KEYS_ERROR_SIZE];
};

// One secret a line; empty lines are left out. Standard webhooks: "whsec_" and the secret
// in base64, or "whpk_" and an Ed25519 public key in base64; the other schemes: the line
// is the secret. NULL: *reterr says why, without anything of a secret in it.
MUST_CHECK struct webhook_keys *webhook_keys_create(
	enum webhook_scheme scheme, struct str text, struct webhook_keys_error *reterr);
// Wipes them. NULL is allowed.
void webhook_keys_destroy(struct webhook_keys *keys);
