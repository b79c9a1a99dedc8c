// SPDX-License-Identifier: MIT
// Reading files with secrets; see the header.
#include "wherry/base/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail(char text[SECRET_FILE_ERROR_SIZE], int error)
{
	(void)snprintf(text, SECRET_FILE_ERROR_SIZE, "can't be read: %s",
		strerrordesc_np(error));
	return false;
}

static bool is_own_group(gid_t group)
{
	if (group == getegid())
		return true;
	int count = getgroups(0, NULL);
	gid_t *groups = count > 0 ? calloc((size_t)count, sizeof(*groups)) : NULL;
	if (!groups)
		return false;
	count = getgroups(count, groups);
	bool is_found = false;
	for (int i = 0; i < count && !is_found; i++)
		is_found = groups[i] == group;
	free(groups);
	return is_found;
}

static bool check_status(const struct stat *status, char text[SECRET_FILE_ERROR_SIZE])
{
	static const char expected[] =
		"expected mode 0600, or 0640 and a group of the user that Wherry runs as";
	unsigned mode = status->st_mode & 07777;
	if (!S_ISREG(status->st_mode)) {
		(void)snprintf(text, SECRET_FILE_ERROR_SIZE,
			"is no regular file (expected one)");
	} else if (status->st_size > SECRET_FILE_MAX) {
		(void)snprintf(text, SECRET_FILE_ERROR_SIZE,
			"is too long (expected at most %d bytes, found %lld)",
			SECRET_FILE_MAX, (long long)status->st_size);
	} else if (mode & S_IRWXO) {
		(void)snprintf(text, SECRET_FILE_ERROR_SIZE,
			"is open to others (%s, found %04o)", expected, mode);
	} else if ((mode & S_IRWXG) && !is_own_group(status->st_gid)) {
		(void)snprintf(text, SECRET_FILE_ERROR_SIZE,
			"is open to the group %u (%s, found %04o)",
			(unsigned)status->st_gid, expected, mode);
	} else {
		return true;
	}
	return false;
}

// A mapping of its own shares no page with what may be dumped or freed unwiped. That it
// is locked is too much to ask of an ordinary user's limits, so failure is no error.
static bool reserve(struct secret_file *secret, size_t length)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t size = (length / page + 1) * page; // there is room for the NUL
	void *data = mmap(
		NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (data == MAP_FAILED)
		return false;
	(void)mlock(data, size);
	(void)madvise(data, size, MADV_DONTDUMP);
	*secret = (struct secret_file){.data = data, .mapped_size = size};
	return true;
}

// 0, or errno. The file may have shrunk or grown since its length was asked.
static int read_all(int fd, struct secret_file *secret, size_t length)
{
	while (secret->length < length) {
		ssize_t got =
			read(fd, secret->data + secret->length, length - secret->length);
		if (got == 0)
			break;
		if (got > 0)
			secret->length += (size_t)got;
		else if (errno != EINTR)
			return errno;
	}
	return 0;
}

static bool read_open(
	int fd, struct secret_file *secret, char text[SECRET_FILE_ERROR_SIZE])
{
	struct stat status;
	if (fstat(fd, &status) != 0)
		return fail(text, errno);
	if (!check_status(&status, text))
		return false;
	if (!reserve(secret, (size_t)status.st_size))
		return fail(text, errno);
	int error = read_all(fd, secret, (size_t)status.st_size);
	if (error == 0)
		return true;
	secret_file_finish(secret);
	return fail(text, error);
}

bool secret_file_read(const char *path, struct secret_file *ret_secret,
	char reterr_text[SECRET_FILE_ERROR_SIZE])
{
	*ret_secret = SECRET_FILE_INIT;
	// A FIFO shall be refused, not waited for.
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return fail(reterr_text, errno);
	bool is_read = read_open(fd, ret_secret, reterr_text);
	close(fd);
	return is_read;
}

void secret_file_finish(struct secret_file *secret)
{
	if (secret->mapped_size > 0) {
		explicit_bzero(secret->data, secret->mapped_size);
		(void)munmap(secret->data, secret->mapped_size); // ours: can't fail
	}
	*secret = SECRET_FILE_INIT;
}

struct str secret_file_str(const struct secret_file *secret)
{
	return (struct str){secret->data, secret->length};
}
