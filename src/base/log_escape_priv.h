// SPDX-License-Identifier: MIT
// The escaping of log_escape for a text that reaches to the end of its line.
#pragma once

#include "wherry/base/buf.h"

// As log_escape does in text, but quotes stay: nothing follows that they could end.
void log_escape_message(struct buf *buf, struct str message);
