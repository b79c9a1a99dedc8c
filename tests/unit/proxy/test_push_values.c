// SPDX-License-Identifier: MIT
#include "wherry/proxy/push_values.h"

#include <jansson.h>

#include <criterion/criterion.h>

#include "http_head.h"
#include "wherry/proto/jwt.h"

struct row {
	const char *name;
	const char *template;
	const char *expected; // NULL: a value is missing
};

static const char request[] =
	"GET /feed/caf%C3%A9/a%2Fb//last?room=1&x=a+b%26&empty=&x=2&flag&%79=z HTTP/1.1\n"
	"Host: a\n"
	"X-Room: blue\n"
	"X-Tag: a\n"
	"x-tag: b\n";

static const struct row ROWS[] = {
	{"literal", "feed", "feed"},
	{"path", "{path}", "/feed/caf\xc3\xa9/a/b//last"},
	{"first segment", "{path.0}", "feed"},
	{"decoded", "{path.1}", "caf\xc3\xa9"},
	{"slash", "{path.2}", "a/b"},
	{"empty segment", "{path.3}", NULL},
	{"last segment", "{path.4}", "last"},
	{"no segment", "{path.5}", NULL},
	{"parameter", "{query.room}", "1"},
	{"decoded parameter, the first", "{query.x}", "a b&"},
	{"empty parameter", "{query.empty}", NULL},
	{"parameter without a value", "{query.flag}", NULL},
	{"decoded name", "{query.y}", "z"},
	{"no parameter", "{query.roo}", NULL},
	{"field", "{header.x-room}", "blue"},
	{"fields of one name", "{header.X-Tag}", "a, b"},
	{"no field", "{header.X}", NULL},
	{"claim", "{claim.sub}", "ann"},
	{"claim that is a number", "{claim.n}", "7"},
	{"no claim", "{claim.iss}", NULL},
	{"several", "r:{query.room}:{claim.sub}:{path.0}", "r:1:ann:feed"},
};

static bool find(void *arg, const struct template_part *part, struct buf *out)
{
	return push_values_find(arg, part, out);
}

static void expect(const struct row *row, const struct http_message *message,
	const struct jwt *token)
{
	struct push_values values = {0};
	struct buf out = BUF_INIT;
	struct template template;
	struct template_error error;
	const struct template_part *missing;
	cr_assert(template_parse(str_from(row->template), ~0U, &template, &error));
	push_values_take_head(&values, &template, message, message->path);
	push_values_take_claims(&values, &template, token);
	enum template_result result =
		template_expand(&template, find, &values, 255, &out, &missing);
	cr_assert_eq(
		result, row->expected ? TEMPLATE_OK : TEMPLATE_MISSING, "%s", row->name);
	if (row->expected)
		cr_assert(str_equal(buf_str(&out), str_from(row->expected)), "%s: %.*s",
			row->name, STR_ARG(buf_str(&out)));
	buf_finish(&out);
	push_values_finish(&values);
}

Test(push_values, remembers_what_templates_name)
{
	static struct http_head head;
	struct jwt token = {.claims = json_pack("{s:s,s:i}", "sub", "ann", "n", 7)};
	http_head_read(&head, HTTP_REQUEST, request);
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++)
		expect(&ROWS[i], &head.message, &token);
	json_decref(token.claims);
}
