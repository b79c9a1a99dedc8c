// SPDX-License-Identifier: MIT
// Which fields end at this hop (RFC 9110 section 7.6.1): by their name, by a spelling
// that backends take for such a name, or because Connection names them.
#pragma once

#include "wherry/proto/http_scan.h"

// Never forwarded, whatever else the head says.
bool http_hop_is_dropped(enum http_field_id id);

// A name with "_", which many backends read as "-": refused if it then names the framing
// (scan says so), dropped if it then names what Wherry sets or removes itself.
MUST_CHECK bool http_hop_check_folded(struct http_scan *scan, struct http_field *field);

// Drops the fields that Connection calls hop-by-hop. Refused if that would change what
// the message means; without effect on what Wherry sets, or keeps whatever the sender
// wants.
MUST_CHECK bool http_hop_nominate(
	struct http_scan *scan, struct str name, struct http_message *message);
