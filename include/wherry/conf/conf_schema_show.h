// SPDX-License-Identifier: MIT
// The way back: from a loaded configuration to the text of a key's value, for whoever
// asks what holds in the end, defaults and what is derived included.
#pragma once

#include "wherry/conf/conf_schema.h"

// Appends the value as it would be written. item is what the key's field is counted from:
// a list element or named mapping, else struct conf. False, and nothing, for what is not
// one plain value, and for a text that is not set.
bool conf_schema_show(
	struct buf *out, const struct conf_schema_key *key, const void *item);
