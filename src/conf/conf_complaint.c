// SPDX-License-Identifier: MIT
// Words for an unknown name; see the header.
#include "wherry/conf/conf_complaint.h"

enum {
	KNOWN_MAX = 20 // as many names as a reader looks through
};

void conf_complaint_init(struct conf_complaint *complaint, struct str name)
{
	*complaint = (struct conf_complaint){.known = BUF_INIT};
	conf_suggest_init(&complaint->suggest, name);
}

void conf_complaint_offer(struct conf_complaint *complaint, const char *name)
{
	conf_suggest_offer(&complaint->suggest, str_from(name));
	if (++complaint->count <= KNOWN_MAX)
		buf_printf(&complaint->known, "%s%s", complaint->count > 1 ? ", " : "",
			name);
	else if (complaint->count == KNOWN_MAX + 1)
		buf_append_str(&complaint->known, STR(", ..."));
}

void conf_complaint_write(
	struct conf_complaint *complaint, const char *thing, struct buf *ret_error)
{
	struct str nearest = complaint->suggest.nearest;
	buf_printf(ret_error, "unknown %s \"%.*s\"", thing,
		STR_ARG(complaint->suggest.word));
	if (nearest.length > 0)
		buf_printf(ret_error, ", did you mean \"%.*s\"?", STR_ARG(nearest));
	if (complaint->count > 0)
		buf_printf(ret_error, " (expected one of %.*s)",
			STR_ARG(buf_str(&complaint->known)));
	buf_finish(&complaint->known);
}
