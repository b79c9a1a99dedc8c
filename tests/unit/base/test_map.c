// SPDX-License-Identifier: MIT
// The hash table: what is put is found, what is removed is gone, through growing and
// shrinking.
#include "wherry/base/map.h"

#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

enum {
	MANY = 100000
};

static struct map *create(void)
{
	struct map *map = map_create();

	cr_assert_not_null(map);
	return map;
}

static size_t write_key(char text[32], size_t number)
{
	return (size_t)snprintf(text, 32, "session-%zu", number);
}

static void put(struct map *map, const void *key, size_t key_length, uintptr_t value)
{
	uintptr_t *place = map_put(map, key, key_length);

	cr_assert_not_null(place);
	*place = value;
}

static void expect_number(struct map *map, size_t number, bool is_there)
{
	char key[32];
	size_t length = write_key(key, number);
	uintptr_t *place = map_find(map, key, length);

	cr_assert_eq(place != NULL, is_there, "%s", key);
	if (place)
		cr_assert_eq(*place, number, "%s", key);
}

Test(map, finds_nothing_when_empty)
{
	struct map *map = create();

	cr_expect_null(map_find(map, "a", 1));
	cr_expect_null(map_find(map, "", 0));
	map_remove(map, "a", 1);
	cr_expect_eq(map_count(map), 0);
	map_destroy(map);
	map_destroy(NULL);
}

Test(map, puts_once_and_starts_at_zero)
{
	struct map *map = create();
	char key[] = "host";
	uintptr_t *place = map_put(map, key, 4);

	cr_assert_not_null(place);
	cr_expect_eq(*place, 0);
	*place = 7;
	place = map_put(map, key, 4);
	cr_assert_not_null(place);
	cr_expect_eq(*place, 7, "the entry was there already");
	cr_expect_eq(map_count(map), 1);
	memset(key, 'x', 4);
	cr_expect_not_null(map_find(map, "host", 4), "the key was copied");
	map_destroy(map);
}

Test(map, tells_keys_apart_by_all_their_bytes)
{
	struct map *map = create();

	put(map, "", 0, 1);
	put(map, "\0", 1, 2);
	put(map, "\0\0", 2, 3);
	put(map, "a\0b", 3, 4);
	put(map, "a\0c", 3, 5);
	cr_expect_eq(map_count(map), 5);
	cr_expect_eq(*map_find(map, "", 0), 1);
	cr_expect_eq(*map_find(map, "\0\0", 2), 3);
	cr_expect_eq(*map_find(map, "a\0b", 3), 4);
	map_remove(map, "", 0);
	cr_expect_null(map_find(map, "", 0));
	cr_expect_eq(*map_find(map, "\0", 1), 2);
	map_destroy(map);
}

Test(map, keeps_many_while_others_go)
{
	struct map *map = create();
	char key[32];

	for (size_t i = 0; i < MANY; i++)
		put(map, key, write_key(key, i), i);
	cr_expect_eq(map_count(map), MANY);
	for (size_t i = 0; i < MANY; i++)
		expect_number(map, i, true);

	for (size_t i = 0; i < MANY; i += 2)
		map_remove(map, key, write_key(key, i));
	cr_expect_eq(map_count(map), MANY / 2);
	for (size_t i = 0; i < MANY; i++)
		expect_number(map, i, i % 2 == 1);

	for (size_t i = 1; i < MANY; i += 2)
		map_remove(map, key, write_key(key, i));
	cr_expect_eq(map_count(map), 0);
	put(map, "again", 5, 1);
	cr_expect_eq(*map_find(map, "again", 5), 1);
	map_destroy(map);
}

// Random steps against a plain array as the model.
Test(map, agrees_with_a_model)
{
	struct map *map = create();
	bool is_there[512] = {false};
	size_t count = 0;
	uint32_t random = 1;
	char key[32];

	for (size_t step = 0; step < 50000; step++) {
		random = random * 1664525 + 1013904223;
		size_t number = random >> 16 & 511;
		// Waves of growing and shrinking.
		bool is_put = (random >> 8 & 7) < (step / 5000 % 2 ? 2U : 6U);
		size_t length = write_key(key, number);

		if (is_put)
			put(map, key, length, number);
		else
			map_remove(map, key, length);
		count += (size_t)is_put - (size_t)is_there[number];
		is_there[number] = is_put;
		cr_assert_eq(map_count(map), count);
		expect_number(map, (number * 7) & 511, is_there[(number * 7) & 511]);
	}
	map_destroy(map);
}
