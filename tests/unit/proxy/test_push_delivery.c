// SPDX-License-Identifier: MIT
// Deliveries of webhooks: which fields say who signed, and what one is known by.
#include "wherry/proxy/push_delivery.h"

#include <criterion/criterion.h>

#include "http_head.h"

#define HEX "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
#define SECRET "It's a Secret to Everybody"

static const struct conf_verify github = {
	.scheme = CONF_WEBHOOK_GITHUB, .secret = {.path = "/etc/github.secret"}};
static const struct conf_verify generic = {.scheme = CONF_WEBHOOK_HMAC_SHA256,
	.secret = {.path = "/etc/other.secret"},
	.header = "X-Signature"};

static enum webhook_signature_result verify(
	const struct conf_verify *rules, const char *head_text, struct str body)
{
	static struct http_head head;
	struct webhook_keys_error error;
	struct webhook_keys *keys = webhook_keys_create(
		rules->scheme == CONF_WEBHOOK_GITHUB ? WEBHOOK_GITHUB
						     : WEBHOOK_HMAC_SHA256,
		STR(SECRET), &error);
	struct push_delivery delivery = {0};
	cr_assert_not_null(keys);
	http_head_read(&head, HTTP_REQUEST, head_text);
	cr_assert(push_delivery_take_head(&delivery, rules, &head.message));
	enum webhook_signature_result result =
		push_delivery_verify(&delivery, rules, keys, body, 0);
	push_delivery_finish(&delivery);
	webhook_keys_destroy(keys);
	return result;
}

Test(push_delivery, reads_the_field_of_the_scheme_or_the_route)
{
	static const char good[] = "POST / HTTP/1.1\nHost: a\n"
				   "X-HUB-Signature-256: sha256=" HEX "\n";
	cr_expect_eq(verify(&github, good, STR("Hello, World!")), WEBHOOK_SIGNATURE_OK);
	cr_expect_eq(
		verify(&github, good, STR("Hello, World?")), WEBHOOK_SIGNATURE_WRONG);
	cr_expect_eq(
		verify(&generic, good, STR("Hello, World!")), WEBHOOK_SIGNATURE_MISSING);
	cr_expect_eq(verify(&generic, "POST / HTTP/1.1\nHost: a\nx-signature: " HEX "\n",
			     STR("Hello, World!")),
		WEBHOOK_SIGNATURE_OK);
}

Test(push_delivery, takes_no_field_that_stands_twice)
{
	cr_expect_eq(verify(&generic,
			     "POST / HTTP/1.1\nHost: a\nX-Signature: " HEX
			     "\nX-Signature: " HEX "\n",
			     STR("Hello, World!")),
		WEBHOOK_SIGNATURE_MISSING);
}

// Appends the claim; false if there is none.
static bool claim(
	const struct conf_verify *rules, const char *id, struct str body, struct buf *out)
{
	struct push_delivery delivery = {0};
	struct push_values values = {0};
	struct push_content content = {&values, body, body};
	struct push_content_error error;
	buf_append_str(&delivery.id, str_from(id));
	enum push_content_result result =
		push_delivery_write_claim(&delivery, rules, &content, out, &error);
	push_delivery_finish(&delivery);
	return result == PUSH_CONTENT_OK;
}

static bool is_same(const struct conf_verify *rules, const char *id, struct str body,
	const struct conf_verify *other_rules, const char *other_id,
	struct str other_body)
{
	struct buf one = BUF_INIT, other = BUF_INIT;
	cr_assert(claim(rules, id, body, &one));
	cr_assert(claim(other_rules, other_id, other_body, &other));
	cr_expect_eq(one.length, 44);
	bool result = str_equal(buf_str(&one), buf_str(&other));
	buf_finish(&one);
	buf_finish(&other);
	return result;
}

Test(push_delivery, is_known_by_its_id)
{
	struct conf_verify moved = github;
	moved.secret.path = "/etc/another.secret";
	cr_expect(is_same(&github, "1", STR("a"), &github, "1", STR("b")));
	cr_expect_not(is_same(&github, "1", STR("a"), &github, "2", STR("a")));
	cr_expect_not(is_same(&github, "1", STR("a"), &moved, "1", STR("a")));
}

Test(push_delivery, is_known_by_its_body_without_one)
{
	cr_expect(is_same(&generic, "", STR("a"), &generic, "", STR("a")));
	cr_expect_not(is_same(&generic, "", STR("a"), &generic, "", STR("b")));
}

Test(push_delivery, is_known_by_what_the_route_says)
{
	struct conf_verify rules = generic;
	struct template template;
	struct template_error error;
	cr_assert(template_parse(STR("{json.id}"), ~0U, &template, &error));
	rules.id = &template;
	cr_expect(is_same(
		&rules, "", STR("{\"id\":1}"), &rules, "", STR("{\"id\":1,\"a\":2}")));
	cr_expect_not(
		is_same(&rules, "", STR("{\"id\":1}"), &rules, "", STR("{\"id\":2}")));
}

Test(push_delivery, has_an_id_where_one_is_asked_for)
{
	struct buf out = BUF_INIT;
	cr_expect_not(claim(&github, "", STR("a"), &out));
	buf_finish(&out);
}
