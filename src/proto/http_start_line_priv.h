// SPDX-License-Identifier: MIT
// The first line of a head: its grammar, and the parts of a request's target.
#pragma once

#include "wherry/proto/http_scan.h"

// line is without its CRLF. False: refused, with scan's status and error set. The
// authority of an absolute target is left in message->host; http_rules compares it.
MUST_CHECK bool http_start_line_read_request(
	struct http_scan *scan, struct str line, struct http_message *message);
MUST_CHECK bool http_start_line_read_response(
	struct http_scan *scan, struct str line, struct http_message *message);
