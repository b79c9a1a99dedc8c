// SPDX-License-Identifier: MIT
// Finds one value of a JSON text by the way down to it, "repository.full_name": names of
// members, or numbers of items from 0, with "." between.
#pragma once

#include "wherry/base/str.h"

// text is one that json_text_is_value; *ret_value is a slice of it. False if there is no
// such value, or more than one: of a name that stands twice nobody knows which is meant
// (RFC 8259 section 4).
MUST_CHECK bool json_way_find(struct str text, struct str way, struct str *ret_value);
