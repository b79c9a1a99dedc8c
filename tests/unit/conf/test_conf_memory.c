// SPDX-License-Identifier: MIT
// Every allocation of a load fails once: the linker puts these wrappers in place of the C
// library's functions (-Wl,--wrap).
#include <stdlib.h>

#include <criterion/criterion.h>

#include "data_file.h"

#include "wherry/conf/conf_load.h"

static size_t allocations_left; // before one fails
static bool fails_once;
static bool fails_ever_after;
static bool has_failed;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *data, size_t size);
void *__real_reallocarray(void *data, size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *data, size_t size);
void *__wrap_reallocarray(void *data, size_t count, size_t size);

static bool fails_now(void)
{
	if (!fails_once || (has_failed && !fails_ever_after))
		return false;
	if (allocations_left > 0) {
		allocations_left--;
		return false;
	}
	has_failed = true;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails_now() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *data, size_t size)
{
	return fails_now() ? NULL : __real_realloc(data, size);
}

void *__wrap_reallocarray(void *data, size_t count, size_t size)
{
	return fails_now() ? NULL : __real_reallocarray(data, count, size);
}

static void load_with_failure(struct str text, size_t allocations_before)
{
	struct conf_diag diag;
	conf_diag_init(&diag);
	allocations_left = allocations_before;
	has_failed = false;
	fails_once = true;
	struct conf *conf = conf_load_text("t", text, &diag);
	fails_once = false;
	cr_expect_eq(conf != NULL, diag.count == 0, "after %zu", allocations_before);
	if (has_failed && diag.count == 1 && diag.text.length > 0)
		cr_expect(str_equal(buf_str(&diag.text), STR("t: out of memory\n")),
			"after %zu: %.*s", allocations_before,
			STR_ARG(buf_str(&diag.text)));
	conf_unref(conf);
	conf_diag_finish(&diag);
}

static void expect_survives(const char *path)
{
	struct buf text = data_file_read(path);
	size_t allocations = 0;
	do {
		load_with_failure(buf_str(&text), allocations++);
	} while (has_failed);
	cr_expect_gt(allocations, 50, "%s: the wrappers are in place", path);
	buf_finish(&text);
}

Test(conf_memory, survives_each_failed_allocation_of_a_good_file)
{
	expect_survives(TEST_DATA "/good/everything.yaml");
}

Test(conf_memory, survives_each_failed_allocation_of_a_bad_file)
{
	expect_survives(TEST_DATA "/bad/ten-mistakes.yaml");
}

Test(conf_memory, survives_without_any_memory_from_some_point_on)
{
	fails_ever_after = true;
	expect_survives(TEST_DATA "/good/everything.yaml");
	expect_survives(TEST_DATA "/bad/headers.yaml");
}
