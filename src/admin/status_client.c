// SPDX-License-Identifier: MIT
// One request to the status address; see the header.
#include "wherry/admin/status_client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum {
	PIECE_SIZE = 16384
};

static bool fail(char text[STATUS_CLIENT_ERROR_SIZE], int error)
{
	(void)snprintf(text, STATUS_CLIENT_ERROR_SIZE, "%s",
		error == EAGAIN ? "no answer in time" : strerrordesc_np(error));
	return false;
}

// Returns a connected socket, or -errno.
static int open_socket(const struct addr *address)
{
	struct timeval patience = {.tv_sec = STATUS_CLIENT_MS / 1000};
	int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	// The first one also bounds connect.
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) == 0 &&
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ==
			0 &&
		connect(fd, &address->any, address->length) == 0)
		return fd;
	int error = errno == EINPROGRESS ? EAGAIN : errno;
	close(fd);
	return -error;
}

// Until the server closes. 0 or errno.
static int exchange(int fd, struct buf *out)
{
	static const char request[] = "GET /status HTTP/1.1\r\nHost: localhost\r\n"
				      "Connection: close\r\n\r\n";
	char piece[PIECE_SIZE];
	ssize_t length = send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL);
	if (length < 0)
		return errno;
	while ((length = recv(fd, piece, sizeof(piece), 0)) > 0) {
		buf_append(out, piece, (size_t)length);
		if (out->is_failed)
			return ENOMEM;
	}
	return length < 0 ? errno : 0;
}

// Cuts the head off.
static bool take_body(struct buf *answer, char text[STATUS_CLIENT_ERROR_SIZE])
{
	static const char start[] = "HTTP/1.1 200 ";
	const char *end = answer->length > 0
				  ? memmem(answer->data, answer->length, "\r\n\r\n", 4)
				  : NULL;
	if (!end || !str_has_prefix(buf_str(answer), str_from(start))) {
		(void)snprintf(text, STATUS_CLIENT_ERROR_SIZE,
			"what answers there is no status address of this version");
		return false;
	}
	size_t head = (size_t)(end + 4 - answer->data);
	memmove(answer->data, answer->data + head, answer->length - head);
	answer->length -= head;
	return true;
}

bool status_client_ask(const struct addr *address, struct buf *ret_json,
	char reterr_text[STATUS_CLIENT_ERROR_SIZE])
{
	int fd = open_socket(address);
	if (fd < 0)
		return fail(reterr_text, -fd);
	int error = exchange(fd, ret_json);
	close(fd);
	return error == 0 ? take_body(ret_json, reterr_text) : fail(reterr_text, error);
}
