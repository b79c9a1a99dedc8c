// SPDX-License-Identifier: MIT
// Landlock's rules; see the header and landlock(7). The C library has no calls for it.
#include "sandbox_landlock_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// Of interfaces newer than the headers of Debian 12.
#define ACCESS_TRUNCATE (UINT64_C(1) << 14)  // version 3
#define ACCESS_IOCTL_DEV (UINT64_C(1) << 15) // version 5
#define SCOPE_ABSTRACT_UNIX UINT64_C(1)      // version 6
#define SCOPE_SIGNAL UINT64_C(2)

enum {
	VERSION_REFER = 2,
	VERSION_TRUNCATE = 3,
	VERSION_IOCTL_DEV = 5,
	VERSION_SCOPE = 6
};

// As the kernel of version 6 has it; an older one is given its first member.
struct ruleset {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};

static const uint64_t of_files =
	LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
	LANDLOCK_ACCESS_FS_READ_FILE | ACCESS_TRUNCATE | ACCESS_IOCTL_DEV;

// Every access of the first version, then those of the kernel's.
static uint64_t all_accesses(int version)
{
	uint64_t all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
	if (version >= VERSION_REFER)
		all |= LANDLOCK_ACCESS_FS_REFER;
	if (version >= VERSION_TRUNCATE)
		all |= ACCESS_TRUNCATE;
	if (version >= VERSION_IOCTL_DEV)
		all |= ACCESS_IOCTL_DEV;
	return all;
}

static uint64_t accesses_of(enum sandbox_access access)
{
	static const uint64_t read =
		LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
	switch (access) {
	case SANDBOX_READ:
		return read;
	case SANDBOX_RUN:
		return read | LANDLOCK_ACCESS_FS_EXECUTE;
	case SANDBOX_WRITE:
		return LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE;
	case SANDBOX_LOG:
		return LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_WRITE_FILE;
	case SANDBOX_SOCKETS:
		return LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_REMOVE_FILE;
	}
	return 0;
}

static void add_rule(int ruleset, const struct sandbox_path *path)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = accesses_of(path->access),
		.parent_fd = open(path->path, O_PATH | O_CLOEXEC),
	};
	struct stat status;
	if (rule.parent_fd < 0)
		return;
	if (fstat(rule.parent_fd, &status) == 0 && !S_ISDIR(status.st_mode))
		rule.allowed_access &= of_files;
	// Refused for pipes and the like, which landlock does not guard.
	(void)syscall(
		SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	close(rule.parent_fd);
}

int sandbox_landlock_enter(const struct sandbox_paths *paths, int *ret_version)
{
	*ret_version = 0;
	long version = syscall(
		SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (version < 0)
		return errno;
	struct ruleset wanted = {.handled_access_fs = all_accesses((int)version)};
	size_t size = sizeof(wanted.handled_access_fs);
	if (version >= VERSION_SCOPE) {
		wanted.scoped = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL;
		size = sizeof(wanted);
	}
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &wanted, size, 0);
	if (ruleset < 0)
		return errno;
	for (size_t i = 0; i < paths->count; i++)
		add_rule(ruleset, &paths->items[i]);
	int error = 0;
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
		error = errno;
	close(ruleset);
	if (error == 0)
		*ret_version = (int)version;
	return error;
}
