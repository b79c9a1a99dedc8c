// SPDX-License-Identifier: MIT
// What polls of a live URL are answered with, but for the body.
#pragma once

#include "wherry/base/str.h"

struct live_entry;

// The head of an answer from the entry's snapshot, which there must be: of a 200, or of a
// 304; without the Connection field and the line that ends it. Lent until the next call.
// Empty when memory is short.
struct str live_answer_head(struct live_entry *entry, bool is_modified);
