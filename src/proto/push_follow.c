// SPDX-License-Identifier: MIT
// What a page asks to follow; see the header.
#include "wherry/proto/push_follow.h"

#include "wherry/proto/json_members.h"
#include "wherry/proto/json_text.h"

enum member {
	MEMBER_FOLLOW,
	MEMBER_UNFOLLOW,
	MEMBER_ID,
	MEMBER_PATCH,
	MEMBER_COUNT
};

static const char *const member_names[] = {
	[MEMBER_FOLLOW] = "follow",
	[MEMBER_UNFOLLOW] = "unfollow",
	[MEMBER_ID] = "last_event_id",
	[MEMBER_PATCH] = "patch",
};

static bool read_patch(struct str value, bool *ret_wants_patches)
{
	struct buf kind = BUF_INIT;
	*ret_wants_patches = value.data != NULL;
	bool is_known = !value.data || (json_text_read_string(value, &kind) &&
					       str_equal(buf_str(&kind), STR("merge")));
	buf_finish(&kind);
	return is_known;
}

static const char *read_members(
	const struct str values[MEMBER_COUNT], struct push_follow *follow)
{
	follow->is_end = values[MEMBER_UNFOLLOW].data != NULL;
	if (follow->is_end == (values[MEMBER_FOLLOW].data != NULL))
		return "expected one of follow and unfollow";
	if (follow->is_end && (values[MEMBER_ID].data || values[MEMBER_PATCH].data))
		return "unfollow has no other members";
	struct str url = values[follow->is_end ? MEMBER_UNFOLLOW : MEMBER_FOLLOW];
	if (!json_text_read_string(url, &follow->url) || follow->url.length == 0)
		return "the URL to follow is no text";
	if (values[MEMBER_ID].data &&
		!json_text_read_string(values[MEMBER_ID], &follow->last_event_id))
		return "last_event_id is no text";
	if (!read_patch(values[MEMBER_PATCH], &follow->wants_patches))
		return "an unknown kind of patch (expected merge)";
	return follow->url.is_failed || follow->last_event_id.is_failed ? "out of memory"
									: NULL;
}

bool push_follow_read(
	struct str text, struct push_follow *ret_follow, const char **reterr_text)
{
	struct str values[MEMBER_COUNT];
	*ret_follow = (struct push_follow){0};
	*reterr_text = json_members_sort(text, member_names, MEMBER_COUNT, values);
	if (!*reterr_text)
		*reterr_text = read_members(values, ret_follow);
	return !*reterr_text;
}

void push_follow_finish(struct push_follow *follow)
{
	buf_finish(&follow->url);
	buf_finish(&follow->last_event_id);
}
