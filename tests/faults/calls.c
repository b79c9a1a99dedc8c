// SPDX-License-Identifier: MIT
// System calls on sockets that move less, would block or fail. A preloaded library, not
// the linker's --wrap, since most writes are made inside libevent.so, and so that the
// program is the one that is shipped. Files, pipes and eventfds are left alone.
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "control.h"

enum {
	PIECES_MAX = 64, // of one call that is cut
	CRUMB_MAX = 8,   // every other part is no longer than that
};

ssize_t __recv_chk(int fd, void *data, size_t length, size_t size, int flags);
ssize_t __read_chk(int fd, void *data, size_t length, size_t size);

// The real function of that name, looked up once.
#define REAL(name)                                                                       \
	static __typeof__(name) *real;                                                   \
	if (!real)                                                                       \
	*(void **)&real = dlsym(RTLD_NEXT, #name)

static bool is_socket(int fd)
{
	struct stat status;
	int saved = errno;
	bool answer = fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
	errno = saved;
	return answer;
}

// After a reset the kernel gives no more bytes, and takes none.
static void kill_socket(int fd)
{
	struct linger none = {.l_onoff = 1, .l_linger = 0};
	REAL(setsockopt);
	(void)real(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	(void)shutdown(fd, SHUT_RDWR);
}

// True if the call is to fail, with errno. Else *length may have become less.
static bool fails(enum control_call call, int fd, size_t *length)
{
	struct control_fault fault;
	if (*length == 0 || !is_socket(fd) || !control_decide(call, &fault))
		return false;
	if (fault.error == 0) {
		size_t most = fault.random & 1 ? CRUMB_MAX : *length;
		size_t part = 1 + (fault.random >> 1) % most;
		*length = part < *length ? part : *length;
		return false;
	}
	if (fault.error == ECONNRESET || fault.error == EPIPE)
		kill_socket(fd);
	errno = fault.error;
	return true;
}

static size_t count_bytes(const struct iovec *pieces, size_t count)
{
	size_t total = 0;
	for (size_t i = 0; i < count; i++)
		total += pieces[i].iov_len;
	return total;
}

// The first length bytes of the pieces; returns how many pieces that are.
static size_t cut_pieces(
	const struct iovec *pieces, size_t count, size_t length, struct iovec *ret_pieces)
{
	size_t i = 0;
	for (; i < count && i < PIECES_MAX && length > 0; i++) {
		ret_pieces[i] = pieces[i];
		if (ret_pieces[i].iov_len > length)
			ret_pieces[i].iov_len = length;
		length -= ret_pieces[i].iov_len;
	}
	return i;
}

ssize_t recv(int fd, void *data, size_t length, int flags)
{
	REAL(recv);
	return fails(CONTROL_RECV, fd, &length) ? -1 : real(fd, data, length, flags);
}

ssize_t __recv_chk(int fd, void *data, size_t length, size_t size, int flags)
{
	return recv(fd, data, length < size ? length : size, flags);
}

ssize_t read(int fd, void *data, size_t length)
{
	REAL(read);
	return fails(CONTROL_RECV, fd, &length) ? -1 : real(fd, data, length);
}

ssize_t __read_chk(int fd, void *data, size_t length, size_t size)
{
	return read(fd, data, length < size ? length : size);
}

ssize_t readv(int fd, const struct iovec *pieces, int count)
{
	REAL(readv);
	struct iovec cut[PIECES_MAX];
	size_t length = count_bytes(pieces, (size_t)count);
	if (fails(CONTROL_RECV, fd, &length))
		return -1;
	return real(fd, cut, (int)cut_pieces(pieces, (size_t)count, length, cut));
}

ssize_t send(int fd, const void *data, size_t length, int flags)
{
	REAL(send);
	return fails(CONTROL_SEND, fd, &length) ? -1 : real(fd, data, length, flags);
}

ssize_t write(int fd, const void *data, size_t length)
{
	REAL(write);
	return fails(CONTROL_SEND, fd, &length) ? -1 : real(fd, data, length);
}

ssize_t writev(int fd, const struct iovec *pieces, int count)
{
	REAL(writev);
	struct iovec cut[PIECES_MAX];
	size_t length = count_bytes(pieces, (size_t)count), all = length;
	if (fails(CONTROL_SEND, fd, &length))
		return -1;
	if (length == all)
		return real(fd, pieces, count);
	return real(fd, cut, (int)cut_pieces(pieces, (size_t)count, length, cut));
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	REAL(sendmsg);
	struct iovec cut[PIECES_MAX];
	struct msghdr copy = *message;
	size_t length = count_bytes(copy.msg_iov, copy.msg_iovlen), all = length;
	if (fails(CONTROL_SEND, fd, &length))
		return -1;
	if (length == all)
		return real(fd, message, flags);
	copy.msg_iovlen = cut_pieces(copy.msg_iov, copy.msg_iovlen, length, cut);
	copy.msg_iov = cut;
	return real(fd, &copy, flags);
}

// For calls that move nothing: true with errno if it is to fail.
static bool fails_whole(enum control_call call)
{
	struct control_fault fault;
	if (!control_decide(call, &fault) || fault.error == 0)
		return false;
	errno = fault.error;
	return true;
}

int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags)
{
	REAL(accept4);
	return fails_whole(CONTROL_ACCEPT) ? -1 : real(fd, address, length, flags);
}

int connect(int fd, const struct sockaddr *address, socklen_t length)
{
	REAL(connect);
	return fails_whole(CONTROL_CONNECT) ? -1 : real(fd, address, length);
}

int socket(int domain, int type, int protocol)
{
	REAL(socket);
	return fails_whole(CONTROL_SOCKET) ? -1 : real(domain, type, protocol);
}

int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
	REAL(epoll_ctl);
	if (operation != EPOLL_CTL_DEL && is_socket(fd) && fails_whole(CONTROL_EPOLL))
		return -1;
	return real(epoll, operation, fd, event);
}

int epoll_wait(int epoll, struct epoll_event *events, int count, int timeout)
{
	REAL(epoll_wait);
	return fails_whole(CONTROL_WAIT) ? -1 : real(epoll, events, count, timeout);
}

int ioctl(int fd, unsigned long request, ...)
{
	REAL(ioctl);
	va_list rest;
	va_start(rest, request);
	void *argument = va_arg(rest, void *);
	va_end(rest);
	if (is_socket(fd) && fails_whole(CONTROL_IOCTL))
		return -1;
	return real(fd, request, argument);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
	REAL(setsockopt);
	return fails_whole(CONTROL_OPTION) ? -1 : real(fd, level, name, value, length);
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *length)
{
	REAL(getsockopt);
	return fails_whole(CONTROL_OPTION) ? -1 : real(fd, level, name, value, length);
}
