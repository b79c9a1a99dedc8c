// SPDX-License-Identifier: MIT
// Makes snapshots of answers; see the header.
#include "live_draft_priv.h"

#include <stdio.h>

#include "wherry/base/now.h"
#include "wherry/hub/message.h"
#include "wherry/proto/http_etag.h"
#include "wherry/proto/http_write.h"
#include "wherry/proto/json_merge_patch.h"
#include "wherry/proxy/head_fields.h"

void live_draft_finish(struct live_draft *draft)
{
	struct buf *bufs[] = {&draft->fields, &draft->short_fields, &draft->cache_control,
		&draft->validator, &draft->modified, &draft->type, &draft->body};
	for (size_t i = 0; i < sizeof(bufs) / sizeof(bufs[0]); i++)
		buf_finish(bufs[i]);
}

// What a 304 repeats besides what is written anew each time (RFC 9110 section 15.4.5).
static bool is_repeated(struct str name)
{
	return str_equal_nocase(name, STR("Vary")) ||
	       str_equal_nocase(name, STR("Expires")) ||
	       str_equal_nocase(name, STR("Content-Location"));
}

// Where one field is written anew, the backend's is kept here. NULL: the field passes.
static struct buf *find_place(struct live_draft *draft, struct str name)
{
	if (str_equal_nocase(name, STR("Cache-Control")))
		return &draft->cache_control;
	if (str_equal_nocase(name, STR("ETag")))
		return &draft->validator;
	return NULL;
}

static void keep_value(struct buf *place, struct str value)
{
	if (place->length > 0)
		buf_append_str(place, STR(", "));
	buf_append_str(place, value);
}

static void take_field(struct live_draft *draft, const struct http_field *field)
{
	struct buf *place = find_place(draft, field->name);
	if (place) {
		keep_value(place, field->value);
		return;
	}
	if (field->id == HTTP_FIELD_CONTENT_TYPE)
		keep_value(&draft->type, field->value);
	if (str_equal_nocase(field->name, STR("Last-Modified")))
		keep_value(&draft->modified, field->value);
	http_write_field(&draft->fields, field->name, field->value);
	if (is_repeated(field->name))
		http_write_field(&draft->short_fields, field->name, field->value);
}

// What we say ourselves is left out.
void live_draft_take_fields(struct live_draft *draft, const struct conf_headers *rules,
	const struct http_message *message)
{
	for (size_t i = 0; i < message->field_count; i++) {
		const struct http_field *field = &message->fields[i];
		if (field->is_dropped || field->id == HTTP_FIELD_VIA ||
			field->id == HTTP_FIELD_CONTENT_LENGTH ||
			str_equal_nocase(field->name, STR("Date")) ||
			str_equal_nocase(field->name, STR("Age")) ||
			head_fields_is_removed(rules, field->name))
			continue;
		take_field(draft, field);
	}
	head_fields_write_set(&draft->fields, rules);
	head_fields_write_via(&draft->fields, message);
}

static struct message *make_message(const struct live_draft *draft,
	enum message_kind kind, uint64_t id, struct str url, struct str payload)
{
	struct message_parts parts = {
		.kind = kind,
		.id = id,
		.channel = url,
		.payload = payload,
		.content_type = buf_str(&draft->type),
	};
	return message_create(&parts);
}

static uint64_t next_id(const struct live_snapshot *newest)
{
	uint64_t before = newest ? live_snapshot_id(newest) : 0;
	uint64_t now_us = now_calendar_ms() * 1000;
	return now_us > before ? now_us : before + 1;
}

// NULL also where the body itself is shorter.
static struct message *make_patch(const struct live_draft *draft,
	const struct message *message, const struct live_snapshot *newest)
{
	struct buf text = BUF_INIT;
	struct message *patch = NULL;
	if (json_merge_patch_make(
		    newest->parts.message->payload, message->payload, &text))
		patch = make_message(draft, MESSAGE_PATCH, message->id, message->channel,
			buf_str(&text));
	buf_finish(&text);
	return patch;
}

static bool is_failed(const struct live_draft *draft)
{
	return draft->fields.is_failed || draft->short_fields.is_failed ||
	       draft->cache_control.is_failed || draft->validator.is_failed ||
	       draft->modified.is_failed || draft->type.is_failed;
}

static struct live_snapshot *make_snapshot(const struct live_draft *draft,
	struct message *message, struct message *patch, uint64_t patched_id)
{
	char own_tag[32];
	struct str validator = buf_str(&draft->validator);
	(void)snprintf(own_tag, sizeof(own_tag), "\"%llu\"",
		(unsigned long long)message->id); // it is long enough
	if (!http_etag_is_valid(validator))
		validator = STR("");
	bool has_control = draft->cache_control.length > 0;
	struct live_snapshot_parts parts = {
		.message = message,
		.patch = patch,
		.patched_id = patched_id,
		.fields = buf_str(&draft->fields),
		.short_fields = buf_str(&draft->short_fields),
		.cache_control =
			has_control ? buf_str(&draft->cache_control) : STR("no-cache"),
		.etag = validator.length > 0 ? validator : str_from(own_tag),
		.validator = validator,
		.modified = buf_str(&draft->modified),
	};
	return is_failed(draft) ? NULL : live_snapshot_create(&parts);
}

// A body that is what it was is no change, whatever its head says.
struct live_snapshot *live_draft_make(struct live_draft *draft, struct str url,
	const struct live_snapshot *newest, bool merges_patches)
{
	struct str body = buf_str(&draft->body);
	struct message *patch = NULL, *message;
	struct live_snapshot *snapshot = NULL;
	bool is_same = newest && str_equal(newest->parts.message->payload, body);
	if (is_same)
		message = message_ref(newest->parts.message);
	else
		message = make_message(draft, MESSAGE_DATA, next_id(newest), url, body);
	if (message && !is_same && newest && merges_patches)
		patch = make_patch(draft, message, newest);
	if (message)
		snapshot = make_snapshot(
			draft, message, patch, patch ? live_snapshot_id(newest) : 0);
	message_unref(message);
	message_unref(patch);
	return snapshot;
}
