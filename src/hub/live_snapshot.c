// SPDX-License-Identifier: MIT
// What a backend answered; see the header.
#include "wherry/hub/live_snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "wherry/hub/message.h"

static void store(char **at, struct str *text)
{
	if (text->length > 0)
		memcpy(*at, text->data, text->length);
	text->data = *at;
	*at += text->length;
}

struct live_snapshot *live_snapshot_create(const struct live_snapshot_parts *parts)
{
	size_t length = parts->fields.length + parts->short_fields.length +
			parts->cache_control.length + parts->etag.length +
			parts->validator.length + parts->modified.length;
	struct live_snapshot *snapshot = malloc(sizeof(*snapshot) + length);
	if (!snapshot)
		return NULL;
	char *at = snapshot->text;
	struct live_snapshot_parts *own = &snapshot->parts;
	atomic_init(&snapshot->references, 1);
	*own = *parts;
	message_ref(own->message);
	if (own->patch)
		message_ref(own->patch);
	store(&at, &own->fields);
	store(&at, &own->short_fields);
	store(&at, &own->cache_control);
	store(&at, &own->etag);
	store(&at, &own->validator);
	store(&at, &own->modified);
	snapshot->size = sizeof(*snapshot) + length + message_size(own->message) +
			 (own->patch ? message_size(own->patch) : 0);
	return snapshot;
}

struct live_snapshot *live_snapshot_ref(struct live_snapshot *snapshot)
{
	if (snapshot)
		atomic_fetch_add_explicit(&snapshot->references, 1, memory_order_relaxed);
	return snapshot;
}

void live_snapshot_unref(struct live_snapshot *snapshot)
{
	if (!snapshot || atomic_fetch_sub_explicit(
				 &snapshot->references, 1, memory_order_acq_rel) > 1)
		return;
	message_unref(snapshot->parts.message);
	message_unref(snapshot->parts.patch);
	free(snapshot);
}

uint64_t live_snapshot_id(const struct live_snapshot *snapshot)
{
	return snapshot->parts.message->id;
}
