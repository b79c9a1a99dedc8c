// SPDX-License-Identifier: MIT
// Opens a connecting socket; see the header.
#include "wherry/net/dial.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <unistd.h>

int dial_open(const struct addr *addr)
{
	int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
	int fd = socket(addr->any.sa_family, type, 0);
	if (fd < 0)
		return -errno;
	if (!addr_is_unix(addr))
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	// EAGAIN is a full backlog of a UNIX socket: it will not become connected later.
	if (connect(fd, &addr->any, addr->length) == 0 || errno == EINPROGRESS)
		return fd;
	int error = errno;
	close(fd);
	return -error;
}
