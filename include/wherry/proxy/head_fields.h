// SPDX-License-Identifier: MIT
// What the heads of both directions have in common: configured fields, and lists that
// each hop adds to.
#pragma once

#include "wherry/base/buf.h"
#include "wherry/conf/conf.h"
#include "wherry/proto/http_message.h"

// In all names case does not matter, and "_" counts as "-", as it does for many backends
// (SECURITY T22).

bool head_fields_is_same(struct str a, struct str b);
// Removed by configuration, or replaced by a value set there.
bool head_fields_is_removed(const struct conf_headers *headers, struct str name);
// One of the names.
bool head_fields_is_named(const struct conf_names *names, struct str name);
void head_fields_write_set(struct buf *out, const struct conf_headers *headers);
// The values of all fields with that id, each followed by ", ".
void head_fields_write_list(
	struct buf *out, const struct http_message *message, enum http_field_id id);
// Via with us at its end (RFC 9110 section 7.6.3).
void head_fields_write_via(struct buf *out, const struct http_message *message);
