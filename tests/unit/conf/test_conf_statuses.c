// SPDX-License-Identifier: MIT
#include "wherry/conf/conf_statuses.h"

#include <criterion/criterion.h>

Test(conf_statuses, takes_statuses_and_ranges)
{
	static const struct {
		const char *text;
		const char *written; // NULL: is refused
	} rows[] = {
		{"200", "200"},
		{"200-399", "200-399"},
		{"599-599", "599"},
		{"200-599", "200-599"},
		{"", NULL},
		{"-", NULL},
		{"200-", NULL},
		{"-200", NULL},
		{"199", NULL},
		{"600", NULL},
		{"101", NULL},
		{"300-200", NULL},
		{"200-300-400", NULL},
		{"2xx", NULL},
		{" 200", NULL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct conf_statuses statuses = {0};
		struct buf out = BUF_INIT;
		bool is_good = conf_statuses_add(&statuses, str_from(rows[i].text));
		cr_expect_eq(is_good, rows[i].written != NULL, "%s", rows[i].text);
		conf_statuses_write(&statuses, &out);
		cr_expect(str_equal(buf_str(&out),
				  str_from(rows[i].written ? rows[i].written : "")),
			"%s: %.*s", rows[i].text, STR_ARG(buf_str(&out)));
		buf_finish(&out);
	}
}

Test(conf_statuses, joins_and_tells_what_it_has)
{
	struct conf_statuses statuses = {0};
	struct buf out = BUF_INIT;
	cr_expect(conf_statuses_add(&statuses, STR("404")));
	cr_expect(conf_statuses_add(&statuses, STR("200-204")));
	cr_expect(conf_statuses_add(&statuses, STR("203-206")));
	for (unsigned status = 0; status < 1200; status++)
		cr_expect_eq(conf_statuses_has(&statuses, status),
			(status >= 200 && status <= 206) || status == 404, "%u", status);
	conf_statuses_write(&statuses, &out);
	cr_expect(str_equal(buf_str(&out), STR("200-206, 404")));
	buf_finish(&out);
}
