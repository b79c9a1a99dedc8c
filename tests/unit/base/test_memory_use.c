// SPDX-License-Identifier: MIT
// Memory in use, read from trees of files as control groups of both versions have them.
#include "wherry/base/memory_use.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

static char root[64];

static void create_root(void)
{
	(void)snprintf(root, sizeof(root), "/tmp/wherry-memory-XXXXXX");
	cr_assert_not_null(mkdtemp(root));
}

static int remove_one(
	const char *path, const struct stat *info, int type, struct FTW *walk)
{
	return remove(path);
}

static void remove_root(void)
{
	cr_expect_eq(nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

TestSuite(memory_use, .init = create_root, .fini = remove_root);

static void write_file(const char *name, const char *text)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s%s", root, name);
	for (char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		(void)mkdir(path, 0700); // it may be there
		*at = '/';
	}
	FILE *file = fopen(path, "w");
	cr_assert_not_null(file, "%s", path);
	cr_assert_geq(fputs(text, file), 0);
	cr_assert_eq(fclose(file), 0);
}

static void expect(uint64_t limit, uint64_t bytes)
{
	struct memory_use use;

	memory_use_open(&use, root);
	cr_expect_eq(use.limit, limit, "%llu", (unsigned long long)use.limit);
	cr_expect_eq(memory_use_read(&use), bytes, "%llu",
		(unsigned long long)memory_use_read(&use));
	memory_use_close(&use);
}

Test(memory_use, reads_version_2)
{
	write_file("/proc/self/cgroup", "0::/system.slice/wherry.service\n");
	write_file("/sys/fs/cgroup/system.slice/wherry.service/memory.max", "1000000\n");
	write_file(
		"/sys/fs/cgroup/system.slice/wherry.service/memory.current", "700000\n");
	write_file("/sys/fs/cgroup/system.slice/wherry.service/memory.stat",
		"anon 400000\nfile 300000\nshmem 50000\ninactive_anon 1\n"
		"inactive_file 150000\nactive_file 100000\n");
	write_file("/sys/fs/cgroup/system.slice/memory.max", "max\n");
	expect(1000000, 450000);
}

Test(memory_use, takes_the_tightest_of_the_groups_around)
{
	write_file("/proc/self/cgroup", "0::/a/b\n");
	write_file("/sys/fs/cgroup/a/b/memory.max", "2000000\n");
	write_file("/sys/fs/cgroup/a/b/memory.current", "10\n");
	write_file("/sys/fs/cgroup/a/memory.max", "1000000\n");
	write_file("/sys/fs/cgroup/a/memory.current", "900000\n");
	write_file("/sys/fs/cgroup/a/memory.stat", "");
	expect(1000000, 900000);
}

Test(memory_use, reads_version_1)
{
	write_file("/proc/self/cgroup", "5:cpu,cpuacct:/a\n4:hugetlb,memory:/a\n0::/\n");
	write_file("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "100663296\n");
	write_file("/sys/fs/cgroup/memory/a/memory.usage_in_bytes", "50000000\n");
	write_file("/sys/fs/cgroup/memory/a/memory.stat",
		"cache 1\ninactive_file 5\nactive_file 5\n"
		"total_inactive_file 1000000\ntotal_active_file 2000000\n");
	write_file(
		"/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
	expect(100663296, 47000000);
}

// The path is the host's, the mount the container's.
Test(memory_use, finds_its_group_at_the_root_of_a_container)
{
	write_file("/proc/self/cgroup", "4:memory:/docker/abc\n");
	write_file("/sys/fs/cgroup/memory/memory.limit_in_bytes", "100663296\n");
	write_file("/sys/fs/cgroup/memory/memory.usage_in_bytes", "5000\n");
	write_file("/sys/fs/cgroup/memory/memory.stat", "total_inactive_file 1000\n");
	expect(100663296, 4000);
}

static uint64_t machine_size(void)
{
	return (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
}

Test(memory_use, looks_at_the_process_where_nothing_confines_it)
{
	static const char *const GROUPS[] = {
		"", "0::/\n", "nonsense", "4:memory", ":", "::\n"};

	write_file("/proc/self/statm", "5000 321 200 1 0 100 0\n");
	write_file("/sys/fs/cgroup/memory.max", "max\n");
	for (size_t i = 0; i < sizeof(GROUPS) / sizeof(*GROUPS); i++) {
		write_file("/proc/self/cgroup", GROUPS[i]);
		expect(machine_size(), 321 * (uint64_t)sysconf(_SC_PAGESIZE));
	}
}

Test(memory_use, says_nothing_where_nothing_can_be_read)
{
	expect(machine_size(), 0);
}

Test(memory_use, reads_this_machine_s_files)
{
	struct memory_use use;

	memory_use_open_process(&use, "");
	uint64_t before = memory_use_read(&use);
	cr_expect_gt(before, 100 * 1024);
	size_t size = 64 << 20;
	volatile char *block = malloc(size); // else a compiler may leave it out
	cr_assert_not_null(block);
	for (size_t i = 0; i < size; i += 1024)
		block[i] = 1;
	cr_expect_gt(memory_use_read(&use), before + size / 2);
	free((void *)block);
	memory_use_close(&use);
	memory_use_close(&use);

	memory_use_open(&use, "");
	cr_expect_gt(memory_use_read(&use), 100 * 1024);
	memory_use_close(&use);
}
