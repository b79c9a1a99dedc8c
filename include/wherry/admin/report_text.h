// SPDX-License-Identifier: MIT
// JSON for people: an object as lines of names and values, a list of objects as a table.
// It knows no names, so that each part of a report stands in one place; but a name that
// ends in _ms is a duration, and one that speaks of bytes is a size.
#pragma once

#include "wherry/base/buf.h"

struct json_t;

// One line for each member, in the order of the object: its name, "_" as spaces, and what
// it is; what is inside is indented. False if json is no object.
MUST_CHECK bool report_text_write(struct str json, struct buf *out);
// The same of an object that is read already.
void report_text_write_object(const struct json_t *object, struct buf *out);
// A table of the objects of rows, with a column for each member of any of them. Rows that
// follow in another call are written without a head if *columns is passed again, which is
// NULL at first and is to be given to json_decref.
void report_text_write_table(
	const struct json_t *rows, struct json_t **columns, struct buf *out);
