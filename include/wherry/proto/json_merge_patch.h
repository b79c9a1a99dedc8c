// SPDX-License-Identifier: MIT
// JSON merge patches (RFC 7396) between two texts. Numbers are compared as IEEE doubles
// or 64-bit integers, as nearly every reader does (RFC 8259 section 6).
#pragma once

#include "wherry/base/buf.h"

// Appends the patch that makes before, a JSON object, the same JSON value as after: it
// was applied to prove so. False, and nothing appended: there is none that is shorter
// than after (null in an object can't be said, RFC 7396 section 1), one of them is no
// JSON object, or memory is short; then after itself is to be sent.
MUST_CHECK bool json_merge_patch_make(
	struct str before, struct str after, struct buf *out);

// Appends what patch makes of target. False, and nothing appended: one of them is no
// JSON, or memory is short.
MUST_CHECK bool json_merge_patch_apply(
	struct str target, struct str patch, struct buf *out);
