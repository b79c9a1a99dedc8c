// SPDX-License-Identifier: MIT
// Entity tags (RFC 9110 section 8.8.3), and lists of them in If-None-Match.
#pragma once

#include "wherry/base/str.h"

// [ W/ ] DQUOTE *etagc DQUOTE
bool http_etag_is_valid(struct str tag);
// Is tag in the list, by weak comparison (section 8.8.3.2), or is the list "*"? What
// follows something that is no tag is not looked at. For several fields of the name, ask
// of each.
bool http_etag_is_listed(struct str list, struct str tag);
