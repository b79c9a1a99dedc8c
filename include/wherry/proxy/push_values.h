// SPDX-License-Identifier: MIT
// What the templates of channels and payloads (base/template) get from one request: taken
// from its head while that is there, and from its token when it was verified, since a
// push begins when both are gone. Bodies are not looked at.
#pragma once

#include "wherry/base/buf.h"
#include "wherry/base/template.h"
#include "wherry/proto/http_message.h"

struct jwt;

// Zeroed, it has none. Each value behind its placeholder, and both behind their lengths.
struct push_values {
	struct buf entries; // is_failed: memory was short, and values may be missing
};

void push_values_finish(struct push_values *values);

// Remembers what the template's placeholders stand for: {path}, {path.N}, {query.NAME}
// and {header.NAME}. path is canonical. Escapes in path and query are decoded, and "+" in
// a query is a space; of a parameter that is there twice the first counts; fields of one
// name are joined by ", " (RFC 9110 section 5.3).
void push_values_take_head(struct push_values *values, const struct template *template,
	const struct http_message *message, struct str path);
// The same for {claim.NAME}.
void push_values_take_claims(struct push_values *values, const struct template *template,
	const struct jwt *token);

// Appends the value of a parameter, decoded, to out; false if a query ("?a=b") has none
// of that name. The first counts.
bool push_values_read_parameter(struct str query, struct str wanted, struct buf *out);

// Appends the value of a placeholder to out; false if it is not remembered.
bool push_values_find(const struct push_values *values, const struct template_part *part,
	struct buf *out);
