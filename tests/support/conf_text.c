// SPDX-License-Identifier: MIT
// The loader, with its mistakes shown by the test that made them.
#include "conf_text.h"

#include <criterion/criterion.h>

#include "wherry/conf/conf_load.h"

struct conf *conf_text_load(const char *text)
{
	struct conf_diag diag;

	conf_diag_init(&diag);
	struct conf *conf = conf_load_text("test.yaml", str_from(text), &diag);
	cr_assert_not_null(conf, "%.*s", STR_ARG(buf_str(&diag.text)));
	conf_diag_finish(&diag);
	return conf;
}
