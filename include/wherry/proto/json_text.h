// SPDX-License-Identifier: MIT
// JSON as the text it is (RFC 8259): checked, cut into members and written, without
// building a tree of it, so that a payload is passed on byte by byte. Who needs values
// uses jansson.
#pragma once

#include "wherry/base/buf.h"

enum {
	JSON_TEXT_MAX_DEPTH = 128 // levels of objects and arrays
};

// Is this one JSON value in UTF-8, with white space around it at most? \u escapes may
// name halves of surrogate pairs, as the grammar has it.
MUST_CHECK bool json_text_is_value(struct str text);

// Slices of the object's text.
struct json_text_member {
	struct str name; // with its quotes
	struct str value;
};

// Begins with the members of a text that json_text_is_value. False if it is no object.
MUST_CHECK bool json_text_open_object(struct str text, struct str *ret_rest);
// Cuts the next member off. False when there is none left.
MUST_CHECK bool json_text_next_member(
	struct str *rest, struct json_text_member *ret_member);

// The same for an array and its items.
MUST_CHECK bool json_text_open_array(struct str text, struct str *ret_rest);
MUST_CHECK bool json_text_next_item(struct str *rest, struct str *ret_value);

// What a string of such a text means, in UTF-8, appended to out. False if it is no
// string, or stands for what no UTF-8 can say.
MUST_CHECK bool json_text_read_string(struct str quoted, struct buf *out);

// As a string, quotes and all. What is not UTF-8 in it becomes U+FFFD.
void json_text_write_string(struct buf *out, struct str text);
