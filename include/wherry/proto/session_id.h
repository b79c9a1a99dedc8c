// SPDX-License-Identifier: MIT
// Finds the id of a session in the body of the answer that opens it, as the body passes:
// the value of a JSON member of a known name. Pure, keeps a few bytes, copies nothing
// else. What the server says around it (Engine.IO's packet type in front) does not
// matter.
#pragma once

#include "wherry/base/str.h"

enum {
	SESSION_ID_MAX = 128,     // longest id that is believed
	SESSION_ID_REACH = 1024,  // bytes of a body that are looked at
	SESSION_ID_MAX_NAMES = 2, // that an id may have
};

enum session_id_result {
	SESSION_ID_FOUND, // there may be another one
	SESSION_ID_MORE,  // not in what was there
	SESSION_ID_END,   // none will come
};

enum session_id_state {
	SESSION_ID_OUTSIDE,  // between strings
	SESSION_ID_STRING,   // in one
	SESSION_ID_ESCAPE,   // behind its "\"
	SESSION_ID_NAMED,    // behind a string that is one of the names
	SESSION_ID_EXPECTED, // behind the ":" after that
};

struct session_id {
	const char *names[SESSION_ID_MAX_NAMES]; // NULL = no more
	size_t reach;                            // bytes that are still looked at
	enum session_id_state state;
	bool is_value; // of the string that is being read: of a member with one of the
		       // names
	bool is_odd; // it is too long, or has what no id has
	size_t length;
	char text[SESSION_ID_MAX];
};

// names are literals; the second may be NULL.
void session_id_init(struct session_id *finder, const char *name, const char *other_name);
// The next bytes of the body; bytes is cut by what was looked at. FOUND: *ret_id is a
// slice of the finder until it is fed again, and the rest of the bytes may be fed.
enum session_id_result session_id_feed(
	struct session_id *finder, struct str *bytes, struct str *ret_id);
