// SPDX-License-Identifier: MIT
// What is remembered, what waits, and what is gone. A history is written as the ids from
// its first to its last, with | before those that are remembered.
#include "wherry/hub/history.h"

#include <criterion/criterion.h>

#include "message_fixture.h"
#include "wherry/base/buf.h"
#include "wherry/base/now.h"

enum {
	MANY = 5000,
};

static const struct conf_history all = {UINT64_MAX, UINT64_MAX, UINT64_MAX};
static const struct conf_history three = {3, UINT64_MAX, UINT64_MAX};
static const struct conf_history none = {0};

static void add(struct history *history, uint64_t id, const char *payload)
{
	struct message *message = message_fixture_make(id, "", payload);
	cr_assert(history_add(history, message));
	message_unref(message);
}

static void add_ids(struct history *history, uint64_t from, uint64_t to)
{
	for (uint64_t id = from; id <= to; id++)
		add(history, id, "payload");
}

static void replace(struct history *history, uint64_t id, const char *key)
{
	struct message *message = message_fixture_make(id, key, "payload");
	cr_assert(history_replace(history, message));
	message_unref(message);
}

static void expect(const struct history *history, const char *expected)
{
	struct buf text = BUF_INIT;
	for (uint64_t at = history->first; at <= history->end; at++) {
		if (at == history->kept)
			buf_append_str(&text, STR("|"));
		if (at < history->end)
			buf_printf(&text, "%d ", (int)history_at(history, at)->id);
	}
	cr_expect(str_equal(buf_str(&text), str_from(expected)), "%.*s, not %s",
		STR_ARG(buf_str(&text)), expected);
	buf_finish(&text);
}

// The ids of those newer than after.
static void expect_after(
	const struct history *history, uint64_t after, const char *expected)
{
	struct buf text = BUF_INIT;
	for (uint64_t at = history_find(history, after); at < history->end; at++)
		buf_printf(&text, "%d ", (int)history_at(history, at)->id);
	cr_expect(str_equal(buf_str(&text), str_from(expected)), "after %d: %.*s, not %s",
		(int)after, STR_ARG(buf_str(&text)), expected);
	buf_finish(&text);
}

Test(history, is_empty_at_first)
{
	struct history history;
	history_init(&history, 5);
	expect(&history, "|");
	expect_after(&history, 0, "");
	cr_expect_eq(history.floor, 5);
	cr_expect_eq(history_newest(&history), 5);
	history_limit(&history, &none, now_ms());
	history_drop(&history, NULL);
	history_finish(&history);
}

Test(history, finds_what_is_newer_than_any_id)
{
	struct history history;
	history_init(&history, 0);
	for (uint64_t id = 10; id <= 50; id += 10)
		add(&history, id, "x");
	expect_after(&history, 0, "10 20 30 40 50 ");
	expect_after(&history, 9, "10 20 30 40 50 ");
	expect_after(&history, 10, "20 30 40 50 ");
	expect_after(&history, 25, "30 40 50 ");
	expect_after(&history, 39, "40 50 ");
	expect_after(&history, 40, "50 ");
	expect_after(&history, 49, "50 ");
	expect_after(&history, 50, "");
	expect_after(&history, UINT64_MAX, "");
	cr_expect_eq(history_newest(&history), 50);
	history_finish(&history);
}

Test(history, remembers_so_many)
{
	struct history history;
	history_init(&history, 0);
	add_ids(&history, 1, 5);
	expect(&history, "|1 2 3 4 5 ");
	history_limit(&history, &three, now_ms());
	expect(&history, "1 2 |3 4 5 ");
	cr_expect_eq(history.floor, 2);
	cr_expect_eq(history.lost, 0);
	history_drop(&history, NULL);
	expect(&history, "|3 4 5 ");
	cr_expect_eq(history.lost, 2);
	history_limit(&history, &none, now_ms());
	history_drop(&history, NULL);
	expect(&history, "|");
	cr_expect_eq(history.floor, 5);
	cr_expect_eq(history_newest(&history), 5);
	cr_expect_eq(history.kept_count + history.kept_bytes, 0);
	history_finish(&history);
}

Test(history, remembers_so_many_bytes)
{
	struct history history;
	struct conf_history limits = {100, UINT64_MAX, 10};
	history_init(&history, 0);
	add(&history, 1, "12345");
	add(&history, 2, "1234");
	add(&history, 3, "1");
	history_limit(&history, &limits, now_ms());
	expect(&history, "|1 2 3 ");
	cr_expect_eq(history_bytes_from(&history, history_find(&history, 0)), 10);
	cr_expect_eq(history_bytes_from(&history, history_find(&history, 1)), 5);
	cr_expect_eq(history_bytes_from(&history, history_find(&history, 3)), 0);
	add(&history, 4, "1");
	history_limit(&history, &limits, now_ms());
	expect(&history, "1 |2 3 4 ");
	add(&history, 5, "more than there may be");
	history_limit(&history, &limits, now_ms());
	expect(&history, "1 2 3 4 5 |");
	cr_expect_eq(history.floor, 5);
	history_finish(&history);
}

Test(history, forgets_what_is_old)
{
	struct history history;
	struct conf_history limits = {100, 1000, UINT64_MAX};
	history_init(&history, 0);
	for (uint64_t id = 1; id <= 3; id++) {
		struct message *message = message_fixture_make_at(id, "x", id * 100);
		cr_assert(history_add(&history, message));
		message_unref(message);
	}
	history_limit(&history, &limits, 50); // another thread's clock may be behind
	expect(&history, "|1 2 3 ");
	history_limit(&history, &limits, 1099);
	expect(&history, "|1 2 3 ");
	history_limit(&history, &limits, 1100);
	expect(&history, "1 |2 3 ");
	history_limit(&history, &limits, 5000);
	expect(&history, "1 2 3 |");
	history_finish(&history);
}

Test(history, lets_wait_as_much_as_the_queue_allows)
{
	struct history history;
	struct conf_history queue = {.messages = 4, .bytes = 1000};
	history_init(&history, 0);
	add_ids(&history, 1, 6);
	history_limit(&history, &none, now_ms());
	history_drop(&history, &queue);
	expect(&history, "3 4 5 6 |");
	cr_expect_eq(history.lost, 2);
	cr_expect_eq(history.floor, 6);
	queue.bytes = 15; // two of 7
	history_drop(&history, &queue);
	expect(&history, "5 6 |");
	queue = (struct conf_history){0};
	history_drop(&history, &queue);
	expect(&history, "6 |"); // the newest is always offered
	history_drop(&history, NULL);
	expect(&history, "|");
	cr_expect_eq(history.lost, 6);
	history_finish(&history);
}

Test(history, does_not_count_what_is_no_data)
{
	struct history history;
	history_init(&history, 0);
	for (uint64_t id = 1; id <= 8; id++) {
		struct message_parts parts = {
			.id = id, .kind = id % 2 ? MESSAGE_PRESENCE : MESSAGE_DATA};
		struct message *message = message_create(&parts);
		cr_assert(history_add(&history, message));
		message_unref(message);
	}
	history_limit(&history, &three, now_ms());
	expect(&history, "1 2 3 |4 5 6 7 8 ");
	cr_expect_eq(history.floor, 2); // nobody misses 3
	history_drop(&history, NULL);
	cr_expect_eq(history.lost, 2);
	history_finish(&history);
}

Test(history, keeps_the_newest_of_each_key)
{
	struct history history;
	history_init(&history, 0);
	replace(&history, 1, "a");
	replace(&history, 2, "b");
	replace(&history, 3, "");
	replace(&history, 4, "a");
	expect(&history, "|2 3 4 ");
	replace(&history, 5, "");
	replace(&history, 6, "b");
	expect(&history, "|4 5 6 ");
	expect_after(&history, 1, "4 5 6 ");
	cr_expect_eq(history_bytes_from(&history, history_find(&history, 4)), 14);
	cr_expect_eq(history.kept_count, 3);
	cr_expect_eq(history.kept_bytes, 21);
	cr_expect_eq(history.lost, 0);
	history_limit(&history, &none, now_ms());
	replace(&history, 7, "a");
	expect(&history, "5 6 |7 ");
	history_finish(&history);
}

Test(history, loses_up_to_an_id)
{
	struct history history;
	history_init(&history, 0);
	add_ids(&history, 1, 6);
	history_limit(&history, &three, now_ms());
	history_lose(&history, 4);
	expect(&history, "|5 6 ");
	cr_expect_eq(history.floor, 4);
	cr_expect_eq(history.lost, 4);
	cr_expect_eq(history.kept_count, 2);
	history_lose(&history, 9);
	expect(&history, "|");
	cr_expect_eq(history.floor, 9);
	history_lose(&history, 8);
	cr_expect_eq(history.floor, 9);
	history_finish(&history);
}

Test(history, holds_exactly_the_newest_through_growing_and_shrinking)
{
	struct history history;
	history_init(&history, 0);
	add_ids(&history, 1, MANY);
	history_limit(&history, &all, now_ms());
	cr_expect_eq(history.end - history.first, MANY);
	cr_expect_geq(history.capacity, MANY);
	for (uint64_t id = MANY + 1; id <= 3 * MANY; id++) {
		add(&history, id, "x");
		history_limit(&history, &three, now_ms());
		history_drop(&history, NULL);
		cr_assert_eq(history.end - history.first, 3);
		cr_assert_eq(history_at(&history, history.first)->id, id - 2);
		cr_assert_eq(history.floor, id - 3);
	}
	cr_expect_leq(history.capacity, 32);
	history_finish(&history);
}
