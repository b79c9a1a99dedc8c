// SPDX-License-Identifier: MIT
// A blocking peer of the control socket; see the header.
#include "wherry/admin/control_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <jansson.h>

enum {
	PIECE_SIZE = 64 * 1024
};

// SO_SNDTIMEO bounds connect as well.
static bool set_patience(int fd, int option, time_t seconds)
{
	struct timeval patience = {.tv_sec = seconds};
	return setsockopt(fd, SOL_SOCKET, option, &patience, sizeof(patience)) == 0;
}

int control_client_open(struct control_client *client, const struct addr *address)
{
	time_t patience = CONTROL_CLIENT_PATIENCE_MS / 1000;
	*client = (struct control_client){
		.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	if (client->fd >= 0 && set_patience(client->fd, SO_SNDTIMEO, patience) &&
		set_patience(client->fd, SO_RCVTIMEO, patience) &&
		connect(client->fd, &address->any, address->length) == 0)
		return 0;
	return errno;
}

void control_client_finish(struct control_client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
	buf_finish(&client->input);
}

static int send_all(int fd, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t sent = send(fd, data, length, MSG_NOSIGNAL);
		if (sent < 0)
			return errno;
		data += sent;
		length -= (size_t)sent;
	}
	return 0;
}

int control_client_send(struct control_client *client, const json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT);
	if (!text)
		return ENOMEM;
	int error = send_all(client->fd, text, strlen(text));
	free(text);
	return error != 0 ? error : send_all(client->fd, "\n", 1);
}

int control_client_wait_for_ever(struct control_client *client)
{
	return set_patience(client->fd, SO_RCVTIMEO, 0) ? 0 : errno;
}

static int read_more(struct control_client *client)
{
	char piece[PIECE_SIZE];
	struct buf *input = &client->input;
	if (client->used > 0) {
		input->length -= client->used;
		memmove(input->data, input->data + client->used, input->length);
		client->used = 0;
	}
	ssize_t got = recv(client->fd, piece, sizeof(piece), 0);
	if (got < 0)
		return errno;
	if (got == 0)
		return ECONNRESET;
	buf_append(input, piece, (size_t)got);
	return input->is_failed ? ENOMEM : 0;
}

int control_client_read(struct control_client *client, struct str *ret_line)
{
	size_t searched = 0;
	for (;;) {
		const struct buf *input = &client->input;
		size_t length = input->length - client->used;
		const char *start = input->data + client->used;
		const char *end = length > searched ? memchr(start + searched, '\n',
							      length - searched)
						    : NULL;
		if (end) {
			*ret_line = (struct str){start, (size_t)(end - start)};
			client->used += ret_line->length + 1;
			return 0;
		}
		searched = length;
		int error = read_more(client);
		if (error != 0)
			return error;
	}
}
