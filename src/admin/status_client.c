// SPDX-License-Identifier: MIT
// One request to the status address, and its answer as text; see the header.
#include "wherry/admin/status_client.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <jansson.h>

enum {
	PIECE_SIZE = 16384,
	VALUE_COLUMN = 21,
	DEPTH_MAX = 8
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

static void write_name(struct buf *out, const char *name, int depth)
{
	buf_printf(out, "%*s", 2 * depth, "");
	for (; *name; name++)
		buf_append(out, *name == '_' ? " " : name, 1);
}

static void fill_up(struct buf *out, size_t start)
{
	do
		buf_append(out, " ", 1);
	while (!out->is_failed && out->length - start < VALUE_COLUMN);
}

// The process that answers may be anybody's: what would move a terminal's cursor is not
// passed on.
static void write_string(struct buf *out, const char *text)
{
	for (; *text; text++)
		buf_append(out, iscntrl((unsigned char)*text) ? "?" : text, 1);
}

static void write_scalar(struct buf *out, const json_t *value)
{
	if (json_is_string(value))
		write_string(out, json_string_value(value));
	else if (json_is_integer(value))
		buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		buf_printf(out, "%g", json_real_value(value));
	else
		buf_append_str(out, json_is_true(value)    ? STR("yes")
				    : json_is_false(value) ? STR("no")
							   : STR("-"));
	buf_append_str(out, STR("\n"));
}

static void write_value(struct buf *out, const char *name, json_t *value, int depth);

static void write_members(struct buf *out, json_t *object, int depth)
{
	for (void *each = json_object_iter(object); each;
		each = json_object_iter_next(object, each))
		write_value(out, json_object_iter_key(each), json_object_iter_value(each),
			depth);
}

static void write_value(struct buf *out, const char *name, json_t *value, int depth)
{
	if (depth > DEPTH_MAX)
		return;
	if (json_is_array(value)) {
		for (size_t i = 0; i < json_array_size(value); i++)
			write_value(out, name, json_array_get(value, i), depth);
		return;
	}
	size_t start = out->length;
	write_name(out, name, depth);
	if (!json_is_object(value)) {
		fill_up(out, start);
		write_scalar(out, value);
		return;
	}
	buf_append_str(out, STR("\n"));
	write_members(out, value, depth + 1);
}

bool status_client_write_text(struct str json, struct buf *out)
{
	json_t *root = json_loadb(json.length > 0 ? json.data : "", json.length, 0, NULL);
	bool is_object = json_is_object(root);
	if (is_object)
		write_members(out, root, 0);
	json_decref(root);
	return is_object;
}
