// SPDX-License-Identifier: MIT
// Commands on the wire.
#include "wherry/proto/resp.h"

#include <criterion/criterion.h>

Test(resp, writes_words_as_they_are)
{
	struct buf out = BUF_INIT;

	resp_begin(&out, 4);
	resp_add(&out, STR("SET"));
	resp_add(&out, STR(""));
	resp_add(&out, STR("a\0\r\nb"));
	resp_add_u64(&out, UINT64_MAX);
	cr_expect(str_equal(
		buf_str(&out), STR("*4\r\n$3\r\nSET\r\n$0\r\n\r\n$5\r\na\0\r\nb\r\n"
				   "$20\r\n18446744073709551615\r\n")));
	buf_finish(&out);
}
