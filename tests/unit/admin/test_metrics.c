// SPDX-License-Identifier: MIT
// The page holds every counter once, summed, in Prometheus's text format.
#include "wherry/admin/metrics.h"

#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "wherry/base/now.h"
#include "wherry/hub/hub.h"
#include "wherry/upstream/health.h"

struct page {
	struct buf text;
};

static struct page write_page(const struct metrics_source *source)
{
	struct page page = {.text = BUF_INIT};

	metrics_write(&page.text, source);
	buf_append(&page.text, "", 1); // for strstr
	cr_assert_not(page.text.is_failed);
	return page;
}

static void expect_line(const struct page *page, const char *line)
{
	char text[512];

	(void)snprintf(text, sizeof(text), "\n%s\n", line);
	cr_expect_not_null(strstr(page->text.data, text), "no line: %s", line);
}

static void expect_value(const struct page *page, const char *name, uint64_t value)
{
	char line[256];

	(void)snprintf(line, sizeof(line), "%s %llu", name, (unsigned long long)value);
	expect_line(page, line);
}

Test(metrics, sums_every_counter_over_the_workers)
{
	static struct counters first, second;
	const struct counters *workers[] = {&first, &second};
	struct metrics_source source = {.counters = workers, .counters_count = 2};
	uint64_t value = 1000;

#define X(symbol, name, type, help)                                                      \
	first.symbol = value++;                                                          \
	second.symbol = 5;
	COUNTERS(X)
#undef X
	struct page page = write_page(&source);
	value = 1000;
#define X(symbol, name, type, help)                                                      \
	expect_value(&page, name, 5 + value++);                                          \
	expect_line(&page, "# TYPE " name " " type);                                     \
	cr_expect_not_null(strstr(page.text.data, "# HELP " name " " help "\n"));
	COUNTERS(X)
#undef X
	buf_finish(&page.text);
}

Test(metrics, tells_what_the_hub_has)
{
	struct hub_facts facts = {
		.channels = 3, .messages = 40, .bytes = 5000, .is_ready = true};
	struct metrics_source source = {.hub = &facts};
	struct page page = write_page(&source);

	expect_value(&page, "wherry_push_channels", 3);
	expect_value(&page, "wherry_push_messages", 40);
	expect_value(&page, "wherry_push_bytes", 5000);
	expect_value(&page, "wherry_push_broker_up", 1);
	buf_finish(&page.text);
}

Test(metrics, tells_every_close_reason)
{
	static struct counters first, second;
	const struct counters *workers[] = {&first, &second};
	struct metrics_source source = {.counters = workers, .counters_count = 2};

	for (size_t i = 0; i < CLOSE_REASON_COUNT; i++) {
		first.closes[i] = i;
		second.closes[i] = 100;
	}
	struct page page = write_page(&source);
	for (size_t i = 0; i < CLOSE_REASON_COUNT; i++) {
		char name[128];

		(void)snprintf(name, sizeof(name), "wherry_closes_total{reason=\"%s\"}",
			close_reason_name((enum close_reason)i));
		expect_value(&page, name, 100 + i);
	}
	buf_finish(&page.text);
}

Test(metrics, tells_servers_with_escaped_labels)
{
	struct conf_upstream conf_upstream = {.name = "app"};
	struct upstream_server servers[] = {
		{.text = "http://10.0.0.1:80", .name = "http://10.0.0.1:80"},
		{.text = "unix:/a\"b\\c\nd", .name = "unix:/a\"b\\c\nd"},
		{.text = "http://app:80", .name = "http://app:80@10.0.0.9"}};
	struct upstream_member members[] = {{.server = &servers[0]},
		{.server = &servers[1]}, {.server = &servers[2]}};
	struct upstream_group group = {.name = "app"};
	struct upstream upstream = {.conf = &conf_upstream,
		.group = &group,
		.members = members,
		.member_count = 3};
	struct upstream_set set = {.upstreams = &upstream, .upstream_count = 1};
	struct metrics_source source = {.set = &set};

	servers[0].active = 7;
	servers[1].health = HEALTH_DOWN;
	servers[2].ejection.until_ms = UINT64_MAX;
	group.circuit.open_until_ms = 1;
	servers[1].active = 1234567890123;
	cr_assert(addr_parse(STR("10.0.0.9:80"), &servers[2].address));
	struct page page = write_page(&source);
	expect_line(&page, "# TYPE wherry_server_active gauge");
	expect_line(&page, "wherry_server_active{upstream=\"app\","
			   "server=\"http://10.0.0.1:80\"} 7");
	expect_line(&page, "wherry_server_active{upstream=\"app\","
			   "server=\"unix:/a\\\"b\\\\c\\nd\"} 1234567890123");
	expect_line(&page, "wherry_server_active{upstream=\"app\","
			   "server=\"http://app:80\",address=\"10.0.0.9:80\"} 0");
	expect_line(&page, "wherry_server_up{upstream=\"app\","
			   "server=\"http://10.0.0.1:80\"} 1");
	expect_line(&page, "wherry_server_up{upstream=\"app\","
			   "server=\"unix:/a\\\"b\\\\c\\nd\"} 0");
	expect_line(&page, "wherry_server_ejected{upstream=\"app\","
			   "server=\"http://10.0.0.1:80\"} 0");
	expect_line(&page, "wherry_server_ejected{upstream=\"app\","
			   "server=\"http://app:80\",address=\"10.0.0.9:80\"} 1");
	expect_line(&page, "wherry_upstream_panic{upstream=\"app\"} 0");
	expect_line(&page, "wherry_upstream_circuit_open{upstream=\"app\"} 1");
	buf_finish(&page.text);
}

Test(metrics, tells_the_process)
{
	struct metrics_source source = {.started_ms = now_ms() - 61000};
	struct page page = write_page(&source);

	expect_line(&page, "wherry_info{version=\"" WHERRY_VERSION "\"} 1");
	expect_line(&page, "wherry_uptime_seconds 61");
	expect_line(&page, "wherry_log_dropped_total 0");
	const char *resident = strstr(page.text.data, "\nprocess_resident_memory_bytes ");
	unsigned long long bytes = 0;
	cr_assert_not_null(resident);
	cr_assert_eq(sscanf(resident, " process_resident_memory_bytes %llu", &bytes), 1);
	cr_expect_gt(bytes, 100000);
	buf_finish(&page.text);
}

// Every line is a comment or "name{labels} digits"; a name's comments stand before it.
Test(metrics, is_well_formed)
{
	static struct counters counters;
	const struct counters *workers[] = {&counters};
	struct metrics_source source = {.counters = workers, .counters_count = 1};
	struct page page = write_page(&source);
	char typed[128] = "";

	cr_expect_eq(page.text.data[page.text.length - 2], '\n');
	for (char *line = strtok(page.text.data, "\n"); line; line = strtok(NULL, "\n")) {
		char name[128];
		size_t name_length = strcspn(line, "{ ");

		if (sscanf(line, "# TYPE %127s", name) == 1) {
			strcpy(typed, name);
			continue;
		}
		if (line[0] == '#')
			continue;
		const char *value = strrchr(line, ' ');
		cr_assert_not_null(value, "%s", line);
		cr_expect_eq(
			strspn(value + 1, "0123456789"), strlen(value + 1), "%s", line);
		cr_expect_eq(name_length, strlen(typed), "%s after %s", line, typed);
		cr_expect_eq(
			strncmp(line, typed, name_length), 0, "%s after %s", line, typed);
	}
	buf_finish(&page.text);
}
