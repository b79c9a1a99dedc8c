// SPDX-License-Identifier: MIT
// Events, levels, and starting and stopping the log.
#include "wherry/base/log.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "log_folder.h"

TestSuite(log, .init = log_folder_create, .fini = log_folder_remove, .timeout = 60);

static size_t count_lines(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

Test(log, writes_events_as_text)
{
	log_folder_start(LOG_FORMAT_TEXT, log_folder_events, "off");
	log_warn("first %d", 1);
	log_error("two\nlines\x1b[31m \\ \"quoted\" caf\xc3\xa9");
	log_debug("too fine");
	log_stop();

	const char *line = log_folder_after_time(log_folder_read(log_folder_events));
	cr_expect_str_eq(log_folder_after_time(strchr(line, '\n') + 1),
		"error two\\x0Alines\\x1B[31m \\x5C \"quoted\" caf\\xC3\\xA9\n");
	cr_expect_eq(strncmp(line, "warn first 1\n", 13), 0, "%s", line);
}

Test(log, writes_events_as_json)
{
	log_folder_start(LOG_FORMAT_JSON, log_folder_events, "off");
	log_info("a \"b\" \\ \n\x7f\xff");
	log_stop();

	const char *line = log_folder_read(log_folder_events);
	cr_assert_eq(strncmp(line, "{\"time\":\"20", 11), 0, "%s", line);
	cr_expect_str_eq(strstr(line, "\",\"level\""),
		"\",\"level\":\"info\",\"message\":"
		"\"a \\\"b\\\" \\\\ \\u000A\\u007F\\u00FF\"}\n");
}

Test(log, writes_access_lines_apart)
{
	log_folder_start(LOG_FORMAT_TEXT, log_folder_events, log_folder_access);
	cr_expect(log_access_is_on());
	log_access(STR("one"));
	log_info("event");
	log_access(STR(""));
	log_access((struct str){0});
	log_stop();

	cr_expect(!log_access_is_on());
	cr_expect_str_eq(log_folder_read(log_folder_access), "one\n\n\n");
	cr_expect_str_eq(log_folder_after_time(log_folder_read(log_folder_events)),
		"info event\n");
}

Test(log, is_quiet_below_its_level)
{
	cr_expect(!log_access_is_on());
	struct log_options options = {
		LOG_LEVEL_ERROR, LOG_FORMAT_TEXT, log_folder_events, "off"};
	cr_assert(log_start(&options));
	log_error("heard");
	log_warn("unheard");
	log_access(STR("access is off"));
	log_stop();
	cr_expect_str_eq(log_folder_after_time(log_folder_read(log_folder_events)),
		"error heard\n");
}

Test(log, tells_why_it_can_not_start)
{
	struct log_options options = {
		LOG_LEVEL_INFO, LOG_FORMAT_TEXT, "/nonexistent/log", "off"};

	errno = 0;
	cr_expect(!log_start(&options));
	cr_expect_eq(errno, ENOENT);
	options.events = log_folder_events;
	options.access = "/nonexistent/log";
	errno = 0;
	cr_expect(!log_start(&options));
	cr_expect_eq(errno, ENOENT);
	cr_assert_eq(mkfifo(log_folder_other, 0600), 0);
	options.access = log_folder_other;
	cr_expect(!log_start(&options), "a FIFO that nobody reads");
	cr_expect_eq(errno, ENXIO);
}

Test(log, goes_straight_to_stderr_while_not_running)
{
	char text[256] = "";
	int ends[2];

	cr_assert_eq(pipe(ends), 0);
	int before = dup(STDERR_FILENO);
	(void)dup2(ends[1], STDERR_FILENO);
	log_warn("early");
	(void)dup2(before, STDERR_FILENO);
	cr_assert_gt(read(ends[0], text, sizeof(text) - 1), 0);
	cr_expect_str_eq(log_folder_after_time(text), "warn early\n");
	(void)close(before);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

Test(log, starts_again_after_a_stop)
{
	for (unsigned i = 0; i < 3; i++) {
		log_folder_start(LOG_FORMAT_TEXT, log_folder_events, "off");
		log_info("turn");
		log_stop();
	}
	cr_expect_eq(count_lines(log_folder_read(log_folder_events)), 3);
}
