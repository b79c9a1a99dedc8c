// SPDX-License-Identifier: MIT
// What is said of a name that nothing bears: the one that may have been meant, and those
// that there are.
#pragma once

#include "wherry/base/buf.h"
#include "wherry/conf/conf_suggest.h"

struct conf_complaint {
	struct conf_suggest suggest;
	struct buf known;
	size_t count;
};

void conf_complaint_init(struct conf_complaint *complaint, struct str name);
// One that there is; the name is borrowed.
void conf_complaint_offer(struct conf_complaint *complaint, const char *name);
// Ends it with: unknown THING "NAME", did you mean "NEAREST"? (expected one of A, B)
void conf_complaint_write(
	struct conf_complaint *complaint, const char *thing, struct buf *ret_error);
