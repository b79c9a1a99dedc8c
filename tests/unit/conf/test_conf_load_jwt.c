// SPDX-License-Identifier: MIT
// The jwt block of a route; its mistakes stand in data/bad/jwt.yaml.
#include <criterion/criterion.h>

#include "wherry/conf/conf_load.h"

static struct conf *load(const char *jwt)
{
	struct conf_diag diag;
	struct buf text = BUF_INIT;
	conf_diag_init(&diag);
	buf_printf(&text,
		"listeners: [{ address: \"127.0.0.1:1\" }]\n"
		"routes: [{ to: a, jwt: %s }]\n"
		"upstreams: { a: { servers: [\"http://127.0.0.1:2\"] } }\n",
		jwt);
	struct conf *conf = conf_load_text("folder/t.yaml", buf_str(&text), &diag);
	buf_append(&diag.text, "", 1);
	cr_assert(conf, "%s", diag.text.data);
	conf_diag_finish(&diag);
	buf_finish(&text);
	return conf;
}

Test(conf_load_jwt, has_strict_defaults)
{
	struct conf *conf = load("{ jwks: keys.json }");
	const struct conf_jwt *jwt = &conf->routes[0].jwt;
	cr_expect(conf->routes[0].has_jwt);
	cr_expect_str_eq(jwt->jwks.path, "folder/keys.json");
	cr_expect_str_eq(jwt->jwks.named_at, "folder/t.yaml:2:32");
	cr_expect_eq(jwt->algorithms.count, 0);
	cr_expect_eq(jwt->issuers.count, 0);
	cr_expect_eq(jwt->audiences.count, 0);
	cr_expect_eq(jwt->leeway_ms, 30000);
	cr_expect(jwt->requires_expiry);
	cr_assert_eq(jwt->place_count, 1);
	cr_expect_eq(jwt->places[0].kind, CONF_TOKEN_AUTHORIZATION);
	cr_expect_null(jwt->subprotocol);
	cr_expect_not(jwt->is_in_query);
	cr_expect_eq(jwt->claim_count, 0);
	cr_expect_eq(jwt->forward.set_count, 0);
	cr_expect_eq(conf->routes[0].added_fields.count, 0);
	cr_expect_str_eq(jwt->realm, "wherry");
	cr_expect_eq(jwt->close_code, 1008);
	conf_unref(conf);
}

Test(conf_load_jwt, reads_every_key)
{
	struct conf *conf = load(
		"{ jwks: /etc/keys.json, algorithms: [ES256, PS512], issuer: i, "
		"audience: [a, b], leeway: 0s, require_expiry: false, "
		"from: [subprotocol=bearer, cookie=__Host-t, query=access_token, "
		"authorization], claims: { scope: \"x y\", level: 3 }, "
		"forward: { X-User: sub, X-Level: level }, realm: a b, close_code: 4401 "
		"}");
	const struct conf_jwt *jwt = &conf->routes[0].jwt;
	cr_expect_str_eq(jwt->jwks.path, "/etc/keys.json");
	cr_assert_eq(jwt->algorithms.count, 2);
	cr_expect_str_eq(jwt->algorithms.names[1], "PS512");
	cr_assert_eq(jwt->issuers.count, 1);
	cr_expect_str_eq(jwt->issuers.names[0], "i");
	cr_assert_eq(jwt->audiences.count, 2);
	cr_expect_str_eq(jwt->audiences.names[1], "b");
	cr_expect_eq(jwt->leeway_ms, 0);
	cr_expect_not(jwt->requires_expiry);
	cr_assert_eq(jwt->place_count, 4);
	cr_expect_eq(jwt->places[0].kind, CONF_TOKEN_SUBPROTOCOL);
	cr_expect_str_eq(jwt->subprotocol, "bearer");
	cr_expect_eq(jwt->places[1].kind, CONF_TOKEN_COOKIE);
	cr_expect_str_eq(jwt->places[1].name, "__Host-t");
	cr_expect_eq(jwt->places[2].kind, CONF_TOKEN_QUERY);
	cr_expect_str_eq(jwt->places[2].name, "access_token");
	cr_expect(jwt->is_in_query);
	cr_assert_eq(jwt->claim_count, 2);
	cr_expect_str_eq(jwt->claims[0].value, "x y");
	cr_expect_str_eq(jwt->claims[1].name, "level");
	cr_expect_str_eq(jwt->claims[1].value, "3");
	cr_assert_eq(jwt->forward.set_count, 2);
	cr_expect_str_eq(jwt->forward.set[1].name, "X-Level");
	cr_expect_str_eq(jwt->forward.set[1].value, "level");
	cr_assert_eq(conf->routes[0].added_fields.count, 2);
	cr_expect_str_eq(conf->routes[0].added_fields.names[0], "X-User");
	cr_expect_str_eq(jwt->realm, "a b");
	cr_expect_eq(jwt->close_code, 4401);
	conf_unref(conf);
}
