// SPDX-License-Identifier: MIT
// Files that are written, replaced, and reached another way.
#include "wherry/net/file_watch.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wherry/base/now.h"

enum {
	DEADLINE_MS = 20 * 1000
};

static char folder[] = "/tmp/wherry-watch-XXXXXX";
static struct loop *loop;
static size_t told;

static void enter(void)
{
	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
	cr_assert_not_null(mkdtemp(folder));
	cr_assert_eq(chdir(folder), 0);
	loop = loop_create();
	cr_assert_not_null(loop);
}

static void leave(void)
{
	char command[64];
	loop_destroy(loop);
	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	cr_assert_eq(system(command), 0);
}

TestSuite(file_watch, .init = enter, .fini = leave);

static void on_change(void *arg)
{
	told++;
	loop_stop(loop);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	cr_assert_not_null(file, "%s", path);
	cr_assert_geq(fputs(text, file), 0);
	cr_assert_eq(fclose(file), 0);
}

static void on_deadline(void *arg)
{
	loop_stop(loop);
}

static void run_for(uint64_t ms)
{
	struct loop_timer timer;
	loop_timer_init(&timer, loop, on_deadline, NULL);
	loop_timer_set(&timer, now_ms() + ms);
	cr_assert(loop_run(loop));
	loop_timer_finish(&timer);
}

static void expect_told(const char *what)
{
	size_t before = told;
	run_for(DEADLINE_MS);
	cr_expect_eq(told, before + 1, "%s", what);
}

static struct file_watch *watch(const char *path)
{
	struct file_watch *one = file_watch_create(loop, on_change, NULL);
	cr_assert_not_null(one);
	cr_assert(file_watch_add(one, path));
	return one;
}

Test(file_watch, sees_a_file_that_is_written_replaced_or_gone)
{
	write_file("a.pem", "one");
	struct file_watch *one = watch("a.pem");
	write_file("a.pem", "two, longer");
	expect_told("written in place");
	write_file("new", "three");
	cr_assert_eq(rename("new", "a.pem"), 0);
	expect_told("replaced by rename");
	cr_assert_eq(chmod("a.pem", 0600), 0);
	expect_told("other permissions");
	cr_assert_eq(unlink("a.pem"), 0);
	expect_told("gone");
	write_file("a.pem", "four");
	expect_told("back again");
	file_watch_destroy(one);
}

Test(file_watch, tells_of_several_steps_once)
{
	write_file("a.pem", "one");
	struct file_watch *one = watch("a.pem");
	cr_assert(file_watch_add(one, "b.pem"));
	write_file("a.pem", "two, longer");
	write_file("b.pem", "two");
	write_file("a.pem", "three, still longer");
	expect_told("once");
	run_for(3 * FILE_WATCH_QUIET_MS);
	cr_expect_eq(told, 1);
	file_watch_destroy(one);
}

Test(file_watch, is_silent_about_other_files)
{
	write_file("a.pem", "one");
	struct file_watch *one = watch("a.pem");
	write_file("b.pem", "two");
	run_for(3 * FILE_WATCH_QUIET_MS);
	cr_expect_eq(told, 0);
	file_watch_destroy(one);
}

// certbot: live/a.pem -> ../archive/a1.pem
Test(file_watch, follows_a_link_to_the_file)
{
	cr_assert_eq(mkdir("live", 0700), 0);
	cr_assert_eq(mkdir("archive", 0700), 0);
	write_file("archive/a1.pem", "one");
	write_file("archive/a2.pem", "two, longer");
	cr_assert_eq(symlink("../archive/a1.pem", "live/a.pem"), 0);
	struct file_watch *one = watch("live/a.pem");
	cr_assert_eq(symlink("../archive/a2.pem", "live/new"), 0);
	cr_assert_eq(rename("live/new", "live/a.pem"), 0);
	expect_told("the link leads elsewhere");
	write_file("archive/a2.pem", "three, still longer");
	expect_told("the file behind the link is written");
	file_watch_destroy(one);
}

// Kubernetes: a.pem -> ..data/a.pem, ..data -> ..2026_1
Test(file_watch, follows_a_link_to_the_folder)
{
	cr_assert_eq(mkdir("..1", 0700), 0);
	cr_assert_eq(mkdir("..2", 0700), 0);
	write_file("..1/a.pem", "one");
	write_file("..2/a.pem", "two, longer");
	cr_assert_eq(symlink("..1", "..data"), 0);
	cr_assert_eq(symlink("..data/a.pem", "a.pem"), 0);
	char path[64];
	(void)snprintf(path, sizeof(path), "%s/a.pem", folder);
	struct file_watch *one = watch(path);
	cr_assert_eq(symlink("..2", "..new"), 0);
	cr_assert_eq(rename("..new", "..data"), 0);
	expect_told("the folder is another one");
	cr_assert_eq(unlink("..1/a.pem"), 0);
	cr_assert_eq(rmdir("..1"), 0);
	write_file("..2/a.pem", "three, still longer");
	expect_told("the new folder is watched, too");
	file_watch_destroy(one);
}

Test(file_watch, survives_links_that_lead_nowhere)
{
	cr_assert_eq(symlink("b", "a"), 0);
	cr_assert_eq(symlink("a", "b"), 0);
	struct file_watch *one = watch("a/x");
	cr_assert(file_watch_add(one, "missing/x.pem"));
	cr_assert(file_watch_add(one, "/"));
	cr_assert(file_watch_add(one, ""));
	cr_assert_eq(unlink("a"), 0);
	cr_assert_eq(mkdir("a", 0700), 0);
	write_file("a/x", "one");
	expect_told("a way there at last");
	file_watch_destroy(one);
}
