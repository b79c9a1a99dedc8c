// SPDX-License-Identifier: MIT
// Changes to servers while the process runs: added, removed, weighed otherwise, down and
// up. Control thread only.
#pragma once

#include "wherry/upstream/directory.h"

enum directory_verb {
	DIRECTORY_ADD,
	DIRECTORY_REMOVE,
	DIRECTORY_DOWN, // takes nothing new
	DIRECTORY_UP,
	DIRECTORY_WEIGH
};

struct directory_order {
	enum directory_verb verb;
	struct str group;
	struct str url;
	uint64_t weight; // of DIRECTORY_WEIGH, and of DIRECTORY_ADD unless 0
};

// Changes what the next directory_build makes; now is the set in force. *ret_text is the
// server's URL as it is known, lent until the next change. False with what is wrong:
// nothing has changed.
MUST_CHECK bool directory_change_make(struct directory *directory,
	const struct upstream_set *now, const struct directory_order *order,
	const char **ret_text, struct buf *ret_error);
// Writes that there is no group of that name, and which there are.
void directory_change_refuse_group(
	const struct conf *conf, struct str name, struct buf *ret_error);
// Takes back the last one, unless directory_settle was called since: no set could be made
// with it.
void directory_change_undo(struct directory *directory);
