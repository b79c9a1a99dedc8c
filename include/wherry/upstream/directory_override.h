// SPDX-License-Identifier: MIT
// How servers differ from the configuration, since somebody changed them at run time.
// That holds until it is taken back, or until a configuration says something new of the
// server. Control thread only.
#pragma once

#include "wherry/upstream/directory.h"

// What is different than in the file about one server.
struct directory_override {
	const char *group;
	const char *text; // its URL
	bool is_added;    // the file does not have it
	bool is_removed;  // only the file has it
	unsigned weight;  // 0 = the file's
	bool has_state;   // is_down is meant
	bool is_down;
	bool is_overruled; // by the configuration of the newest set
};

// An entry of a group as it is in force.
struct directory_entry {
	const struct conf_server *conf; // the file's, or that of one that was added
	const struct directory_override *override; // NULL = there is none
	unsigned weight;
	bool is_down;
	bool is_removed;
};

// Entry after entry of a group, removed ones as well; *cursor is 0 at first. False behind
// the last.
MUST_CHECK bool directory_override_next_entry(const struct directory *directory,
	const struct conf_upstream *group, size_t *cursor,
	struct directory_entry *ret_entry);
// Between directory_build for a new configuration and directory_settle, those that it
// overrules are still among them.
typedef void (*directory_override_cb)(
	void *arg, const struct directory_override *override);
void directory_override_each(
	const struct directory *directory, directory_override_cb fn, void *arg);
