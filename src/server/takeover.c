// SPDX-License-Identifier: MIT
// Records with descriptors; see the header.
#include "wherry/server/takeover.h"

#include <errno.h>
#include <string.h>

// Room for one control message, aligned as the kernel wants it.
union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(TAKEOVER_SOCKETS_MAX * sizeof(int))];
};

static void attach(struct msghdr *message, union control *control,
	const struct takeover_sockets *sockets)
{
	size_t size = sockets->count * sizeof(int);
	memset(control, 0, sizeof(*control));
	message->msg_control = control->bytes;
	message->msg_controllen = CMSG_SPACE(size);
	struct cmsghdr *header = CMSG_FIRSTHDR(message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(header), sockets->items, size);
}

int takeover_send(int connection, const struct takeover_record *record,
	const struct takeover_sockets *sockets)
{
	struct takeover_record copy = *record;
	struct iovec bytes = {&copy, sizeof(copy)};
	struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1};
	union control control;
	if (sockets && sockets->count > 0)
		attach(&message, &control, sockets);
	ssize_t sent = sendmsg(connection, &message, MSG_NOSIGNAL);
	if (sent < 0)
		return errno;
	return (size_t)sent == sizeof(copy) ? 0 : EAGAIN;
}

static void detach(struct msghdr *message, struct takeover_sockets *sockets)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);
	for (; header; header = CMSG_NXTHDR(message, header)) {
		size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
			count > TAKEOVER_SOCKETS_MAX - sockets->count)
			continue;
		memcpy(sockets->items + sockets->count, CMSG_DATA(header),
			count * sizeof(int));
		sockets->count += count;
	}
}

int takeover_receive(int connection, struct takeover_record *ret_record,
	struct takeover_sockets *ret_sockets)
{
	size_t length = 0;
	ret_sockets->count = 0;
	while (length < sizeof(*ret_record)) {
		union control control;
		struct iovec bytes = {
			(char *)ret_record + length, sizeof(*ret_record) - length};
		struct msghdr message = {.msg_iov = &bytes,
			.msg_iovlen = 1,
			.msg_control = control.bytes,
			.msg_controllen = sizeof(control.bytes)};
		ssize_t got = recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN && length > 0)
			return EBADMSG; // they are sent in one piece
		if (got <= 0)
			return got == 0 ? EPIPE : errno;
		detach(&message, ret_sockets);
		length += (size_t)got;
	}
	return 0;
}
