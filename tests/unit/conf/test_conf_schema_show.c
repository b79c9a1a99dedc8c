// SPDX-License-Identifier: MIT
// What a configuration came to is shown as it would be written.
#include "wherry/conf/conf_schema_show.h"

#include <criterion/criterion.h>

#include "wherry/conf/conf_load.h"

static const char CONF[] =
	"workers: 3\n"
	"user: ann\n"
	"log: { level: warn }\n"
	"paths: { merge_slashes: true }\n"
	"limits: { body: 1536B, memory: off, per_source: 7,\n"
	"  rates: { requests: 5/m burst 9, websockets: 2/h, connections: 8/s } }\n"
	"timeouts: { connect: 90s, idle: 1500ms }\n"
	"listeners: [{ address: 127.0.0.1:0 }]\n"
	"routes:\n"
	"  - { match: { path: /a }, redirect: { to: /x, status: 307 } }\n"
	"  - { match: { path: /b }, to: b }\n"
	"  - { match: { path: /c }, to: c }\n"
	"upstreams:\n"
	"  b: { balance: \"hash:cookie=user\", servers: [http://127.0.0.1:1] }\n"
	"  c: { balance: least_connections, servers: [http://127.0.0.1:1] }\n";

struct row {
	const char *path;
	const char *shown; // NULL: nothing
};

static const struct row ROWS[] = {
	{"workers", "3"},
	{"user", "ann"},
	{"log.level", "warn"},
	{"log.format", "text"},
	{"paths.merge_slashes", "true"},
	{"sandbox.core_dumps", "false"},
	{"limits.body", "1536B"},
	{"limits.header", "32KiB"},
	{"limits.memory", "off"},
	{"limits.connections", "auto"},
	{"limits.per_source", "7"},
	{"limits.rates.requests", "5/m burst 9"},
	{"limits.rates.websockets", "2/h"},
	{"limits.rates.connections", "8/s"},
	{"limits.rates.tls_handshakes", "off"},
	{"timeouts.connect", "90s"},
	{"timeouts.idle", "1500ms"},
	{"timeouts.response", "1m"},
	{"limits", NULL},
	{"trusted_proxies", NULL},
};

static struct conf *load(void)
{
	struct conf_diag diag;
	conf_diag_init(&diag);
	struct conf *conf = conf_load_text("t", str_from(CONF), &diag);
	cr_assert_not_null(conf, "%.*s", STR_ARG(buf_str(&diag.text)));
	conf_diag_finish(&diag);
	return conf;
}

static void expect_shown(const char *path, const void *item, const char *shown)
{
	struct buf text = BUF_INIT;
	bool is_shown = conf_schema_show(&text, conf_schema_find(path), item);
	cr_expect_eq(is_shown, shown != NULL, "%s", path);
	cr_expect(str_equal(buf_str(&text), str_from(shown ? shown : "")), "%s: %.*s",
		path, STR_ARG(buf_str(&text)));
	buf_finish(&text);
}

Test(conf_schema_show, writes_values_as_a_file_would)
{
	struct conf *conf = load();
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++)
		expect_shown(ROWS[i].path, conf, ROWS[i].shown);
	conf_unref(conf);
}

Test(conf_schema_show, counts_fields_from_their_item)
{
	struct conf *conf = load();
	expect_shown("routes[].redirect.status", &conf->routes[0], "307");
	expect_shown("routes[].name", &conf->routes[0], "routes[0]");
	expect_shown("routes[].limits.concurrent", &conf->routes[0], "off");
	expect_shown("routes[].body", &conf->routes[0], "1536B");
	expect_shown("routes[].path.strip", &conf->routes[0], NULL);
	expect_shown("upstreams.NAME.balance", &conf->upstreams[0], "hash:cookie=user");
	expect_shown("upstreams.NAME.balance", &conf->upstreams[1], "least_connections");
	conf_unref(conf);
}
