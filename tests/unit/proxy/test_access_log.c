// SPDX-License-Identifier: MIT
// The access line's fields, in text and in JSON.
#include "wherry/proxy/access_log.h"

#include <string.h>

#include <criterion/criterion.h>

#include "fake_clock.h"
#include "log_folder.h"
#include "wherry/base/now.h"

TestSuite(access_log, .init = log_folder_create, .fini = log_folder_remove);

static const struct conf_route ROUTE = {.name = "chat"};

static struct request make_request(void)
{
	return (struct request){
		.method = STR("GET"),
		.host = STR("www.example"),
		.target = STR("/a b\"\x1b\xff"),
		.client = STR("192.0.2.1"),
		.route = &ROUTE,
		.server = "http://10.0.0.9:9000",
		.started_ms = now_ms() - 250,
		.status = 101,
	};
}

static struct access_log_entry make_entry(
	const struct addr *peer, const struct request *request)
{
	return (struct access_log_entry){
		.id = 7,
		.peer = peer,
		.request = request,
		.bytes_in = 100,
		.bytes_out = 200,
		.messages_in = 3,
		.messages_out = 4,
		.close_code = 1002,
		.reason = CLOSE_REASON_PROTOCOL,
		.ended_by = "client",
		.detail = "a reserved opcode",
	};
}

static struct addr peer(void)
{
	struct addr addr;

	cr_assert(addr_parse(STR("10.0.0.1:5000"), &addr));
	return addr;
}

Test(access_log, tells_all_of_a_websocket)
{
	struct addr addr = peer();

	log_folder_start(LOG_FORMAT_TEXT, log_folder_events, log_folder_access);
	fake_clock_stop();
	struct request request = make_request();
	struct access_log_entry entry = make_entry(&addr, &request);
	access_log_write(&entry);
	fake_clock_resume();
	log_stop();
	cr_expect_str_eq(log_folder_after_time(log_folder_read(log_folder_access)),
		"access id=7 peer=10.0.0.1:5000 client=192.0.2.1 method=GET "
		"host=www.example path=\"/a b\\x22\\x1B\\xFF\" route=chat "
		"upstream=http://10.0.0.9:9000 status=101 bytes_in=100 bytes_out=200 "
		"messages_in=3 messages_out=4 close_code=1002 duration_ms=250 "
		"ended_by=client reason=protocol detail=\"a reserved opcode\"\n");
}

Test(access_log, tells_less_of_a_request)
{
	struct addr addr = peer();

	log_folder_start(LOG_FORMAT_TEXT, log_folder_events, log_folder_access);
	fake_clock_stop();
	struct request request = {.started_ms = now_ms(), .status = 400};
	struct access_log_entry entry = make_entry(&addr, &request);
	entry.detail = NULL;
	entry.reason = CLOSE_REASON_BAD_REQUEST;
	entry.messages_in = entry.messages_out = 0;
	access_log_write(&entry);
	fake_clock_resume();
	log_stop();
	cr_expect_str_eq(log_folder_after_time(log_folder_read(log_folder_access)),
		"access id=7 peer=10.0.0.1:5000 method=- host=- path=- route=- "
		"upstream=- status=400 bytes_in=100 bytes_out=200 duration_ms=0 "
		"ended_by=client reason=bad_request\n");
}

Test(access_log, writes_json)
{
	struct addr addr = peer();

	log_folder_start(LOG_FORMAT_JSON, log_folder_events, log_folder_access);
	fake_clock_stop();
	struct request request = make_request();
	struct access_log_entry entry = make_entry(&addr, &request);
	access_log_write(&entry);
	fake_clock_resume();
	log_stop();
	const char *line = log_folder_read(log_folder_access);
	cr_expect_not_null(strstr(line, "\"type\":\"access\",\"id\":7,"), "%s", line);
	cr_expect_not_null(
		strstr(line, "\"path\":\"/a b\\\"\\u001B\\u00FF\","), "%s", line);
	cr_expect_not_null(strstr(line, "\"status\":101,"), "%s", line);
	cr_expect_not_null(
		strstr(line, "\"detail\":\"a reserved opcode\"}\n"), "%s", line);
}

Test(access_log, writes_nothing_when_it_is_off)
{
	struct addr addr = peer();

	log_folder_start(LOG_FORMAT_TEXT, log_folder_events, "off");
	struct request request = make_request();
	struct access_log_entry entry = make_entry(&addr, &request);
	access_log_write(&entry);
	log_stop();
	cr_expect_str_eq(log_folder_read(log_folder_events), "");
}
