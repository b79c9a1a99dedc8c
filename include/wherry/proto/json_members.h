// SPDX-License-Identifier: MIT
// A JSON object of members that are all known: what clients of wherry.v1 send.
#pragma once

#include "wherry/base/attributes.h"
#include "wherry/base/str.h"

// Sorts the members of the object that text is by these names; ret_values are slices of
// it, {NULL, 0} what is not there. NULL, or what is wrong with it: it is no object, or
// has a member of another name, or one twice. That is static.
MUST_CHECK const char *json_members_sort(
	struct str text, const char *const *names, size_t count, struct str *ret_values);
