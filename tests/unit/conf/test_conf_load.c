// SPDX-License-Identifier: MIT
#include "wherry/conf/conf_load.h"

#include <criterion/criterion.h>

#include "data_file.h"

static struct conf *load_good(const char *path)
{
	struct conf_diag diag;
	conf_diag_init(&diag);
	struct conf *conf = conf_load_file(path, &diag);
	buf_append(&diag.text, "", 1);
	cr_assert_not_null(conf, "%s:\n%s", path, diag.text.data);
	cr_expect_eq(diag.count, 0);
	conf_diag_finish(&diag);
	return conf;
}

static void expect_address(const struct addr *addr, const char *expected)
{
	char text[ADDR_TEXT_SIZE];
	cr_expect_str_eq(addr_format(addr, text), expected);
}

static void expect_slice(struct str slice, const char *expected)
{
	cr_expect(str_equal(slice, str_from(expected)), "%.*s", STR_ARG(slice));
}

static void expect_header(
	const struct conf_header *header, const char *name, const char *value)
{
	cr_expect_str_eq(header->name, name);
	if (value)
		cr_expect_str_eq(header->value, value);
	else
		cr_expect_null(header->value);
}

static void expect_rate(const struct rate_limit *limit, uint64_t count,
	uint64_t period_ms, uint64_t burst)
{
	cr_expect_eq(limit->count, count);
	cr_expect_eq(limit->period_ms, period_ms);
	cr_expect_eq(limit->burst, burst);
}

Test(conf_load, fills_in_every_default)
{
	struct conf *conf = load_good(TEST_DATA "/good/minimal.yaml");
	cr_expect_str_eq(conf->path, TEST_DATA "/good/minimal.yaml");
	cr_expect_eq(conf->workers, 0);
	cr_expect_null(conf->user);
	cr_expect(conf->sandbox.no_new_privs);
	cr_expect(conf->sandbox.seccomp);
	cr_expect(conf->sandbox.landlock);
	cr_expect_not(conf->sandbox.core_dumps);
	cr_expect_eq(conf->log.level, LOG_LEVEL_INFO);
	cr_expect_eq(conf->log.format, LOG_FORMAT_TEXT);
	cr_expect_str_eq(conf->log.events, "stderr");
	cr_expect_str_eq(conf->log.access, "stdout");
	cr_expect_eq(conf->trusted_proxy_count, 0);
	cr_expect_not(conf->has_status);
	cr_expect_not(conf->control.is_off);
	cr_expect_eq(conf->control.address.length, 0);
	cr_expect_eq(conf->timeouts.connect_ms, 5000);
	cr_expect_eq(conf->timeouts.response_ms, 60000);
	cr_expect_eq(conf->timeouts.idle_ms, 60000);
	cr_expect_eq(conf->timeouts.keep_alive_ms, 60000);
	cr_expect_eq(conf->timeouts.tls_handshake_ms, 10000);
	cr_expect_eq(conf->timeouts.write_stall_ms, 30000);
	cr_expect_eq(conf->limits.connections, 0);
	cr_expect_eq(conf->limits.header, 32 * 1024);
	cr_expect_eq(conf->limits.header_timeout_ms, 10000);
	cr_expect_eq(conf->limits.body, 100 * 1024 * 1024);
	cr_expect_eq(conf->limits.min_rate, 240);
	cr_expect_eq(conf->limits.memory, 0);
	cr_expect_eq(conf->limits.per_source, 1024);
	cr_expect_eq(conf->limits.tls_handshakes, 512);
	cr_expect_eq(conf->limits.tls_handshakes_per_source, 16);
	cr_assert_eq(conf->limits.exempt_count, 2);
	cr_expect_eq(conf->limits.exempt[0].family, AF_INET);
	cr_expect_eq(conf->limits.exempt[0].prefix_bits, 8);
	cr_expect_eq(conf->limits.exempt[1].family, AF_INET6);
	cr_expect_eq(conf->limits.exempt[1].prefix_bits, 128);
	expect_rate(&conf->limits.connection_rate.total, 0, 0, 0);
	expect_rate(&conf->limits.connection_rate.per_source, 0, 0, 0);
	cr_expect_not(conf->paths.allow_encoded_slash);
	cr_expect_not(conf->paths.merge_slashes);
	cr_expect_not(conf->paths.forward_canonical);
	cr_expect_eq(conf->drain.reload.window_ms, 30000);
	cr_expect_eq(conf->drain.shutdown.timeout_ms, 60000);
	cr_expect_null(conf->resolver.servers);
	cr_expect_eq(conf->resolver.timeout_ms, 5000);
	cr_expect_eq(conf->resolver.max_ttl_ms, 60000);

	cr_assert_eq(conf->listener_count, 1);
	expect_address(&conf->listeners[0].address, "0.0.0.0:8080");
	cr_expect_str_eq(conf->listeners[0].name, ":8080");
	conf_unref(conf);
}

Test(conf_load, fills_in_the_defaults_of_routes_and_upstreams)
{
	struct conf *conf = load_good(TEST_DATA "/good/minimal.yaml");
	cr_assert_eq(conf->route_count, 1);
	const struct conf_route *route = &conf->routes[0];
	cr_expect_str_eq(route->name, "routes[0]");
	cr_expect_null(route->match.host);
	cr_expect_null(route->match.path);
	cr_expect_null(route->match.method);
	cr_expect_null(route->match.subprotocol);
	cr_expect_eq(route->match.header_count, 0);
	cr_expect_eq(route->action, CONF_FORWARD);
	cr_expect_eq(route->upstream, 0);
	cr_expect_not(route->has_websocket);
	cr_expect_null(route->path_strip);
	cr_expect_null(route->path_add);
	cr_expect_eq(route->host, CONF_HOST_PASS);
	cr_expect_eq(route->request_headers.set_count, 0);
	cr_expect_eq(route->request_headers.remove_count, 0);
	cr_expect_eq(route->response_headers.set_count, 0);
	cr_expect_eq(route->response_headers.remove_count, 0);
	cr_expect_eq(route->response_timeout_ms, 60000);
	cr_expect_eq(route->idle_timeout_ms, 60000);
	cr_expect_eq(route->body, 100 * 1024 * 1024);
	cr_expect_null(route->redirect_to);

	cr_assert_eq(conf->upstream_count, 1);
	const struct conf_upstream *upstream = &conf->upstreams[0];
	cr_expect_str_eq(upstream->name, "app");
	cr_expect_eq(upstream->balance, CONF_BALANCE_ROUND_ROBIN);
	cr_expect_eq(upstream->pool_idle_ms, 60000);
	cr_expect_eq(upstream->pool_size, 64);
	cr_assert_eq(upstream->server_count, 1);
	cr_expect_str_eq(upstream->servers[0].text, "unix:/run/app.sock");
	cr_expect_eq(upstream->servers[0].url.scheme, URL_UNIX);
	expect_slice(upstream->servers[0].url.host, "/run/app.sock");
	cr_expect_eq(upstream->servers[0].weight, 1);
	conf_unref(conf);
}

Test(conf_load, reads_every_common_key)
{
	struct conf *conf = load_good(TEST_DATA "/good/everything.yaml");
	cr_expect_eq(conf->workers, 3);
	cr_expect_eq(conf->log.level, LOG_LEVEL_DEBUG);
	cr_expect_eq(conf->log.format, LOG_FORMAT_JSON);
	cr_expect_str_eq(conf->log.events, "/var/log/wherry.log");
	cr_expect_str_eq(conf->log.access, "off");
	cr_assert_eq(conf->trusted_proxy_count, 2);
	cr_expect_eq(conf->trusted_proxies[0].bytes[0], 10);
	cr_expect_eq(conf->trusted_proxies[1].bytes[0], 0xfd);
	cr_expect(conf->has_status);
	expect_address(&conf->status, "[::1]:9090");
	cr_expect_eq(conf->timeouts.connect_ms, 1000);
	cr_expect_eq(conf->timeouts.response_ms, 120000);
	cr_expect_eq(conf->timeouts.idle_ms, 10800000);
	cr_expect_eq(conf->timeouts.keep_alive_ms, 400);
	cr_expect_eq(conf->timeouts.write_stall_ms, 5000);
	cr_expect_eq(conf->limits.connections, 100);
	cr_expect_eq(conf->limits.header, 8192);
	cr_expect_eq(conf->limits.header_timeout_ms, 7000);
	cr_expect_eq(conf->limits.body, 1073741824);
	cr_expect_eq(conf->limits.min_rate, CONF_OFF);
	cr_expect_eq(conf->limits.memory, 1 << 30);
	cr_expect_eq(conf->limits.per_source, 9);
	cr_expect_eq(conf->limits.tls_handshakes, 10);
	cr_expect_eq(conf->limits.tls_handshakes_per_source, 11);
	expect_rate(&conf->limits.handshake_rate.total, 3, 1000, 3);
	expect_rate(&conf->limits.handshake_rate.per_source, 4, 1000, 4);
	cr_expect_eq(conf->limits.exempt_count, 0);
	expect_rate(&conf->limits.connection_rate.total, 1000, 1000, 1000);
	expect_rate(&conf->limits.connection_rate.per_source, 30, 60000, 10);
	expect_rate(&conf->limits.request_rate.total, 5, 1000, 5);
	expect_rate(&conf->limits.request_rate.per_source, 6, 1000, 6);
	expect_rate(&conf->limits.websocket_rate.total, 7, 1000, 7);
	expect_rate(&conf->limits.websocket_rate.per_source, 8, 1000, 8);
	cr_expect(conf->paths.allow_encoded_slash);
	cr_expect(conf->paths.merge_slashes);
	cr_expect(conf->paths.forward_canonical);
	cr_expect_eq(conf->drain.shutdown.window_ms, 0);
	cr_expect_eq(conf->drain.shutdown.timeout_ms, 60000);
	cr_expect_eq(conf->drain.reload.window_ms, 3600000);
	cr_expect_eq(conf->drain.reload.timeout_ms, 7200000);
	cr_expect_eq(conf->drain.server.window_ms, 0);
	cr_expect_eq(conf->drain.server.timeout_ms, 30000);
	cr_expect_eq(conf->upstreams[0].rebalance.after, CONF_REBALANCE_JOIN);
	cr_expect_eq(conf->upstreams[0].rebalance.rate, 50);
	cr_expect_eq(conf->upstreams[0].rebalance.tolerance, 10);
	cr_expect_str_eq(conf->resolver.servers, "10.0.0.53:53,[::1]:53,[::1]:5353");
	cr_expect_eq(conf->resolver.timeout_ms, 2000);
	cr_expect_eq(conf->resolver.max_ttl_ms, 3600000);
	cr_assert_eq(conf->listener_count, 2);
	expect_address(&conf->listeners[0].address, "127.0.0.1:8080");
	expect_address(&conf->listeners[1].address, "unix:/run/wherry.sock");
	cr_expect_str_eq(conf->listeners[1].name, "unix:/run/wherry.sock");
	conf_unref(conf);
}

Test(conf_load, reads_match_and_websocket)
{
	struct conf *conf = load_good(TEST_DATA "/good/everything.yaml");
	cr_assert_eq(conf->route_count, 4);
	const struct conf_route *route = &conf->routes[0];
	cr_expect_str_eq(route->name, "chat");
	cr_expect_str_eq(route->match.host, "*.chat.example.com");
	cr_expect_str_eq(route->match.path, "/ws/");
	cr_expect_str_eq(route->match.method, "GET");
	cr_assert_eq(route->match.header_count, 2);
	expect_header(&route->match.headers[0], "X-Beta", "1");
	expect_header(&route->match.headers[1], "X-Any", "*");
	cr_expect_str_eq(route->match.subprotocol, "chat.v1");
	cr_expect_eq(route->action, CONF_FORWARD);
	cr_expect_eq(route->upstream, 0);

	const struct conf_websocket *websocket = &route->websocket;
	cr_expect(route->has_websocket);
	cr_expect_eq(websocket->origins.kind, CONF_ORIGINS_LIST);
	cr_assert_eq(websocket->origins.count, 2);
	cr_expect_str_eq(websocket->origins.list[0], "https://www.example.com");
	cr_expect_str_eq(websocket->origins.list[1], "http://localhost:3000");
	cr_expect_eq(websocket->max_message, 2 * 1024 * 1024);
	cr_expect_eq(websocket->max_frame, 100);
	cr_expect_eq(websocket->max_fragments, 3);
	cr_expect_eq(websocket->control_frames_per_second, 4);
	cr_expect_eq(websocket->messages_per_second, 5);
	cr_expect_eq(websocket->bytes_per_second, 65536);
	cr_expect_eq(websocket->ping_ms, CONF_OFF);
	cr_expect_eq(websocket->ping_timeout_ms, 6000);
	cr_expect_eq(websocket->idle_timeout_ms, 420000);
	cr_expect(websocket->check_utf8);
	conf_unref(conf);
}

Test(conf_load, reads_the_other_keys_of_routes)
{
	struct conf *conf = load_good(TEST_DATA "/good/everything.yaml");
	const struct conf_route *route = &conf->routes[1];
	cr_expect_str_eq(route->name, "routes[1]");
	cr_expect_str_eq(route->match.path, "/shop/%2Fa");
	cr_expect_eq(route->upstream, 1);
	cr_expect_eq(route->websocket.origins.kind, CONF_ORIGINS_ANY);
	cr_expect_eq(route->websocket.max_message, 65536);
	cr_expect_eq(route->websocket.max_frame, 65536, "not longer than a message");
	cr_expect_str_eq(route->path_strip, "/shop");
	cr_expect_str_eq(route->path_add, "/legacy");
	cr_expect_eq(route->host, CONF_HOST_NAME);
	cr_expect_str_eq(route->host_name, "app.internal:8080");
	cr_expect_eq(route->response_timeout_ms, 120000);
	cr_expect_eq(route->idle_timeout_ms, 300000);
	cr_expect_eq(route->body, 0);
	expect_rate(&route->limits.request_rate.total, 9, 1000, 9);
	expect_rate(&route->limits.request_rate.per_source, 1, 60000, 1);
	cr_expect_eq(route->limits.concurrent, 2);

	route = &conf->routes[2];
	cr_expect_eq(route->action, CONF_REDIRECT);
	cr_expect_str_eq(route->redirect_to, "/new/");
	cr_expect_eq(route->redirect_status, 301);

	route = &conf->routes[3];
	cr_expect_eq(route->host, CONF_HOST_BACKEND);
	cr_expect(route->has_websocket, "an empty block is enough");
	cr_expect_eq(route->websocket.origins.kind, CONF_ORIGINS_SAME_HOST);
	cr_expect_eq(route->websocket.max_message, 16 * 1024 * 1024);
	cr_expect_eq(route->websocket.max_frame, 1024 * 1024);
	cr_expect_eq(route->websocket.max_fragments, 1024);
	cr_expect_eq(route->websocket.control_frames_per_second, 32);
	cr_expect_eq(route->websocket.messages_per_second, CONF_OFF);
	cr_expect_eq(route->websocket.bytes_per_second, CONF_OFF);
	expect_rate(&route->limits.request_rate.total, 0, 0, 0);
	expect_rate(&route->limits.request_rate.per_source, 0, 0, 0);
	cr_expect_eq(route->limits.concurrent, CONF_OFF);
	cr_expect_eq(route->websocket.ping_ms, 30000);
	cr_expect_eq(route->websocket.ping_timeout_ms, 10000);
	cr_expect_eq(route->websocket.idle_timeout_ms, CONF_OFF);
	cr_expect_not(route->websocket.check_utf8);
	cr_expect_null(route->path_strip, "nothing but a slash");
	cr_expect_eq(route->response_timeout_ms, 120000, "as timeouts.response");
	cr_expect_eq(route->idle_timeout_ms, 10800000, "as timeouts.idle");
	cr_expect_eq(route->body, 1073741824, "as limits.body");
	conf_unref(conf);
}

Test(conf_load, sets_common_headers_in_both_directions)
{
	struct conf *conf = load_good(TEST_DATA "/good/everything.yaml");
	const struct conf_headers *request = &conf->routes[1].request_headers;
	const struct conf_headers *response = &conf->routes[1].response_headers;
	cr_assert_eq(request->set_count, 3);
	expect_header(&request->set[0], "X-Env", "prod");
	expect_header(&request->set[1], "X-Empty", "");
	expect_header(&request->set[2], "X-Request", "a");
	cr_assert_eq(request->remove_count, 2);
	expect_header(&request->remove[0], "Server", NULL);
	expect_header(&request->remove[1], "Cookie", NULL);
	cr_assert_eq(response->set_count, 3);
	expect_header(&response->set[0], "X-Env", "prod");
	expect_header(&response->set[1], "X-Empty", "");
	expect_header(&response->set[2], "X-Response", "b");
	cr_assert_eq(response->remove_count, 2);
	expect_header(&response->remove[0], "Server", NULL);
	expect_header(&response->remove[1], "X-Powered-By", NULL);
	conf_unref(conf);
}

Test(conf_load, reads_upstreams)
{
	struct conf *conf = load_good(TEST_DATA "/good/everything.yaml");
	cr_assert_eq(conf->upstream_count, 2);
	const struct conf_upstream *upstream = &conf->upstreams[0];
	cr_expect_str_eq(upstream->name, "chat");
	cr_expect_eq(upstream->balance, CONF_BALANCE_LEAST_CONNECTIONS);
	cr_expect_eq(upstream->pool_idle_ms, 30000);
	cr_expect_eq(upstream->pool_size, 0);
	cr_assert_eq(upstream->server_count, 3);
	const struct conf_server *server = &upstream->servers[0];
	cr_expect_str_eq(server->text, "http://10.0.0.1:9000");
	cr_expect_eq(server->url.scheme, URL_HTTP);
	expect_slice(server->url.host, "10.0.0.1");
	cr_expect_eq(server->url.host.data, server->text + sizeof("http://") - 1,
		"a slice of its own text");
	cr_expect_eq(server->url.port, 9000);
	cr_expect_eq(server->weight, 2);
	expect_slice(upstream->servers[1].url.host, "chat.internal");
	cr_expect_eq(upstream->servers[1].url.port, 80);
	expect_slice(upstream->servers[2].url.host, "::1");
	cr_expect_eq(upstream->servers[2].weight, 1);
	conf_unref(conf);
}

Test(conf_load, reads_how_servers_are_chosen)
{
	struct conf *conf = load_good(TEST_DATA "/good/everything.yaml");
	const struct conf_upstream *upstream = &conf->upstreams[0];
	cr_expect_eq(upstream->session.kind, CONF_SESSION_ENGINE_IO);
	cr_expect_eq(upstream->slow_start_ms, 30000);
	cr_expect_eq(upstream->queue.size, 10);
	cr_expect_eq(upstream->queue.timeout_ms, 2000);
	const struct conf_server *server = &upstream->servers[0];
	cr_expect_eq(server->max_connections, 5000);
	cr_expect_not(server->is_backup);
	cr_expect_not(server->is_down);
	cr_assert_eq(server->label_count, 2);
	expect_header(&server->labels[0], "zone", "a");
	expect_header(&server->labels[1], "rack", "7");
	cr_expect(upstream->servers[1].is_backup);
	cr_expect(upstream->servers[1].is_down);

	upstream = &conf->upstreams[1];
	cr_expect_eq(upstream->session.kind, CONF_SESSION_OFF);
	cr_expect_eq(upstream->slow_start_ms, CONF_OFF);
	cr_expect_eq(upstream->queue.size, 256);
	cr_expect_eq(upstream->queue.timeout_ms, 5000);
	cr_expect_eq(upstream->servers[0].max_connections, CONF_OFF);
	cr_expect_eq(upstream->servers[0].label_count, 0);
	conf_unref(conf);
}

static void expect_loads(const char *path, const char *name)
{
	struct conf *conf = load_good(path);
	cr_expect_geq(conf->listener_count, 1, "%s", name);
	conf_unref(conf);
}

Test(conf_load, loads_every_good_file_and_what_is_shipped)
{
	cr_expect_eq(data_file_each(TEST_DATA "/good", expect_loads), 3);
	cr_expect_eq(data_file_each(TEST_CONFIG, expect_loads), 1);
	cr_expect_geq(data_file_each(TEST_CONFIG "/examples", expect_loads), 3);
}
