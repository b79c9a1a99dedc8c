// SPDX-License-Identifier: MIT
// A set of statuses; see the header.
#include "wherry/conf/conf_statuses.h"

#include <string.h>

static bool parse_status(struct str text, unsigned *ret_status)
{
	uint64_t value;
	if (!str_parse_u64(text, CONF_STATUSES_MAX, &value) || value < CONF_STATUSES_MIN)
		return false;
	*ret_status = (unsigned)value;
	return true;
}

bool conf_statuses_add(struct conf_statuses *statuses, struct str text)
{
	const char *dash = memchr(text.data ? text.data : "", '-', text.length);
	struct str first = text, last = text;
	unsigned low, high;
	if (dash) {
		first.length = (size_t)(dash - text.data);
		last = (struct str){dash + 1, text.length - first.length - 1};
	}
	if (!parse_status(first, &low) || !parse_status(last, &high) || low > high)
		return false;
	for (unsigned i = low - CONF_STATUSES_MIN; i <= high - CONF_STATUSES_MIN; i++)
		statuses->bits[i / 64] |= UINT64_C(1) << (i % 64);
	return true;
}

bool conf_statuses_has(const struct conf_statuses *statuses, unsigned status)
{
	if (status < CONF_STATUSES_MIN || status > CONF_STATUSES_MAX)
		return false;
	unsigned bit = status - CONF_STATUSES_MIN;
	return (statuses->bits[bit / 64] >> (bit % 64) & 1) != 0;
}

void conf_statuses_write(const struct conf_statuses *statuses, struct buf *out)
{
	const char *separator = "";
	for (unsigned first = CONF_STATUSES_MIN; first <= CONF_STATUSES_MAX; first++) {
		unsigned last = first;
		if (!conf_statuses_has(statuses, first))
			continue;
		while (conf_statuses_has(statuses, last + 1))
			last++;
		buf_printf(out, "%s%u", separator, first);
		if (last > first)
			buf_printf(out, "-%u", last);
		separator = ", ";
		first = last;
	}
}
