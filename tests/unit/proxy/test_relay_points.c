// SPDX-License-Identifier: MIT
// Something of ours at every point of a conversation: whatever a peer is in the middle
// of, the other one gets whole frames, and ours only between them.
#include <string.h>

#include <criterion/criterion.h>

#include "relay_fixture.h"

// Each item ends where the text says; "+" keeps the message open.
static const char *const ITEMS[] = {"t(hello)", "b()", "t+(frag)", "P(ping)", "c+(men)",
	"Q(pong)", "c(ted)", "b(#200)", "P()", "t(end)"};
#define COUNT (sizeof(ITEMS) / sizeof(*ITEMS))

struct conversation {
	struct buf bytes;
	size_t starts[COUNT + 1]; // of each item in bytes; and the end
};

static struct conversation talk(const struct ws_script *script)
{
	struct conversation talk = {.bytes = BUF_INIT};

	for (size_t i = 0; i < COUNT; i++) {
		ws_script_write(script, ITEMS[i], &talk.bytes);
		talk.starts[i + 1] = talk.bytes.length;
	}
	return talk;
}

static bool is_open_before(size_t item)
{
	return item > 2 && item <= 6; // between "t+" and its end
}

// The items from first on to, not including, last; with this one put before item at.
static void append_items(
	struct buf *text, size_t last, size_t at, const char *ours, const char *end)
{
	for (size_t i = 0; i <= last; i++) {
		const char *parts[] = {i == at ? ours : "", i < last ? ITEMS[i] : ""};

		for (size_t j = 0; j < 2; j++) {
			if (!*parts[j])
				continue;
			buf_append_str(text, text->length > 0 ? STR(" ") : STR(""));
			buf_append_str(text, str_from(parts[j]));
		}
	}
	buf_append_str(text, text->length > 0 && *end ? STR(" ") : STR(""));
	buf_append_str(text, str_from(end));
	buf_append(text, "", 1);
}

// The first item that starts at or behind this byte.
static size_t find_item(const struct conversation *talk, size_t byte)
{
	size_t item = 0;

	while (talk->starts[item] < byte)
		item++;
	return item;
}

// Is the byte in a header, or in a control frame, which goes on only when it is whole?
static bool is_held_back(
	const struct conversation *talk, size_t item, size_t byte, bool is_client)
{
	size_t start = talk->starts[item - 1];
	size_t length = talk->starts[item] - start;
	size_t header = (length > 125 ? 4 : 2) + (is_client ? 4 : 0);

	return strchr("PQ", ITEMS[item - 1][0]) || byte < start + header;
}

static void send_rest(
	struct relay_peer *peer, const struct conversation *talk, size_t from)
{
	relay_fixture_send_bytes(
		peer, (struct str){talk->bytes.data + from, talk->bytes.length - from});
}

// A ping toward the reader, due when byte has been sent.
static void ping_at(bool is_client, size_t byte, bool *ret_is_last)
{
	struct relay_fixture fixture;
	struct buf expected = BUF_INIT;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	struct relay_peer *from = is_client ? &fixture.client : &fixture.backend;
	struct relay_peer *to = is_client ? &fixture.backend : &fixture.client;
	struct conversation conversation = talk(&from->script);
	fake_clock_advance(15 * 1000);
	relay_fixture_send_bytes(from, (struct str){conversation.bytes.data, byte});
	fake_clock_advance(15 * 1000);
	relay_fixture_settle(&fixture);
	send_rest(from, &conversation, byte);
	size_t item = find_item(&conversation, byte);
	bool is_held = item > 0 && byte < conversation.starts[item] &&
		       is_held_back(&conversation, item, byte, is_client);
	append_items(&expected, COUNT, item - is_held, "P(@)", "");
	relay_fixture_expect(to, expected.data);
	*ret_is_last = byte == conversation.bytes.length;
	buf_finish(&expected);
	buf_finish(&conversation.bytes);
	relay_fixture_finish(&fixture);
}

Test(relay_points, put_a_ping_between_frames)
{
	for (int is_client = 0; is_client < 2; is_client++) {
		bool is_last = false;

		for (size_t byte = 1; !is_last; byte++)
			ping_at(is_client, byte, &is_last);
	}
}

// Wherry shuts down when byte has been sent.
static void close_at(bool is_client, size_t byte, bool *ret_is_last)
{
	struct relay_fixture fixture;
	struct buf expected = BUF_INIT;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	struct relay_peer *from = is_client ? &fixture.client : &fixture.backend;
	struct relay_peer *to = is_client ? &fixture.backend : &fixture.client;
	struct conversation conversation = talk(&from->script);
	relay_fixture_send_bytes(from, (struct str){conversation.bytes.data, byte});
	relay_drain(fixture.relay, CLOSE_REASON_SHUTDOWN, 1001, "");
	send_rest(from, &conversation, byte);
	size_t item = find_item(&conversation, byte);
	bool is_held = item > 0 && byte < conversation.starts[item] &&
		       is_held_back(&conversation, item, byte, is_client);
	item -= is_held;
	while (is_open_before(item))
		item++;
	append_items(&expected, item, COUNT + 1, "", "C(1001 shutdown)");
	relay_fixture_expect(to, expected.data);
	relay_fixture_expect(from, "C(1001 shutdown)");
	*ret_is_last = byte == conversation.bytes.length;
	buf_finish(&expected);
	buf_finish(&conversation.bytes);
	relay_fixture_finish(&fixture);
}

Test(relay_points, close_between_messages)
{
	for (int is_client = 0; is_client < 2; is_client++) {
		bool is_last = false;

		for (size_t byte = 0; !is_last; byte++)
			close_at(is_client, byte, &is_last);
	}
}

// The sender is gone when byte has been sent.
static void lose_at(bool is_client, size_t byte, bool *ret_is_last)
{
	struct relay_fixture fixture;
	struct buf expected = BUF_INIT;

	relay_fixture_start(&fixture, &RELAY_FIXTURE_DEFAULTS);
	struct relay_peer *from = is_client ? &fixture.client : &fixture.backend;
	struct relay_peer *to = is_client ? &fixture.backend : &fixture.client;
	struct conversation conversation = talk(&from->script);
	relay_fixture_send_bytes(from, (struct str){conversation.bytes.data, byte});
	relay_fixture_close(from);
	size_t item = find_item(&conversation, byte);
	bool is_within = item > 0 && byte < conversation.starts[item];
	bool is_held = is_within && is_held_back(&conversation, item, byte, is_client);
	const char *told = is_client ? "C(1001 client_reset)" : "C(1014 backend_lost)";
	append_items(&expected, item - is_within, COUNT + 1, "",
		is_within && !is_held ? "... $" : told);
	relay_fixture_expect(to, expected.data);
	*ret_is_last = byte == conversation.bytes.length;
	buf_finish(&expected);
	buf_finish(&conversation.bytes);
	relay_fixture_finish(&fixture);
}

Test(relay_points, tell_a_loss_between_frames)
{
	for (int is_client = 0; is_client < 2; is_client++) {
		bool is_last = false;

		for (size_t byte = 0; !is_last; byte++)
			lose_at(is_client, byte, &is_last);
	}
}
