// SPDX-License-Identifier: MIT
// Which files say the same.
#include <string.h>

#include <criterion/criterion.h>

#include "wherry/conf/conf_load.h"

#define COUNT(rows) (sizeof(rows) / sizeof(*(rows)))

#define FILE_OF(more)                                                                    \
	"listeners: [{ address: 127.0.0.1:80 }]\n"                                       \
	"upstreams: { a: { servers: [{ url: http://127.0.0.1:90 }] } }\n"                \
	"routes: [{ to: a }]\n" more

static struct conf *load(const char *text)
{
	struct conf_diag diag;
	conf_diag_init(&diag);
	struct conf *conf = conf_load_text("test.yaml", str_from(text), &diag);
	cr_assert_not_null(conf, "%s\n%.*s", text, STR_ARG(buf_str(&diag.text)));
	conf_diag_finish(&diag);
	return conf;
}

static const struct {
	const char *name, *text;
	bool is_same;
} rows[] = {
	{"itself", FILE_OF(""), true},
	{"with comments and blank lines", FILE_OF("# what for\n\n"), true},
	{"with a default written out", FILE_OF("workers: auto\n"), true},
	{"with a block of defaults written out",
		FILE_OF("timeouts: { connect: 5s }\ndrain:\n"), true},
	{"with defaults of lists written out", FILE_OF("trusted_proxies: []\n"), true},
	{"in another order and style",
		"routes:\n  - to: 'a'\n"
		"upstreams:\n  a:\n    servers:\n      - http://127.0.0.1:90\n"
		"listeners:\n  - address: \"127.0.0.1:80\"\n",
		true},
	{"with another value", FILE_OF("workers: 2\n"), false},
	{"with an empty block that means something",
		"listeners: [{ address: 127.0.0.1:80 }]\n"
		"upstreams: { a: { servers: [{ url: http://127.0.0.1:90 }] } }\n"
		"routes: [{ to: a, websocket: {} }]\n",
		false},
	{"with another server",
		"listeners: [{ address: 127.0.0.1:80 }]\n"
		"upstreams: { a: { servers: [{ url: http://127.0.0.1:91 }] } }\n"
		"routes: [{ to: a }]\n",
		false},
	{"with another name",
		"listeners: [{ address: 127.0.0.1:80 }]\n"
		"upstreams: { b: { servers: [{ url: http://127.0.0.1:90 }] } }\n"
		"routes: [{ to: b }]\n",
		false},
	{"with one more item", FILE_OF("trusted_proxies: [10.0.0.0/8]\n"), false},
};

Test(conf_canonical, is_the_same_for_files_that_say_the_same)
{
	struct conf *first = load(FILE_OF(""));
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct conf *other = load(rows[i].text);
		bool is_same = strcmp(first->canonical, other->canonical) == 0;
		cr_expect_eq(is_same, rows[i].is_same, "%s:\n%s\n%s", rows[i].name,
			first->canonical, other->canonical);
		conf_unref(other);
	}
	conf_unref(first);
}
