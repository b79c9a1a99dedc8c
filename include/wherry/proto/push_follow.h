// SPDX-License-Identifier: MIT
// What the client of a page's WebSocket asks for (wherry-push(7)): to be told of a live
// URL, or not any more.
#pragma once

#include "wherry/base/buf.h"

struct push_follow {
	struct buf url; // path and query as the client wrote them; not checked, not empty
	struct buf last_event_id; // empty: it has nothing yet
	bool is_end;              // it is to be followed no longer
	bool wants_patches;       // merge patches, where there are some
};

// Reads {"follow":URL,"last_event_id":ID,"patch":"merge"}, of which the last two may be
// missing, or {"unfollow":URL}. Strictly: no other members, none twice, no other types.
// False if it is not that; *reterr_text says why. Finish it in either case.
MUST_CHECK bool push_follow_read(
	struct str text, struct push_follow *ret_follow, const char **reterr_text);
void push_follow_finish(struct push_follow *follow);
