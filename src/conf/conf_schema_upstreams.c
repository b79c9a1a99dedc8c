// SPDX-License-Identifier: MIT
// The keys of groups of servers. A mapping or list stands before what is inside it.
#include "conf_schema_row_priv.h"
#include "conf_schema_table_priv.h"

#include "wherry/conf/conf.h"

const struct conf_schema_key conf_schema_upstreams[] = {
	KEY("upstreams", NAMED, NULL, "groups of servers that routes name",
		IN(conf, upstreams), EXTRA(conf, upstream_count),
		ITEMS("upstreams.NAME", conf_upstream), RANGE(0, 10000)),
	KEY("upstreams.NAME.balance", ENUM, "round_robin", "which server is next",
		IN(conf_upstream, balance), .words = "round_robin|least_connections"),
	KEY("upstreams.NAME.servers", LIST, NULL,
		"the servers; an item may be the URL alone", IN(conf_upstream, servers),
		EXTRA(conf_upstream, server_count),
		ITEMS("upstreams.NAME.servers[]", conf_server), RANGE(1, 1000),
		.short_key = "url", .is_required = true),
	KEY("upstreams.NAME.servers[].url", URL, NULL,
		"http://host:port, https://host:port or unix:/path", IN(conf_server, url),
		EXTRA(conf_server, text), .is_required = true),
	KEY("upstreams.NAME.servers[].weight", INTEGER, "1", "share of this server",
		IN(conf_server, weight), RANGE(1, 1000)),
	KEY("upstreams.NAME.pool", MAPPING, NULL, "kept-alive connections"),
	KEY("upstreams.NAME.pool.idle", DURATION, "60s",
		"how long one is kept without a request", IN(conf_upstream, pool_idle_ms),
		RANGE(1, DAY)),
	KEY("upstreams.NAME.pool.size", INTEGER, "64",
		"how many for each worker and server", IN(conf_upstream, pool_size),
		RANGE(0, 65536)),
	KEY("upstreams.NAME.proxy_protocol", ENUM, "off",
		"PROXY header that connections to the servers begin with",
		IN(conf_upstream, proxy_header), .words = "off|v1|v2"),
	KEY("upstreams.NAME.tls", MAPPING, NULL, "TLS to https servers"),
	KEY("upstreams.NAME.tls.ca", FILE, NULL,
		"authorities that are trusted, PEM; else the system's",
		IN(conf_upstream, tls.ca)),
	KEY("upstreams.NAME.tls.server_name", NAME, NULL,
		"name for SNI and in the certificate; else the URL's host",
		IN(conf_upstream, tls.server_name)),
	KEY("upstreams.NAME.tls.verify", ENUM, "true",
		"whether certificates of servers are checked",
		IN(conf_upstream, tls.skips_check), .words = "true|false"),
	KEY("upstreams.NAME.tls.cert", FILE, NULL,
		"certificate that is shown to servers, PEM", IN(conf_upstream, tls.cert)),
	KEY("upstreams.NAME.tls.key", FILE, NULL, "its private key, PEM",
		IN(conf_upstream, tls.key)),

	{.path = NULL, .more = conf_schema_health},
};
