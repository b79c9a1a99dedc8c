// SPDX-License-Identifier: MIT
// The rule about tokens, for access.
#pragma once

#include "wherry/proxy/access.h"

// For a route that has jwt. Allowed: the request knows its user and when that ends, and
// the claims that are passed on stand in the forward's head.
MUST_CHECK enum access_result access_jwt_check(
	const struct access_question *question, struct reply *ret_reply);
