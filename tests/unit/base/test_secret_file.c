// SPDX-License-Identifier: MIT
// Which files with secrets are read, and which are refused with what words.
#include "wherry/base/secret_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

static char path[] = "/tmp/wherry-secret-XXXXXX";
static char error[SECRET_FILE_ERROR_SIZE];
static struct secret_file secret;

static void create_file(void)
{
	int fd = mkstemp(path); // with mode 0600
	cr_assert(fd >= 0);
	close(fd);
}

static void remove_file(void)
{
	secret_file_finish(&secret);
	(void)unlink(path);
}

static void fill(const void *data, size_t length)
{
	FILE *file = fopen(path, "w");
	cr_assert_not_null(file);
	cr_assert_eq(fwrite(data, 1, length, file), length);
	cr_assert_eq(fclose(file), 0);
}

static void expect_refused(const char *file, const char *words)
{
	cr_assert(!secret_file_read(file, &secret, error), "%s", words);
	cr_expect_not_null(strstr(error, words), "%s", error);
	cr_expect_null(secret.data);
	cr_expect_eq(secret.mapped_size, 0);
}

TestSuite(secret_file, .init = create_file, .fini = remove_file);

Test(secret_file, gives_the_content_and_a_nul)
{
	fill("a\0b\n", 4);
	cr_assert(secret_file_read(path, &secret, error), "%s", error);
	cr_expect(str_equal(secret_file_str(&secret), STR("a\0b\n")));
	cr_expect_eq(secret.data[4], '\0');
}

Test(secret_file, has_room_for_the_nul_behind_whole_pages)
{
	static char text[SECRET_FILE_MAX];
	memset(text, 'x', sizeof(text));
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const size_t lengths[] = {0, 1, page - 1, page, page + 1, SECRET_FILE_MAX};
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		fill(text, lengths[i]);
		cr_assert(secret_file_read(path, &secret, error), "%s", error);
		cr_expect_eq(secret.length, lengths[i]);
		cr_expect_eq(strlen(secret.data), lengths[i]);
		secret_file_finish(&secret);
	}
}

Test(secret_file, may_be_finished_twice)
{
	cr_assert(secret_file_read(path, &secret, error), "%s", error);
	secret_file_finish(&secret);
	secret_file_finish(&secret);
	cr_expect_null(secret.data);
}

Test(secret_file, refuses_what_others_may_touch)
{
	const mode_t modes[] = {0604, 0644, 0602, 0601, 0777};
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		char found[16];
		cr_assert_eq(chmod(path, modes[i]), 0);
		(void)snprintf(found, sizeof(found), "found %04o)", (unsigned)modes[i]);
		expect_refused(path, "is open to others (expected mode 0600");
		cr_expect_not_null(strstr(error, found), "%s", error);
	}
}

Test(secret_file, lets_a_group_read_that_is_its_own)
{
	cr_assert_eq(chown(path, (uid_t)-1, getegid()), 0);
	cr_assert_eq(chmod(path, 0640), 0);
	cr_expect(secret_file_read(path, &secret, error), "%s", error);
}

Test(secret_file, refuses_a_group_that_is_not_its_own)
{
	if (geteuid() != 0)
		cr_skip("only root may give a file to a foreign group");
	cr_assert_eq(chown(path, (uid_t)-1, 54321), 0);
	cr_assert_eq(chmod(path, 0640), 0);
	expect_refused(path, "is open to the group 54321");
	cr_assert_eq(chmod(path, 0600), 0);
	cr_expect(secret_file_read(path, &secret, error), "%s", error);
}

Test(secret_file, follows_a_symbolic_link)
{
	char link[64];
	(void)snprintf(link, sizeof(link), "%s-link", path);
	cr_assert_eq(symlink(path, link), 0);
	cr_expect(secret_file_read(link, &secret, error), "%s", error);
	cr_assert_eq(chmod(path, 0644), 0);
	struct secret_file other;
	cr_expect(!secret_file_read(link, &other, error));
	(void)unlink(link);
}

Test(secret_file, refuses_what_is_no_readable_file)
{
	expect_refused("/tmp/wherry-no-such-file", "No such file");
	expect_refused("/tmp", "is no regular file");
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(mkfifo(path, 0600), 0);
	expect_refused(path, "is no regular file");
}

Test(secret_file, refuses_one_that_is_too_long)
{
	cr_assert_eq(truncate(path, SECRET_FILE_MAX + 1), 0);
	expect_refused(path, "is too long (expected at most 1048576 bytes");
}
