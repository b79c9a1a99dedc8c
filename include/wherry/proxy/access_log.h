// SPDX-License-Identifier: MIT
// The one line at the end of every request and every WebSocket.
#pragma once

#include "wherry/base/close_reason.h"
#include "wherry/proxy/request.h"

struct access_log_entry {
	uint64_t id; // of the connection
	const struct addr *peer;
	const struct request *request;
	uint64_t bytes_in, bytes_out; // with the client, this request
	uint64_t messages_in,
		messages_out; // from the client, and to it
	uint16_t close_code;  // WebSocket: the first Close; 0 = none
	enum close_reason reason;
	const char *ended_by; // "client", "backend" or "wherry"
	const char *detail;   // what exactly was wrong; NULL if there is nothing to add
};

// Only while log_access_is_on.
void access_log_write(const struct access_log_entry *entry);
