// SPDX-License-Identifier: MIT
// Reading: what is lent, kept and paused.
#include "wherry/net/stream.h"

#include <string.h>

#include <criterion/criterion.h>

#include "stream_fixture.h"
#include "wherry/base/now.h"

static void expect_taken(const struct fixture *fixture, struct str expected)
{
	cr_expect(str_equal(buf_str(&fixture->taken), expected), "taken: %.*s",
		STR_ARG(buf_str(&fixture->taken)));
}

Test(stream, reads_nothing_before_it_is_resumed)
{
	struct fixture fixture;

	fixture_start(&fixture);
	fixture_send(&fixture, "hello", 5);
	fixture_settle(&fixture);
	cr_expect(stream_is_paused(fixture.stream));
	cr_expect_eq(fixture.data_count, 0);
	stream_resume(fixture.stream);
	cr_expect_eq(fixture.data_count, 0, "called back inside stream_resume");
	fixture_turn(&fixture);
	expect_taken(&fixture, STR("hello"));
	cr_expect_eq(stream_bytes_in(fixture.stream), 5);
	cr_expect_eq(stream_kept_length(fixture.stream), 0);
	fixture_finish(&fixture);
}

Test(stream, lends_what_was_kept_joined_with_what_arrives)
{
	struct fixture fixture;

	fixture_start(&fixture);
	fixture.take_from = 6;
	stream_resume(fixture.stream);
	fixture_send(&fixture, "abc", 3);
	fixture_turn(&fixture);
	cr_expect_eq(stream_kept_length(fixture.stream), 3);
	fixture_settle(&fixture);
	cr_expect_eq(fixture.data_count, 1, "lent again without new bytes");
	fixture_send(&fixture, "def", 3);
	fixture_turn(&fixture);
	expect_taken(&fixture, STR("abcdef"));
	cr_expect_eq(fixture.last_length, 6);
	cr_expect_eq(stream_kept_length(fixture.stream), 0);
	fixture_finish(&fixture);
}

// Whatever the split of arrival, and whatever is taken at a time, no byte is lost,
// doubled or moved. 700 bytes: beyond what is joined in the scratch buffer.
Test(stream, loses_no_byte_at_any_split)
{
	enum {
		LENGTH = 700
	};
	static const size_t takes[] = {1, 3, 255, 256, 257, LENGTH};
	char text[LENGTH];

	for (size_t i = 0; i < LENGTH; i++)
		text[i] = (char)('a' + i % 23);
	for (size_t t = 0; t < sizeof(takes) / sizeof(takes[0]); t++) {
		for (size_t split = 1; split < LENGTH; split += 37) {
			struct fixture fixture;

			fixture_start(&fixture);
			fixture.take_from = takes[t];
			fixture.take_at_most = takes[t];
			stream_resume(fixture.stream);
			fixture_send(&fixture, text, split);
			fixture_turn(&fixture);
			fixture_send(&fixture, text + split, LENGTH - split);
			fixture_turn(&fixture);
			while (fixture.taken.length + takes[t] <= LENGTH) {
				stream_resume(fixture.stream); // lend the rest again
				fixture_turn(&fixture);
			}
			size_t left = LENGTH - fixture.taken.length;
			cr_expect_eq(stream_kept_length(fixture.stream), left);
			cr_expect_arr_eq(fixture.taken.data, text, fixture.taken.length);
			fixture_finish(&fixture);
		}
	}
}

Test(stream, grows_what_it_keeps_byte_by_byte)
{
	enum {
		LENGTH = 3000
	};
	struct fixture fixture;

	fixture_start(&fixture);
	fixture.take_from = LENGTH;
	stream_resume(fixture.stream);
	for (size_t i = 0; i < LENGTH; i++) {
		fixture_send(&fixture, &(char){(char)('a' + i % 26)}, 1);
		fixture_turn(&fixture);
		cr_assert_eq(fixture.last_length, i + 1);
	}
	cr_assert_eq(fixture.taken.length, LENGTH);
	for (size_t i = 0; i < LENGTH; i++)
		cr_assert_eq(fixture.taken.data[i], (char)('a' + i % 26));
	fixture_finish(&fixture);
}

Test(stream, pause_stops_reading_with_bytes_unread)
{
	struct fixture fixture;

	fixture_start(&fixture);
	fixture.on_data = ACT_PAUSE;
	stream_resume(fixture.stream);
	fixture_send(&fixture, "one", 3);
	fixture_turn(&fixture);
	fixture_send(&fixture, "two", 3);
	fixture_settle(&fixture);
	expect_taken(&fixture, STR("one"));
	stream_resume(fixture.stream);
	fixture_turn(&fixture);
	expect_taken(&fixture, STR("onetwo"));
	fixture_finish(&fixture);
}

Test(stream, resume_lends_what_was_kept_again)
{
	struct fixture fixture;

	fixture_start(&fixture);
	fixture.take_at_most = 2;
	fixture.on_data = ACT_PAUSE;
	stream_resume(fixture.stream);
	fixture_send(&fixture, "abcde", 5);
	fixture_turn(&fixture);
	expect_taken(&fixture, STR("ab"));
	stream_resume(fixture.stream);
	cr_expect_eq(fixture.data_count, 1, "called back inside stream_resume");
	fixture_turn(&fixture);
	expect_taken(&fixture, STR("abcd"));
	fixture_finish(&fixture);
}

Test(stream, kept_bytes_go_to_the_next_handler)
{
	struct fixture fixture;

	fixture_start(&fixture);
	fixture.take_at_most = 2;
	fixture.on_data = ACT_PAUSE;
	stream_resume(fixture.stream);
	fixture_send(&fixture, "abcde", 5);
	fixture_turn(&fixture);
	struct fixture next = {.stream = fixture.stream, .take_at_most = SIZE_MAX};
	stream_set_handler(fixture.stream, &fixture_handler, &next);
	stream_resume(fixture.stream);
	fixture_turn(&fixture);
	expect_taken(&fixture, STR("ab"));
	expect_taken(&next, STR("cde"));
	buf_finish(&next.taken);
	fixture_finish(&fixture);
}

Test(stream, counts_silence_from_the_resume)
{
	struct fixture fixture;
	uint64_t began_ms = now_ms();

	fixture_start(&fixture);
	while (now_ms() == began_ms) // the clock is coarse
		continue;
	stream_resume(fixture.stream);
	cr_expect_gt(stream_last_read_ms(fixture.stream), began_ms);
	fixture_finish(&fixture);
}
