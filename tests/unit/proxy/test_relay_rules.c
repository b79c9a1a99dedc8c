// SPDX-License-Identifier: MIT
// What a peer must not do: the guilty leg gets the code of its fault, the other one a
// Close that fits (RFC 6455 section 7.4.1).
#include <criterion/criterion.h>

#include "relay_fixture.h"

// No payload of a guilty client's raw frames needs a real mask.
#define MASK "00 00 00 00"

struct row {
	const char *name;
	const char *client;  // what the client sends; NULL if only backends can do this
	const char *backend; // or the backend; NULL if only clients can
	const char *passes;  // what of it reaches the other side
	enum close_reason reason;
};

static const struct row ROWS[] = {
	{"5.1: a client's frame without mask", "[81 00]", NULL, "",
		CLOSE_REASON_PROTOCOL},
	{"5.1: a server's frame with mask", NULL, "[81 80 " MASK "]", "",
		CLOSE_REASON_PROTOCOL},
	{"5.2: RSV1 without extension", "[c1 80 " MASK "]", "[c1 00]", "",
		CLOSE_REASON_PROTOCOL},
	{"5.2: RSV2", "[a1 80 " MASK "]", "[a1 00]", "", CLOSE_REASON_PROTOCOL},
	{"5.2: RSV3 on a Ping", "[99 80 " MASK "]", "[99 00]", "", CLOSE_REASON_PROTOCOL},
	{"5.2: reserved data opcode", "[83 80 " MASK "]", "[83 00]", "",
		CLOSE_REASON_PROTOCOL},
	{"5.2: reserved control opcode", "[8b 80 " MASK "]", "[8b 00]", "",
		CLOSE_REASON_PROTOCOL},
	{"5.2: 16-bit length below 126", "[82 fe 00 7d " MASK "]", "[82 7e 00 7d]", "",
		CLOSE_REASON_PROTOCOL},
	{"5.2: 64-bit length below 65536", "[82 ff 00 00 00 00 00 00 ff ff " MASK "]",
		"[82 7f 00 00 00 00 00 00 ff ff]", "", CLOSE_REASON_PROTOCOL},
	{"5.2: 64-bit length with its top bit",
		"[82 ff 80 00 00 00 00 00 00 00 " MASK "]",
		"[82 7f 80 00 00 00 00 00 00 00]", "", CLOSE_REASON_PROTOCOL},
	{"5.4: continuation of nothing", "t(a) c(b)", "t(a) c(b)", "t(a)",
		CLOSE_REASON_PROTOCOL},
	{"5.4: new message in an open one", "t+(a) t(b)", "t+(a) t(b)", "t+(a)",
		CLOSE_REASON_PROTOCOL},
	{"5.5: Ping of 126 bytes", "P(#126)", "P(#126)", "", CLOSE_REASON_PROTOCOL},
	{"5.5: fragmented Ping", "t+(a) P+(b)", "t+(a) P+(b)", "t+(a)",
		CLOSE_REASON_PROTOCOL},
	{"5.5: fragmented Close", "C+(1000)", "C+(1000)", "", CLOSE_REASON_PROTOCOL},
	{"5.5.1: Close of one byte", "[88 81 " MASK " 03]", "[88 01 03]", "",
		CLOSE_REASON_PROTOCOL},
	{"7.4.1: code 1004", "C(1004)", "C(1004)", "", CLOSE_REASON_PROTOCOL},
	{"7.4.1: code 1005", "C(1005)", "C(1005)", "", CLOSE_REASON_PROTOCOL},
	{"7.4.1: code 1006", "C(1006)", "C(1006)", "", CLOSE_REASON_PROTOCOL},
	{"7.4.1: code 1015", "C(1015)", "C(1015)", "", CLOSE_REASON_PROTOCOL},
	{"7.4.2: code 2999", "C(2999)", "C(2999)", "", CLOSE_REASON_PROTOCOL},
	{"7.4.2: code 5000", "C(5000)", "C(5000)", "", CLOSE_REASON_PROTOCOL},
	{"8.1: Close reason not UTF-8", "C(1000 \xff)", "C(1000 \xff)", "",
		CLOSE_REASON_BAD_UTF8},
	{"8.1: text that ends within a character", "t+(a\xc3) c()", "t+(a\xc3) c()",
		"t+(a\xc3)", CLOSE_REASON_BAD_UTF8},
	{"max_frame", "b(#1000) [82 fe 03 e9 " MASK "]", "b(#1000) [82 7e 03 e9]",
		"b(#1000)", CLOSE_REASON_TOO_BIG},
	{"max_message", "b+(#1000) c(#501)", "b+(#1000) c(#501)", "b+(#1000)",
		CLOSE_REASON_TOO_BIG},
	{"max_fragments", "t+() c+() c+() P() c+() c()", "t+() c+() c+() P() c+() c()",
		"t+() c+() c+() P() c+()", CLOSE_REASON_POLICY},
	{"control_frames_per_second", "P(1) t() Q(2) P(3) Q(4) P(5)",
		"P(1) t() Q(2) P(3) Q(4) P(5)", "P(1) t() Q(2) P(3) Q(4)",
		CLOSE_REASON_POLICY},
};

static struct conf_websocket strict(void)
{
	struct conf_websocket websocket = RELAY_FIXTURE_DEFAULTS;

	websocket.check_utf8 = true;
	websocket.max_frame = 1000;
	websocket.max_message = 1500;
	websocket.max_fragments = 4;
	websocket.control_frames_per_second = 4;
	return websocket;
}

static void send_items(struct relay_peer *peer, const char *items, bool is_bytewise)
{
	struct buf bytes = BUF_INIT;

	ws_script_write(&peer->script, items, &bytes);
	if (!is_bytewise)
		relay_fixture_send_bytes(peer, buf_str(&bytes));
	for (size_t i = 0; is_bytewise && i < bytes.length; i++)
		relay_fixture_send_bytes(peer, (struct str){bytes.data + i, 1});
	buf_finish(&bytes);
}

static void expect_close(struct relay_peer *peer, const char *before, uint16_t code,
	enum close_reason reason, bool is_guilty)
{
	struct buf items = BUF_INIT;

	// The guilty one is hung up on; the other one may answer.
	buf_printf(&items, "%s%sC(%d %s)%s", before, *before ? " " : "", code,
		close_reason_name(reason), is_guilty ? " $" : "");
	buf_append(&items, "", 1);
	relay_fixture_expect(peer, items.data);
	buf_finish(&items);
}

static void expect_refused(const struct row *row, bool is_client, bool is_bytewise)
{
	struct conf_websocket websocket = strict();
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &websocket);
	struct relay_peer *guilty = is_client ? &fixture.client : &fixture.backend;
	struct relay_peer *other = is_client ? &fixture.backend : &fixture.client;
	uint16_t code = close_reason_code(row->reason);
	send_items(guilty, is_client ? row->client : row->backend, is_bytewise);
	send_items(guilty, "t(nobody hears this)", false);
	expect_close(guilty, "", code, row->reason, true);
	expect_close(other, row->passes, is_client ? 1001 : 1014, row->reason, false);
	relay_fixture_send(other, "C(1000)");
	relay_fixture_close(guilty);
	relay_fixture_close(other);
	relay_fixture_expect_done(
		&fixture, row->reason, is_client ? "client" : "backend", code);
	cr_expect_not_null(fixture.result.detail);
	relay_fixture_finish(&fixture);
}

Test(relay_rules, close_both_legs_each_with_its_code)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		const struct row *row = &ROWS[i];

		cr_log_info("%s", row->name);
		for (int is_bytewise = 0; is_bytewise < 2; is_bytewise++) {
			if (row->client)
				expect_refused(row, true, is_bytewise);
			if (row->backend)
				expect_refused(row, false, is_bytewise);
		}
	}
}

// The header is there too, and has not gone on yet.
Test(relay_rules, refuse_bad_text_together_with_its_header)
{
	struct conf_websocket websocket = strict();
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &websocket);
	relay_fixture_send(&fixture.client, "t(a) t(\xc3\x28)");
	relay_fixture_expect(&fixture.client, "C(1007 bad_utf8) $");
	relay_fixture_expect(&fixture.backend, "t(a) C(1001 bad_utf8)");
	relay_fixture_finish(&fixture);
}

// The other leg stands in the middle of a frame that will never be whole.
Test(relay_rules, cut_the_other_leg_in_the_middle_of_a_frame)
{
	struct conf_websocket websocket = strict();
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &websocket);
	relay_fixture_send(&fixture.backend, "[81 05 61]");
	relay_fixture_send(&fixture.backend, "[ff]"); // text that is not UTF-8
	relay_fixture_expect(&fixture.client, "... $");
	relay_fixture_expect(&fixture.backend, "C(1007 bad_utf8) $");
	relay_fixture_close(&fixture.client);
	relay_fixture_close(&fixture.backend);
	relay_fixture_expect_done(&fixture, CLOSE_REASON_BAD_UTF8, "backend", 1007);
	relay_fixture_finish(&fixture);
}

// Our Close waits for the end of what flows toward the guilty one.
Test(relay_rules, tell_the_guilty_at_a_frame_boundary)
{
	struct conf_websocket websocket = strict();
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &websocket);
	relay_fixture_send(&fixture.backend, "[01 03 61]");
	relay_fixture_send(&fixture.client, "[ff]");
	relay_fixture_expect(&fixture.backend, "C(1001 protocol)");
	relay_fixture_send(&fixture.backend, "[62 63] c(d)");
	relay_fixture_expect(&fixture.client, "t+(abc) C(1002 protocol) $");
	relay_fixture_finish(&fixture);
}

Test(relay_rules, count_control_frames_by_the_second)
{
	struct conf_websocket websocket = strict();
	struct relay_fixture fixture;

	relay_fixture_start(&fixture, &websocket);
	for (size_t i = 0; i < 5; i++) {
		relay_fixture_send(&fixture.client, "P(1) P(2) P(3) P(4)");
		relay_fixture_expect(&fixture.backend, "P(1) P(2) P(3) P(4)");
		fake_clock_advance(1000);
	}
	relay_fixture_expect_open(&fixture);
	relay_fixture_finish(&fixture);
}

Test(relay_rules, count_the_client_s_messages_by_the_second)
{
	struct conf_websocket websocket = strict();
	struct relay_fixture fixture;

	websocket.messages_per_second = 3;
	relay_fixture_start(&fixture, &websocket);
	for (size_t i = 0; i < 5; i++) {
		relay_fixture_send(&fixture.client, "t(1) t+(2) c() t(3)");
		relay_fixture_expect(&fixture.backend, "t(1) t+(2) c() t(3)");
		fake_clock_advance(1000);
	}
	relay_fixture_send(&fixture.client, "t(1) t(2)");
	relay_fixture_send(&fixture.client, "t(3) t(4)");
	relay_fixture_expect(&fixture.client, "C(1008 policy) $");
	relay_fixture_close(&fixture.client);
	relay_fixture_close(&fixture.backend);
	relay_fixture_expect_done(&fixture, CLOSE_REASON_POLICY, "client", 1008);
	relay_fixture_finish(&fixture);
}

// A frame of 94 bytes is 100 on the wire, with its header and mask.
Test(relay_rules, count_the_client_s_bytes_by_the_second)
{
	struct conf_websocket websocket = strict();
	struct relay_fixture fixture;

	websocket.bytes_per_second = 300;
	relay_fixture_start(&fixture, &websocket);
	for (size_t i = 0; i < 5; i++) {
		relay_fixture_send(&fixture.client, "b(#94) b(#94) b(#94)");
		relay_fixture_expect(&fixture.backend, "b(#94) b(#94) b(#94)");
		fake_clock_advance(1000);
	}
	relay_fixture_send(&fixture.client, "b(#94) b(#94) b(#94)");
	relay_fixture_send(&fixture.client, "b(#94)");
	relay_fixture_expect(&fixture.client, "C(1008 policy) $");
	relay_fixture_close(&fixture.client);
	relay_fixture_close(&fixture.backend);
	relay_fixture_expect_done(&fixture, CLOSE_REASON_POLICY, "client", 1008);
	relay_fixture_finish(&fixture);
}

Test(relay_rules, let_a_backend_send_as_it_likes)
{
	struct conf_websocket websocket = strict();
	struct relay_fixture fixture;

	websocket.messages_per_second = 3;
	relay_fixture_start(&fixture, &websocket);
	relay_fixture_send(&fixture.backend, "t(1) t(2) t(3) t(4) t(5) t(6)");
	relay_fixture_expect(&fixture.client, "t(1) t(2) t(3) t(4) t(5) t(6)");
	relay_fixture_expect_open(&fixture);
	relay_fixture_finish(&fixture);
}

// With permessage-deflate RSV1 marks the first frame of a message, and nothing else.
Test(relay_rules, refuse_rsv1_where_deflate_has_none)
{
	static const char *const BAD[] = {"[c9 00]", "[41 00] [c0 00]", "[a1 00]"};

	for (size_t i = 0; i < sizeof(BAD) / sizeof(*BAD); i++) {
		struct relay_fixture fixture;

		relay_fixture_start_deflate(&fixture, &RELAY_FIXTURE_DEFAULTS);
		relay_fixture_send(&fixture.backend, BAD[i]);
		relay_fixture_expect(&fixture.backend, "C(1002 protocol) $");
		relay_fixture_finish(&fixture);
	}
}
