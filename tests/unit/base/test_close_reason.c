// SPDX-License-Identifier: MIT
// The table of close reasons: complete, distinct, and with codes that may be sent.
#include "wherry/base/close_reason.h"

#include <stdbool.h>
#include <string.h>

#include <criterion/criterion.h>

Test(close_reason, has_distinct_metric_names)
{
	for (int a = 0; a < CLOSE_REASON_COUNT; a++) {
		const char *name = close_reason_name((enum close_reason)a);

		cr_assert_not_null(name);
		cr_expect_eq(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_"),
			strlen(name), "%s", name);
		for (int b = 0; b < a; b++)
			cr_expect_str_neq(name, close_reason_name((enum close_reason)b));
	}
}

Test(close_reason, sends_only_codes_that_may_be_sent)
{
	// RFC 6455 section 7.4.1: 1004 to 1006 and 1015 are reserved.
	for (int i = 0; i < CLOSE_REASON_COUNT; i++) {
		uint16_t code = close_reason_code((enum close_reason)i);
		bool may_be_sent = code == 0 || (code >= 1000 && code <= 1003) ||
				   (code >= 1007 && code <= 1014);

		cr_expect(may_be_sent, "%s has %u",
			close_reason_name((enum close_reason)i), (unsigned)code);
	}
}

Test(close_reason, tells_the_cause)
{
	cr_expect_str_eq(close_reason_name(CLOSE_REASON_BACKEND_LOST), "backend_lost");
	cr_expect_eq(close_reason_code(CLOSE_REASON_BACKEND_LOST), 1014);
	cr_expect_eq(close_reason_code(CLOSE_REASON_PROTOCOL), 1002);
	cr_expect_eq(close_reason_code(CLOSE_REASON_BAD_UTF8), 1007);
	cr_expect_eq(close_reason_code(CLOSE_REASON_TOO_BIG), 1009);
	cr_expect_eq(close_reason_code(CLOSE_REASON_SHUTDOWN), 1001);
	cr_expect_eq(close_reason_code(CLOSE_REASON_CLIENT_CLOSED), 0);
}
