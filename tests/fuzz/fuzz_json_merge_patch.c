// SPDX-License-Identifier: MIT
// A patch, where there is one, makes of the first text the second, as JSON values; and
// applying any patch to anything gives JSON or nothing.
// Input: two texts with a newline between.
#include <string.h>

#include <jansson.h>

#include "fuzz.h"

#include "wherry/proto/json_merge_patch.h"

static json_t *load(struct str text)
{
	return json_loadb(text.data ? text.data : "", text.length, JSON_DECODE_ANY, NULL);
}

static void require_same(struct str a, struct str b)
{
	json_t *one = load(a), *other = load(b);
	FUZZ_REQUIRE(one && other && json_equal(one, other));
	json_decref(one);
	json_decref(other);
}

static void make(struct str before, struct str after)
{
	struct buf patch = BUF_INIT, result = BUF_INIT;
	if (json_merge_patch_make(before, after, &patch)) {
		FUZZ_REQUIRE(patch.length < after.length);
		FUZZ_REQUIRE(json_merge_patch_apply(before, buf_str(&patch), &result));
		require_same(buf_str(&result), after);
	} else {
		FUZZ_REQUIRE(patch.length == 0);
	}
	buf_finish(&patch);
	buf_finish(&result);
}

static void apply(struct str target, struct str patch)
{
	struct buf result = BUF_INIT;
	if (!json_merge_patch_apply(target, patch, &result))
		FUZZ_REQUIRE(result.length == 0);
	buf_finish(&result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *newline = size > 0 ? memchr(data, '\n', size) : NULL;
	if (!newline)
		return 0;
	size_t length = (size_t)(newline - text);
	struct str first = {text, length};
	struct str second = {newline + 1, size - length - 1};
	make(first, second);
	make(second, first);
	apply(first, second);
	return 0;
}
