// SPDX-License-Identifier: MIT
// What the cookie of `balance: sticky` holds: a token for each server, which tells
// nothing about it and which only who knows the secret can make.
#pragma once

#include "wherry/base/buf.h"
#include "wherry/conf/conf.h"

enum {
	STICKY_KEY_SIZE = 32,
	STICKY_TOKEN_LENGTH = 32, // hexadecimal digits, of 128 bits
	STICKY_SECRET_MIN = 16,   // bytes of the file
};

struct sticky_key {
	uint8_t bytes[STICKY_KEY_SIZE];
};

struct sticky_token {
	char text[STICKY_TOKEN_LENGTH];
};

// A random one; false when there is no randomness.
MUST_CHECK bool sticky_make_key(struct sticky_key *ret_key);
// The one that the file's content makes. Blocks on the disk. False with one line more in
// *ret_text.
MUST_CHECK bool sticky_read_key(
	const struct conf_file *file, struct sticky_key *ret_key, struct buf *ret_text);

// The token of a group's server: HMAC-SHA256 of both names, cut to half. False when
// memory is short.
MUST_CHECK bool sticky_make_token(const struct sticky_key *key, const char *group,
	const char *server, struct sticky_token *ret_token);
// Is this what a client shows? Takes the same time wherever they differ.
bool sticky_is_equal(const struct sticky_token *token, struct str shown);
