// SPDX-License-Identifier: MIT
// Writes commands; see the header.
#include "wherry/proto/resp.h"

#include <inttypes.h>
#include <stdio.h>

static void add_count(struct buf *out, struct str type, size_t count)
{
	buf_append_str(out, type);
	buf_append_u64(out, count);
	buf_append_str(out, STR("\r\n"));
}

void resp_begin(struct buf *out, size_t count)
{
	add_count(out, STR("*"), count);
}

void resp_add(struct buf *out, struct str word)
{
	add_count(out, STR("$"), word.length);
	buf_append_str(out, word);
	buf_append_str(out, STR("\r\n"));
}

void resp_add_u64(struct buf *out, uint64_t number)
{
	char digits[sizeof("18446744073709551615")];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, number);
	resp_add(out, (struct str){digits, (size_t)length});
}
