// SPDX-License-Identifier: MIT
// Subscribers are told who is there, where the route says so.
#include <criterion/criterion.h>

#include "hub_fixture.h"
#include "wherry/base/now.h"

enum {
	DEADLINE_MS = 10 * 1000,
};

// Turns until the reader was told something, and expects that.
static void await(struct reader *reader, const char *story)
{
	struct hub_fixture *fixture = reader->fixture;
	uint64_t end = now_ms() + DEADLINE_MS;
	while (reader->story.length == 0 && now_ms() < end) {
		cr_assert_geq(
			event_base_loop(loop_base(fixture->control), EVLOOP_ONCE), 0);
		hub_fixture_settle(fixture);
	}
	reader_expect(reader, story);
}

static void start(struct reader *reader, struct hub_fixture *fixture, size_t worker,
	const char *member)
{
	reader->tells_presence = true;
	reader_start_as(reader, fixture, worker, "a", SUBSCRIBER_FROM_NOW, member);
	reader_expect(reader, "ready ");
}

Test(crowds, are_counted_over_all_workers)
{
	struct hub_fixture fixture;
	struct reader first = {0}, second = {0}, third = {0};
	hub_fixture_start(&fixture);
	fixture.rules.presence = CONF_PRESENCE_COUNT;
	start(&first, &fixture, 0, "not told");
	await(&first, "{\"count\":1} ");
	start(&second, &fixture, 1, "");
	start(&third, &fixture, 1, "");
	await(&second, "{\"count\":3} ");
	reader_expect(&first, "{\"count\":3} ");
	reader_expect(&third, "{\"count\":3} ");
	reader_finish(&second);
	await(&first, "{\"count\":2} ");
	reader_finish(&first);
	reader_finish(&third);
	hub_fixture_finish(&fixture);
}

Test(crowds, are_told_to_those_whose_route_says_so)
{
	struct hub_fixture fixture;
	struct reader told = {0}, untold = {0};
	hub_fixture_start(&fixture);
	fixture.rules.presence = CONF_PRESENCE_LIST;
	start(&told, &fixture, 0, "ann");
	await(&told, "{\"count\":1,\"members\":[\"ann\"],\"joined\":[\"ann\"]} ");
	fixture.rules.presence = CONF_PRESENCE_OFF;
	start(&untold, &fixture, 0, "bob");
	await(&told, "{\"count\":2,\"members\":[\"ann\"]} ");
	reader_expect(&untold, "");
	hub_fixture_publish(&fixture, 0, "a", "one");
	reader_expect(&told, "one ");
	reader_expect(&untold, "one ");
	reader_finish(&told);
	reader_finish(&untold);
	hub_fixture_finish(&fixture);
}

Test(crowds, are_listed)
{
	struct hub_fixture fixture;
	struct reader ann = {0}, bob = {0};
	hub_fixture_start(&fixture);
	fixture.rules.presence = CONF_PRESENCE_LIST;
	start(&ann, &fixture, 0, "ann");
	await(&ann, "{\"count\":1,\"members\":[\"ann\"],\"joined\":[\"ann\"]} ");
	start(&bob, &fixture, 1, "bob");
	await(&ann, "{\"count\":2,\"members\":[\"ann\",\"bob\"],\"joined\":[\"bob\"]} ");
	reader_expect(&bob,
		"{\"count\":2,\"members\":[\"ann\",\"bob\"],\"joined\":[\"bob\"]} ");
	reader_finish(&bob);
	hub_fixture_settle(&fixture);
	await(&ann, "{\"count\":1,\"members\":[\"ann\"],\"left\":[\"bob\"]} ");
	reader_finish(&ann);
	hub_fixture_finish(&fixture);
}

Test(crowds, are_no_part_of_history)
{
	struct hub_fixture fixture;
	struct reader early = {0}, late = {0};
	hub_fixture_start(&fixture);
	fixture.rules.presence = CONF_PRESENCE_COUNT;
	fixture.rules.history.messages = fixture.history.messages = 1;
	hub_fixture_publish(&fixture, 0, "a", "one");
	start(&early, &fixture, 0, "");
	await(&early, "{\"count\":1} ");
	late.tells_presence = true;
	reader_start(&late, &fixture, 0, "a", 0);
	reader_expect(&late, "one ready ");
	await(&late, "{\"count\":2} ");
	reader_finish(&early);
	reader_finish(&late);
	hub_fixture_finish(&fixture);
}
