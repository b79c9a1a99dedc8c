// SPDX-License-Identifier: MIT
// llhttp's reading of a head that http_scan accepted, compared with http_scan's: method,
// target, status, field count, content length, chunked. A difference means that one of
// the two is wrong, and the message is refused.
#pragma once

#include "wherry/proto/http_message.h"

// Does llhttp know this method? Another one, however well-formed, can't be compared: 501.
bool http_parse_knows_method(struct str method);

// head is the whole head with its empty line. True if both readings agree.
MUST_CHECK bool http_parse_agrees(struct str head, const struct http_message *message);
