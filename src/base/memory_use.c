// SPDX-License-Identifier: MIT
// Memory in use; see the header.
#include "wherry/base/memory_use.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "wherry/base/str.h"

enum {
	TEXT_SIZE = 8192, // of the longest file that is read
};

struct version {
	const char *folder; // of all groups
	const char *limit, *use;
	const char *cache[2]; // keys of memory.stat
};

static const struct version versions[] = {
	{"/sys/fs/cgroup", "memory.max", "memory.current",
		{"inactive_file ", "active_file "}},
	{"/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
		{"total_inactive_file ", "total_active_file "}},
};

static struct str read_text(int fd, char text[TEXT_SIZE])
{
	ssize_t length = fd >= 0 ? pread(fd, text, TEXT_SIZE, 0) : 0;
	return (struct str){text, length > 0 ? (size_t)length : 0};
}

static bool take_line(struct str *text, struct str *ret_line)
{
	if (text->length == 0)
		return false;
	*ret_line = str_cut_until(text, '\n');
	return true;
}

static int open_file(const char *folder, struct str group, const char *name)
{
	char path[PATH_MAX];
	int length =
		snprintf(path, sizeof(path), "%s%.*s/%s", folder, STR_ARG(group), name);
	if (length < 0 || (size_t)length >= sizeof(path))
		return -1;
	return open(path, O_RDONLY | O_CLOEXEC);
}

// UINT64_MAX: "max", or nothing that is a number.
static uint64_t read_limit(const char *folder, struct str group, const char *name)
{
	char text[TEXT_SIZE];
	uint64_t limit = UINT64_MAX;
	int fd = open_file(folder, group, name);
	struct str rest = read_text(fd, text), line;
	if (fd >= 0)
		close(fd);
	if (!take_line(&rest, &line) || !str_parse_u64(line, UINT64_MAX, &limit))
		return UINT64_MAX;
	return limit;
}

// The limit of a group holds for those inside it: up to the root, the tightest counts. In
// a container the path may be the host's, and then only the root is there.
static void find_limit(struct memory_use *use, const struct version *version,
	const char *root, struct str path)
{
	char folder[PATH_MAX];
	int length = snprintf(folder, sizeof(folder), "%s%s", root, version->folder);
	if (length < 0 || (size_t)length >= sizeof(folder))
		return;
	for (;;) {
		while (path.length > 0 && path.data[path.length - 1] == '/')
			path.length--;
		uint64_t limit = read_limit(folder, path, version->limit);
		if (limit < use->limit) {
			memory_use_close(use);
			use->limit = limit;
			use->use_fd = open_file(folder, path, version->use);
			use->stat_fd = open_file(folder, path, "memory.stat");
		}
		if (path.length == 0)
			return;
		while (path.length > 0 && path.data[path.length - 1] != '/')
			path.length--;
	}
}

// "4:memory:/a/b" of version 1, "0::/a/b" of version 2.
static void read_group(struct memory_use *use, const char *root, struct str line)
{
	struct str rest = line, controllers, item;
	const char *first = memchr(line.data, ':', line.length);
	if (!first)
		return;
	rest.length -= (size_t)(first + 1 - rest.data);
	rest.data = first + 1;
	const char *second = memchr(rest.data, ':', rest.length);
	if (!second)
		return;
	controllers = (struct str){rest.data, (size_t)(second - rest.data)};
	rest.length -= (size_t)(second + 1 - rest.data);
	rest.data = second + 1;
	if (controllers.length == 0)
		find_limit(use, &versions[0], root, rest);
	while (str_next_item(&controllers, &item)) {
		if (str_equal(item, STR("memory")))
			find_limit(use, &versions[1], root, rest);
	}
}

static uint64_t find_machine_size(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
	return pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : UINT64_MAX;
}

void memory_use_open_process(struct memory_use *use, const char *root)
{
	*use = (struct memory_use){
		.use_fd = open_file(root, STR("/proc/self"), "statm"),
		.stat_fd = -1,
		.limit = find_machine_size(),
	};
}

void memory_use_open(struct memory_use *use, const char *root)
{
	char text[TEXT_SIZE];
	memory_use_open_process(use, root);
	int fd = open_file(root, STR("/proc/self"), "cgroup");
	struct str rest = read_text(fd, text), line;
	if (fd >= 0)
		close(fd);
	while (take_line(&rest, &line))
		read_group(use, root, line);
}

void memory_use_close(struct memory_use *use)
{
	if (use->use_fd >= 0)
		close(use->use_fd);
	if (use->stat_fd >= 0)
		close(use->stat_fd);
	use->use_fd = use->stat_fd = -1;
}

static bool take_number(struct str line, const char *key, uint64_t *ret_value)
{
	struct str name = str_from(key);
	if (!str_has_prefix(line, name))
		return false;
	return str_parse_u64(
		(struct str){line.data + name.length, line.length - name.length},
		UINT64_MAX, ret_value);
}

// What both lists of file pages hold can be had back; shared memory is in neither.
static uint64_t read_cache(const struct memory_use *use)
{
	char text[TEXT_SIZE];
	struct str rest = read_text(use->stat_fd, text), line;
	uint64_t cache = 0, local = 0, value;
	while (take_line(&rest, &line)) {
		for (size_t i = 0; i < 2; i++) {
			if (take_number(line, versions[1].cache[i], &value))
				cache += value;
			else if (take_number(line, versions[0].cache[i], &value))
				local += value;
		}
	}
	// Version 1 has both, the group's own and the total with those below it.
	return cache > 0 ? cache : local;
}

static uint64_t read_resident(struct str text)
{
	uint64_t pages = 0;
	const char *space = text.length > 0 ? memchr(text.data, ' ', text.length) : NULL;
	if (!space)
		return 0;
	for (const char *at = space + 1; at < text.data + text.length; at++) {
		if (*at < '0' || *at > '9')
			break;
		pages = pages * 10 + (uint64_t)(*at - '0');
	}
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t memory_use_read(const struct memory_use *use)
{
	char text[TEXT_SIZE];
	struct str rest = read_text(use->use_fd, text), line;
	uint64_t bytes = 0;
	if (!take_line(&rest, &line))
		return 0;
	if (use->stat_fd < 0)
		return read_resident(line);
	if (!str_parse_u64(line, UINT64_MAX, &bytes))
		return 0;
	uint64_t cache = read_cache(use);
	return bytes > cache ? bytes - cache : 0;
}
