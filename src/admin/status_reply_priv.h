// SPDX-License-Identifier: MIT
// What the status server answers to one request: pure text, no connection.
#pragma once

#include "wherry/admin/status.h"
#include "wherry/proto/http_message.h"

// address is the server's own. Says Connection: close unless is_keep_alive.
void status_reply_write(struct buf *out, const struct http_message *request,
	const struct addr *address, const struct status_source *source,
	bool is_keep_alive);
// An answer without a request that could be read; the connection closes.
void status_reply_refuse(struct buf *out, unsigned status);
