// SPDX-License-Identifier: MIT
// Where a token may stand in a request: pure, looks at nothing behind the head.
#pragma once

#include "wherry/conf/conf.h"
#include "wherry/proto/http_message.h"

// How many tokens stand in that place; *ret_token is the last one, a slice of the
// message. With more than one the backend may read another one than we do.
size_t token_place_find(const struct conf_token_place *place,
	const struct http_message *message, struct str *ret_token);
