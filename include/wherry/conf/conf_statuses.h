// SPDX-License-Identifier: MIT
// A set of HTTP response statuses, 200 to 599: pure data.
#pragma once

#include "wherry/base/buf.h"

enum {
	CONF_STATUSES_MIN = 200,
	CONF_STATUSES_MAX = 599
};

struct conf_statuses {
	uint64_t bits[7]; // of status - CONF_STATUSES_MIN
};

// Adds "404" or "200-399". False, and nothing is added, if the text is neither.
MUST_CHECK bool conf_statuses_add(struct conf_statuses *statuses, struct str text);
bool conf_statuses_has(const struct conf_statuses *statuses, unsigned status);
// "200-399, 404".
void conf_statuses_write(const struct conf_statuses *statuses, struct buf *out);
