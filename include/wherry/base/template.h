// SPDX-License-Identifier: MIT
// A text with placeholders, "feed:{path.1}", as configuration names channels and
// payloads: read once, then filled in for each request. Where the values come from is not
// known here.
#pragma once

#include "wherry/base/buf.h"

enum template_place {
	TEMPLATE_LITERAL, // no placeholder: text as it is
	TEMPLATE_PATH,    // {path}: the whole path
	TEMPLATE_SEGMENT, // {path.0}: its first segment
	TEMPLATE_QUERY,   // {query.NAME}
	TEMPLATE_HEADER,  // {header.NAME}
	TEMPLATE_CLAIM,   // {claim.NAME}: of a verified token
	TEMPLATE_JSON,    // {json.NAME.NAME}: of the body, the way down from its top
	TEMPLATE_BODY,    // {body}: all of it
	TEMPLATE_PLACE_COUNT
};

enum {
	TEMPLATE_MAX_PARTS = 32,
	TEMPLATE_MAX_BYTES = 1024, // longest text
	TEMPLATE_MAX_SEGMENT = 99, // highest N of {path.N}
	TEMPLATE_NAME_MAX = 255,   // longest name of a channel
};

struct template_part {
	enum template_place place;
	unsigned segment; // of TEMPLATE_SEGMENT
	struct str text;  // the literal; or NAME
};

struct template
{
	struct str text;   // as it is written; the parts are slices of it
	size_t part_count; // at least 1
	bool makes_json;   // it starts with "{{" or "[": values are to be JSON, too
	struct template_part parts[TEMPLATE_MAX_PARTS];
};

struct template_error {
	const char *problem;
	const char *expected; // NULL: a placeholder of the set
	struct str piece;     // of the text: where it is, and what stands there
};

// The set of places that a placeholder may mean.
static inline unsigned template_bit(enum template_place place)
{
	return 1U << place;
}
// The place that is written like this: "{path}", "{path.N}", "{query.NAME}".
MUST_CHECK bool template_find_place(struct str form, enum template_place *ret_place);

// "{{" and "}}" are braces that stand for themselves; any other brace begins or ends a
// placeholder of the set. The text is borrowed by *ret_template.
MUST_CHECK bool template_parse(struct str text, unsigned places,
	struct template *ret_template, struct template_error *reterr);
// Does it have a placeholder of one of these places?
bool template_uses(const struct template *template, unsigned places);

// Appends the value of a placeholder to out; false if there is none.
typedef bool template_find_cb(
	void *arg, const struct template_part *part, struct buf *out);

enum template_result {
	TEMPLATE_OK = 0,
	TEMPLATE_MISSING,   // a value is not there, or empty
	TEMPLATE_TOO_LONG,  // the result would be longer than max_bytes
	TEMPLATE_NO_MEMORY, // or a value is longer than a buf can hold
};

// Appends the text with its values. MISSING: *reterr_part is the placeholder. Unless OK,
// what was appended is no good.
MUST_CHECK enum template_result template_expand(const struct template *template,
	template_find_cb *find, void *arg, size_t max_bytes, struct buf *out,
	const struct template_part **reterr_part);

// Appends a placeholder as it is written, for a message.
void template_write_part(struct buf *out, const struct template_part *part);

// May a channel be called so? UTF-8 of 1 to TEMPLATE_NAME_MAX bytes, without control
// characters.
bool template_is_name(struct str name);
