// SPDX-License-Identifier: MIT
// The table of close reasons, looked up by its enum.
#include "wherry/base/close_reason.h"

#include <assert.h>

struct row {
	const char *name;
	uint16_t code;
};

static const struct row rows[] = {
#define X(symbol, name, code, help) [CLOSE_REASON_##symbol] = {name, code},
	CLOSE_REASONS(X)
#undef X
};

const char *close_reason_name(enum close_reason reason)
{
	assert((unsigned)reason < CLOSE_REASON_COUNT);
	return rows[reason].name;
}

uint16_t close_reason_code(enum close_reason reason)
{
	assert((unsigned)reason < CLOSE_REASON_COUNT);
	return rows[reason].code;
}
