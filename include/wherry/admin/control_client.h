// SPDX-License-Identifier: MIT
// The other end of the control socket: one request, its lines as they come, and the
// answer. Blocks; not for a process that serves.
#pragma once

#include "wherry/base/addr.h"
#include "wherry/base/buf.h"

struct json_t;

enum {
	CONTROL_CLIENT_PATIENCE_MS = 60 * 1000 // with each piece of an answer
};

struct control_client {
	int fd;
	struct buf input;
	size_t used; // of input, by lines that were read
};

// 0, or an errno: nobody answers there. To be finished in any case.
MUST_CHECK int control_client_open(
	struct control_client *client, const struct addr *address);
void control_client_finish(struct control_client *client);

// Sends {"verb":...,...}. 0 or an errno.
MUST_CHECK int control_client_send(
	struct control_client *client, const struct json_t *request);
// Its patience is without bounds from here on.
MUST_CHECK int control_client_wait_for_ever(struct control_client *client);
// The next line, without its end; valid until the next call. 0, an errno, or ECONNRESET
// for the end of the connection.
MUST_CHECK int control_client_read(struct control_client *client, struct str *ret_line);
