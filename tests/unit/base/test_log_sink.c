// SPDX-License-Identifier: MIT
// The log against rotated files, full disks, readers that do not read, and many threads.
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "log_folder.h"
#include "wherry/base/now.h"

enum {
	DEADLINE_MS = 10000,
	THREAD_COUNT = 4,
	LINES_PER_THREAD = 2000,
};

TestSuite(log_sink, .init = log_folder_create, .fini = log_folder_remove, .timeout = 60);

static size_t count_lines(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

static void wait_for_drops(uint64_t count)
{
	uint64_t deadline = now_ms() + DEADLINE_MS;

	while (log_dropped_count() < count) {
		cr_assert_lt(now_ms(), deadline, "only %lu lines dropped",
			(unsigned long)log_dropped_count());
		(void)sched_yield();
	}
}

Test(log_sink, follows_a_rotation)
{
	log_folder_start(LOG_FORMAT_TEXT, log_folder_events, "off");
	log_info("old");
	cr_assert_eq(rename(log_folder_events, log_folder_other), 0);
	log_reopen();
	log_info("new");
	log_stop();

	cr_expect_str_eq(
		log_folder_after_time(log_folder_read(log_folder_other)), "info old\n");
	cr_expect_str_eq(
		log_folder_after_time(log_folder_read(log_folder_events)), "info new\n");
}

Test(log_sink, keeps_the_old_file_if_it_can_not_reopen)
{
	log_folder_start(LOG_FORMAT_TEXT, log_folder_other, log_folder_events);
	cr_assert_eq(rename(log_folder_events, log_folder_access), 0);
	cr_assert_eq(mkdir(log_folder_events, 0700), 0);
	log_reopen();
	log_access(STR("still here"));
	log_stop();
	cr_assert_eq(rmdir(log_folder_events), 0);

	cr_expect_str_eq(log_folder_read(log_folder_access), "still here\n");
	cr_expect_not_null(
		strstr(log_folder_read(log_folder_other), "going on with the old file"));
}

Test(log_sink, goes_on_after_a_full_disk)
{
	cr_assert_eq(symlink("/dev/full", log_folder_access), 0);
	log_folder_start(LOG_FORMAT_TEXT, log_folder_events, log_folder_access);
	log_access(STR("lost"));
	wait_for_drops(1);
	log_access(STR("lost, too"));
	wait_for_drops(2);
	cr_assert_eq(unlink(log_folder_access), 0);
	log_reopen();
	log_access(STR("kept"));
	log_stop();

	cr_expect_str_eq(log_folder_read(log_folder_access), "kept\n");
	cr_expect_str_eq(log_folder_after_time(log_folder_read(log_folder_events)),
		"warn 2 log lines dropped: No space left on device\n");
}

Test(log_sink, counts_lines_that_found_no_memory)
{
	log_access_lost(); // there is no log yet
	log_folder_start(LOG_FORMAT_TEXT, log_folder_events, log_folder_access);
	log_access_lost();
	log_access(STR("kept"));
	log_stop();

	cr_expect_str_eq(log_folder_read(log_folder_access), "kept\n");
	cr_expect_str_eq(log_folder_after_time(log_folder_read(log_folder_events)),
		"warn 1 log lines dropped: Cannot allocate memory\n");
}

// Fills the pipe behind path and both buffers of its output; returns the reading end.
static int block_access(void)
{
	static char filler[1000];

	cr_assert_eq(mkfifo(log_folder_access, 0600), 0);
	int reader = open(log_folder_access, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	cr_assert_geq(reader, 0);
	log_folder_start(LOG_FORMAT_TEXT, log_folder_events, log_folder_access);
	memset(filler, 'x', sizeof(filler));
	for (unsigned i = 0; i < 4000; i++)
		log_access((struct str){filler, sizeof(filler)});
	cr_expect_gt(log_dropped_count(), 0);
	return reader;
}

static size_t read_until(int reader, size_t length)
{
	static char bytes[65536];
	uint64_t deadline = now_ms() + DEADLINE_MS;
	size_t count = 0;

	while (count < length && now_ms() < deadline) {
		ssize_t got = read(reader, bytes, sizeof(bytes));
		if (got > 0)
			count += (size_t)got;
		else
			(void)sched_yield();
	}
	return count;
}

Test(log_sink, drops_and_counts_what_a_slow_output_does_not_take)
{
	char expected[128];
	int reader = block_access();
	uint64_t dropped = log_dropped_count();

	log_info("the other output goes on");
	cr_expect_eq(
		read_until(reader, (4000 - dropped) * 1001), (4000 - dropped) * 1001);
	log_stop();
	(void)close(reader);

	(void)snprintf(expected, sizeof(expected),
		"warn %lu log lines dropped: the output was too slow\n",
		(unsigned long)dropped);
	const char *events = log_folder_read(log_folder_events);
	cr_expect_not_null(strstr(events, expected), "%s", events);
	cr_expect_not_null(strstr(events, "info the other output goes on\n"));
}

Test(log_sink, leaves_a_stuck_output_behind)
{
	int reader = block_access();
	uint64_t start_ms = now_ms();

	log_info("kept");
	log_stop();
	cr_expect_lt(now_ms() - start_ms, 3000);
	cr_expect_not_null(strstr(log_folder_read(log_folder_events), "info kept\n"));
	// The thread that was left wakes up, ends and frees its things.
	(void)close(reader);
}

Test(log_sink, never_waits_for_a_blocked_stdout)
{
	int ends[2];
	uint64_t start_ms = now_ms();

	cr_assert_eq(pipe(ends), 0);
	// Not given back: the thread that is left behind would go on there.
	(void)dup2(ends[1], STDOUT_FILENO);
	log_folder_start(LOG_FORMAT_TEXT, log_folder_events, "stdout");
	for (unsigned i = 0; i < 100000; i++)
		log_access(STR("a line that nobody reads, and many more like it"));
	log_stop();
	cr_expect_lt(now_ms() - start_ms, DEADLINE_MS);
}

static void *write_many(void *arg)
{
	struct str *line = arg;

	for (unsigned i = 0; i < LINES_PER_THREAD; i++) {
		log_access(*line);
		log_info("an event");
	}
	return NULL;
}

Test(log_sink, keeps_lines_of_many_threads_whole)
{
	static struct str lines[THREAD_COUNT] = {
		{"aaaaaaaaaaaaaaaaaaaaaaaa", 24},
		{"bbbbbbbbbbbbbbbb", 16},
		{"cccccccc", 8},
		{"d", 1},
	};
	pthread_t threads[THREAD_COUNT];

	log_folder_start(LOG_FORMAT_TEXT, log_folder_events, log_folder_events);
	for (size_t i = 0; i < THREAD_COUNT; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, write_many, &lines[i]), 0);
	for (unsigned i = 0; i < 20; i++)
		log_reopen();
	for (size_t i = 0; i < THREAD_COUNT; i++)
		(void)pthread_join(threads[i], NULL);
	cr_expect_eq(log_dropped_count(), 0);
	log_stop();

	const char *text = log_folder_read(log_folder_events);
	cr_expect_eq(count_lines(text), THREAD_COUNT * LINES_PER_THREAD * 2);
	while (*text) {
		size_t length = strcspn(text, "\n");
		if (*text >= 'a' && *text < 'a' + THREAD_COUNT) {
			struct str expected = lines[*text - 'a'];
			cr_assert(str_equal((struct str){text, length}, expected));
		} else {
			cr_assert_eq(strncmp(log_folder_after_time(text),
					     "info an event\n", 14),
				0);
		}
		text += length + 1;
	}
}
