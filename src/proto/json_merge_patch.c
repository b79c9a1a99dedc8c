// SPDX-License-Identifier: MIT
// Finds and applies merge patches on jansson's trees; see the header.
#include "wherry/proto/json_merge_patch.h"

#include <jansson.h>

// Short decimals come out as they went in; what needs more digits fails the proof.
#define DUMP_FLAGS (JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15))

static json_t *load(struct str text)
{
	return json_loadb(text.data ? text.data : "", text.length,
		JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
}

static int append(const char *data, size_t length, void *arg)
{
	struct buf *out = arg;
	buf_append(out, data, length);
	return out->is_failed ? -1 : 0;
}

static bool dump(const json_t *value, struct buf *out)
{
	return value && json_dump_callback(value, append, out, DUMP_FLAGS) == 0;
}

static json_t *find_changes(json_t *before, json_t *after);

static bool add_change(json_t *patch, const char *name, json_t *before, json_t *after)
{
	if (!json_is_object(before) || !json_is_object(after))
		return (before && json_equal(before, after)) ||
		       json_object_set(patch, name, after) == 0;
	json_t *changes = find_changes(before, after);
	if (changes && json_object_size(changes) == 0) {
		json_decref(changes);
		return true;
	}
	return json_object_set_new(patch, name, changes) == 0;
}

// Of two objects; NULL without memory.
static json_t *find_changes(json_t *before, json_t *after)
{
	json_t *patch = json_object(), *value;
	const char *name;
	bool is_made = patch != NULL;
	json_object_foreach(before, name, value)
	{
		if (is_made && !json_object_get(after, name))
			is_made = json_object_set_new(patch, name, json_null()) == 0;
	}
	json_object_foreach(after, name, value)
	{
		if (is_made)
			is_made = add_change(
				patch, name, json_object_get(before, name), value);
	}
	if (is_made)
		return patch;
	json_decref(patch);
	return NULL;
}

static json_t *merge(json_t *target, json_t *patch);

static bool merge_member(json_t *result, const char *name, json_t *patch)
{
	if (!json_is_null(patch))
		return json_object_set_new(result, name,
			       merge(json_object_get(result, name), patch)) == 0;
	(void)json_object_del(result, name); // it may not be there
	return true;
}

// MergePatch of RFC 7396 section 2; target is left as it is, and may be NULL. A new
// reference, or NULL without memory.
static json_t *merge(json_t *target, json_t *patch)
{
	json_t *result, *value;
	const char *name;
	if (!json_is_object(patch))
		return json_incref(patch);
	result = json_is_object(target) ? json_copy(target) : json_object();
	json_object_foreach(patch, name, value)
	{
		if (!result || !merge_member(result, name, value)) {
			json_decref(result);
			return NULL;
		}
	}
	return result;
}

// Reads the patch as its receiver will.
static bool is_proven(json_t *before, json_t *after, struct str text)
{
	json_t *patch = load(text);
	json_t *result = patch ? merge(before, patch) : NULL;
	bool is_equal = result && json_equal(result, after);
	json_decref(result);
	json_decref(patch);
	return is_equal;
}

static bool make(json_t *before, json_t *after, struct buf *ret_text)
{
	if (!json_is_object(before) || !json_is_object(after))
		return false;
	json_t *patch = find_changes(before, after);
	bool is_made =
		dump(patch, ret_text) && is_proven(before, after, buf_str(ret_text));
	json_decref(patch);
	return is_made;
}

bool json_merge_patch_make(struct str before, struct str after, struct buf *out)
{
	struct buf text = BUF_INIT;
	json_t *from = load(before), *to = load(after);
	bool is_made = make(from, to, &text) && text.length < after.length;
	if (is_made)
		buf_append_str(out, buf_str(&text));
	json_decref(from);
	json_decref(to);
	buf_finish(&text);
	return is_made && !out->is_failed;
}

bool json_merge_patch_apply(struct str target, struct str patch, struct buf *out)
{
	struct buf text = BUF_INIT;
	json_t *from = load(target), *change = load(patch);
	json_t *result = from && change ? merge(from, change) : NULL;
	bool is_made = dump(result, &text);
	if (is_made)
		buf_append_str(out, buf_str(&text));
	json_decref(result);
	json_decref(change);
	json_decref(from);
	buf_finish(&text);
	return is_made && !out->is_failed;
}
