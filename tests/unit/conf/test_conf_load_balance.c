// SPDX-License-Identifier: MIT
// How servers are chosen: what each form of the keys means.
#include <stdio.h>

#include <criterion/criterion.h>

#include "wherry/conf/conf_load.h"

Test(conf_load_balance, reads_each_method_of_balancing)
{
	static const struct {
		const char *text;
		enum conf_balance balance;
		enum conf_hash_kind kind;
		const char *name;
	} rows[] = {
		{"round_robin", CONF_BALANCE_ROUND_ROBIN, CONF_HASH_IP, ""},
		{"least_connections", CONF_BALANCE_LEAST_CONNECTIONS, CONF_HASH_IP, ""},
		{"random_two", CONF_BALANCE_RANDOM_TWO, CONF_HASH_IP, ""},
		{"sticky", CONF_BALANCE_STICKY, CONF_HASH_IP, ""},
		{"hash:ip", CONF_BALANCE_HASH, CONF_HASH_IP, ""},
		{"hash:path", CONF_BALANCE_HASH, CONF_HASH_PATH, ""},
		{"hash:header=X-User", CONF_BALANCE_HASH, CONF_HASH_HEADER, "X-User"},
		{"hash:cookie=sid", CONF_BALANCE_HASH, CONF_HASH_COOKIE, "sid"},
		{"hash:query=room", CONF_BALANCE_HASH, CONF_HASH_QUERY, "room"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[256];
		struct conf_diag diag;
		int length = snprintf(text, sizeof(text),
			"listeners: [{ address: 127.0.0.1:0 }]\n"
			"routes: [{ to: app }]\n"
			"upstreams:\n"
			"  app: { balance: \"%s\", servers: [http://10.0.0.1:80] }\n",
			rows[i].text);
		conf_diag_init(&diag);
		struct conf *conf =
			conf_load_text("t", (struct str){text, (size_t)length}, &diag);
		cr_assert_not_null(conf, "%s", rows[i].text);
		cr_expect_eq(
			conf->upstreams[0].balance, rows[i].balance, "%s", rows[i].text);
		cr_expect_eq(
			conf->upstreams[0].hash.kind, rows[i].kind, "%s", rows[i].text);
		cr_expect_str_eq(conf->upstreams[0].hash.name, rows[i].name);
		if (rows[i].balance == CONF_BALANCE_STICKY)
			cr_expect_str_eq(conf->upstreams[0].sticky.cookie, "wherry_app");
		conf_unref(conf);
		conf_diag_finish(&diag);
	}
}

Test(conf_load_balance, reads_the_sticky_cookie)
{
	struct conf_diag diag;
	conf_diag_init(&diag);
	struct conf *conf = conf_load_text("t",
		STR("listeners: [{ address: 127.0.0.1:0 }]\n"
		    "routes: [{ to: app }]\n"
		    "upstreams:\n"
		    "  app:\n"
		    "    servers: [http://10.0.0.1:80]\n"
		    "    balance: sticky\n"
		    "    session: query=room\n"
		    "    sticky:\n"
		    "      { cookie: srv, secret_file: /s, max_age: 1h, same_site: none "
		    "}\n"),
		&diag);
	cr_assert_not_null(conf);
	const struct conf_sticky *sticky = &conf->upstreams[0].sticky;
	cr_expect_str_eq(sticky->cookie, "srv");
	cr_expect_str_eq(sticky->secret.path, "/s");
	cr_expect_eq(sticky->max_age_ms, 3600000);
	cr_expect_eq(sticky->same_site, CONF_SAME_SITE_NONE);
	cr_expect_eq(conf->upstreams[0].session.kind, CONF_SESSION_QUERY);
	cr_expect_str_eq(conf->upstreams[0].session.parameter, "room");
	conf_unref(conf);
	conf_diag_finish(&diag);
}
