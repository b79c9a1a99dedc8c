// SPDX-License-Identifier: MIT
// Heads of answers from a snapshot: the backend's fields with our Date and Age. One
// serves all polls of a second.
#include "wherry/proxy/live_answer.h"

#include "lives_priv.h"
#include "wherry/base/now.h"
#include "wherry/hub/message.h"
#include "wherry/proto/http_write.h"

// Its age is what the backend's word for it is: that nothing has changed makes it new. A
// stale one is not to be kept by anybody (RFC 9111 section 5.2.2.4).
static void write_common(
	struct buf *out, const struct live_entry *entry, uint64_t age_ms, bool is_stale)
{
	const struct live_snapshot_parts *parts = &entry->news.snapshot->parts;
	http_write_date_at(out, now_calendar_ms() - age_ms);
	http_write_field_u64(out, STR("Age"), age_ms / 1000);
	http_write_field(out, STR("Cache-Control"),
		is_stale ? STR("no-cache") : parts->cache_control);
	http_write_field(out, STR("ETag"), parts->etag);
	http_write_field_u64(
		out, STR("Wherry-Live"), live_snapshot_id(entry->news.snapshot));
	if (is_stale)
		http_write_field(out, STR("Wherry-Stale"), STR("true"));
}

static void write_heads(struct live_entry *entry, uint64_t age_ms, bool is_stale)
{
	const struct live_snapshot_parts *parts = &entry->news.snapshot->parts;
	struct live_heads *heads = &entry->heads;
	buf_clear(&heads->full);
	http_write_status_line(&heads->full, 200, STR(""));
	buf_append_str(&heads->full, parts->fields);
	write_common(&heads->full, entry, age_ms, is_stale);
	http_write_field_u64(
		&heads->full, STR("Content-Length"), parts->message->payload.length);
	buf_clear(&heads->short_one);
	http_write_status_line(&heads->short_one, 304, STR(""));
	buf_append_str(&heads->short_one, parts->short_fields);
	write_common(&heads->short_one, entry, age_ms, is_stale);
}

struct str live_answer_head(struct live_entry *entry, bool is_modified)
{
	struct live_heads *heads = &entry->heads;
	uint64_t age_ms = now_ms() - entry->news.checked_ms;
	bool is_stale = entry->news.state == LIVE_DOWN;
	if (heads->snapshot != entry->news.snapshot || heads->age_s != age_ms / 1000 ||
		heads->is_stale != is_stale) {
		write_heads(entry, age_ms, is_stale);
		heads->snapshot = entry->news.snapshot;
		heads->age_s = age_ms / 1000;
		heads->is_stale = is_stale;
	}
	struct buf *head = is_modified ? &heads->full : &heads->short_one;
	return head->is_failed ? (struct str){NULL, 0} : buf_str(head);
}
