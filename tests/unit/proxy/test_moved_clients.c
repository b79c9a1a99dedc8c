// SPDX-License-Identifier: MIT
// No client is moved twice within the cooldown, as far as addresses and routes tell.
#include "wherry/proxy/moved_clients.h"

#include <criterion/criterion.h>

enum {
	COOLDOWN = 1000
};

static size_t find(
	const struct moved_clients *clients, const char *client, const char *route)
{
	struct addr addr;
	cr_assert(addr_parse(str_from(client), &addr));
	return moved_clients_find(clients, &addr, str_from(route));
}

static bool is_recent(
	const struct moved_clients *clients, size_t place, uint64_t opened, uint64_t now)
{
	return moved_clients_is_recent(clients, place, opened, now, COOLDOWN);
}

Test(moved_clients, are_known_by_address_and_route)
{
	struct moved_clients *clients = moved_clients_create();
	size_t place = find(clients, "192.0.2.1:1000", "chat");
	cr_expect_eq(find(clients, "192.0.2.1:2000", "chat"), place);
	// A collision is one in 64 Ki.
	bool is_apart = find(clients, "192.0.2.2:1000", "chat") != place ||
			find(clients, "192.0.2.3:1000", "chat") != place;
	cr_expect(is_apart);
	is_apart = find(clients, "192.0.2.1:1000", "feed") != place ||
		   find(clients, "192.0.2.1:1000", "other") != place;
	cr_expect(is_apart);
	cr_expect_eq(find(clients, "[2001:db8::1]:1", "chat"),
		find(clients, "[2001:db8::2]:1", "chat"));
	moved_clients_destroy(clients);
}

Test(moved_clients, are_left_alone_when_they_come_again)
{
	struct moved_clients *clients = moved_clients_create();
	cr_expect_not(is_recent(clients, 7, 0, 100));
	moved_clients_note(clients, 7, 5000, 5000, COOLDOWN);
	cr_expect(is_recent(clients, 7, 5001, 5002));
	cr_expect(is_recent(clients, 7, 5001, 5999));
	cr_expect_not(is_recent(clients, 7, 5001, 6000), "the cooldown is over");
	cr_expect_not(is_recent(clients, 7, 4999, 5500),
		"this one was there before: behind one address are many clients");
	cr_expect_not(is_recent(clients, 8, 5001, 5002));
	moved_clients_destroy(clients);
}

Test(moved_clients, are_remembered_through_later_moves_of_others)
{
	struct moved_clients *clients = moved_clients_create();
	moved_clients_note(clients, 7, 5000, 5000, COOLDOWN);
	moved_clients_note(clients, 7, 5800, 5900, COOLDOWN);
	cr_expect(is_recent(clients, 7, 5001, 5950));
	cr_expect(is_recent(clients, 7, 5901, 6899));
	cr_expect_not(is_recent(clients, 7, 5901, 6900));
	moved_clients_note(clients, 7, 9000, 9000, COOLDOWN);
	cr_expect_not(is_recent(clients, 7, 6950, 9001), "it has rested since");
	cr_expect(is_recent(clients, 7, 9000, 9001));
	moved_clients_destroy(clients);
}
