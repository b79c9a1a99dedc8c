// SPDX-License-Identifier: MIT
// Opening log files and writing whole batches to them.
#include "log_output_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_path(const char *path)
{
	// A FIFO without a reader shall be an error here, not a wait.
	return open(path,
		O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
}

bool log_output_open(struct log_output *output, const char *target)
{
	*output = (struct log_output){.fd = -1};
	if (strcmp(target, "stdout") == 0) {
		output->fd = STDOUT_FILENO;
		return true;
	}
	if (strcmp(target, "stderr") == 0) {
		output->fd = STDERR_FILENO;
		return true;
	}
	output->path = str_copy(str_from(target));
	if (!output->path)
		return false;
	output->fd = open_path(target);
	return output->fd >= 0;
}

void log_output_close(struct log_output *output)
{
	// What could not be written was told by write already.
	if (output->path && output->fd >= 0)
		(void)close(output->fd);
	free(output->path);
	*output = (struct log_output){.fd = -1};
}

bool log_output_reopen(struct log_output *output)
{
	if (!output->path)
		return true;
	int fd = open_path(output->path);
	if (fd < 0)
		return false;
	(void)close(output->fd);
	output->fd = fd;
	output->is_torn = false;
	return true;
}

static size_t write_all(int fd, const char *data, size_t length)
{
	size_t written = 0;

	while (written < length) {
		ssize_t count = write(fd, data + written, length - written);
		if (count >= 0) {
			written += (size_t)count;
			continue;
		}
		if (errno == EAGAIN) {
			// Whoever shares our stdout may have made it non-blocking.
			struct pollfd ready = {.fd = fd, .events = POLLOUT};
			(void)poll(&ready, 1, -1);
		} else if (errno != EINTR) {
			break;
		}
	}
	return written;
}

size_t log_output_write(struct log_output *output, const char *lines, size_t length)
{
	if (output->is_torn && write_all(output->fd, "\n", 1) < 1)
		return 0;
	output->is_torn = false;

	size_t written = write_all(output->fd, lines, length);
	if (written > 0 && lines[written - 1] != '\n')
		output->is_torn = true;
	return written;
}

bool log_output_is_same(const struct log_output *a, const struct log_output *b)
{
	struct stat of_a, of_b;

	if (fstat(a->fd, &of_a) != 0 || fstat(b->fd, &of_b) != 0)
		return false;
	return of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
}
