// SPDX-License-Identifier: MIT
// Whether the names in the URLs of a configuration lead to an address at the moment, by
// the name servers that it sets. For `wherry check`: a start does not wait for it.
#pragma once

#include "wherry/base/buf.h"
#include "wherry/conf/conf.h"

// Asks and waits, at most resolver.timeout and a little. Appends one line for each server
// whose name has no address.
void check_names_resolve(const struct conf *conf, struct buf *ret_text);
