// SPDX-License-Identifier: MIT
// TLS under a stream: the handshake, records however they are cut, and every end.
#include "wherry/net/stream.h"

#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <openssl/err.h>

#include "../../../src/net/stream_priv.h"
#include "stream_fixture.h"
#include "tls_peer.h"

enum {
	ROUNDS_MAX = 20000,
	LONG_LENGTH = 3 * 1024 * 1024,
};

struct tls_fixture {
	struct fixture base;
	struct tls_peer peer;
	size_t at_once; // bytes of the peer's that are sent in one piece
};

// The base has begun.
static void begin(struct tls_fixture *fixture, enum tls_peer_role role, int version)
{
	fixture->at_once = SIZE_MAX;
	tls_peer_init(&fixture->peer, role, version);
	SSL *ssl = tls_peer_make_other(&fixture->peer);
	cr_assert(stream_start_tls(fixture->base.stream, ssl));
	stream_resume(fixture->base.stream);
}

static void start_with(struct tls_fixture *fixture, enum tls_peer_role role, int version)
{
	fixture_start(&fixture->base);
	begin(fixture, role, version);
}

static void finish(struct tls_fixture *fixture)
{
	tls_peer_finish(&fixture->peer);
	fixture_finish(&fixture->base);
}

// One exchange of what both have for each other; false once nothing moves.
static bool exchange(struct tls_fixture *fixture)
{
	struct fixture *base = &fixture->base;
	size_t taken = base->taken.length, opened = fixture->peer.opened.length;
	tls_peer_step(&fixture->peer, base->peer);
	size_t sealed = fixture->peer.sealed.length;
	tls_peer_send(&fixture->peer, base->peer, fixture->at_once);
	fixture_settle(base);
	tls_peer_step(&fixture->peer, base->peer);
	return sealed > 0 || base->taken.length != taken ||
	       fixture->peer.opened.length != opened || fixture->peer.sealed.length > 0;
}

static void settle(struct tls_fixture *fixture)
{
	size_t rounds = 0;
	while (exchange(fixture))
		cr_assert_lt(++rounds, ROUNDS_MAX);
}

static void expect_taken(const struct tls_fixture *fixture, struct str expected)
{
	struct str taken = buf_str(&fixture->base.taken);
	cr_expect(str_equal(taken, expected), "taken: %.*s", STR_ARG(taken));
}

static void expect_opened(const struct tls_fixture *fixture, struct str expected)
{
	struct str opened = buf_str(&fixture->peer.opened);
	cr_expect(str_equal(opened, expected), "opened: %.*s", STR_ARG(opened));
}

struct variant {
	const char *name;
	enum tls_peer_role role;
	int version;
};

static const struct variant variants[] = {
	{"server, TLS 1.3", TLS_PEER_CLIENT, TLS1_3_VERSION},
	{"server, TLS 1.2", TLS_PEER_CLIENT, TLS1_2_VERSION},
	{"client, TLS 1.3", TLS_PEER_SERVER, TLS1_3_VERSION},
	{"client, TLS 1.2", TLS_PEER_SERVER, TLS1_2_VERSION},
};

enum {
	VARIANT_COUNT = sizeof(variants) / sizeof(variants[0])
};

static void start(struct tls_fixture *fixture, size_t variant)
{
	start_with(fixture, variants[variant].role, variants[variant].version);
}

Test(stream_tls, carries_bytes_both_ways_in_both_roles)
{
	for (size_t i = 0; i < VARIANT_COUNT; i++) {
		struct tls_fixture fixture;
		start(&fixture, i);
		settle(&fixture);
		cr_expect_eq(fixture.base.connect_count, 1, "%s", variants[i].name);
		cr_expect_not_null(stream_tls(fixture.base.stream));
		tls_peer_write(&fixture.peer, "to the stream", 13);
		stream_write(fixture.base.stream, "to the peer", 11);
		settle(&fixture);
		expect_taken(&fixture, STR("to the stream"));
		expect_opened(&fixture, STR("to the peer"));
		cr_expect_eq(stream_bytes_in(fixture.base.stream), 13);
		cr_expect_eq(stream_bytes_out(fixture.base.stream), 11);
		finish(&fixture);
	}
}

Test(stream_tls, understands_records_that_come_byte_by_byte)
{
	for (size_t i = 0; i < VARIANT_COUNT; i++) {
		struct tls_fixture fixture;
		start(&fixture, i);
		fixture.at_once = 1;
		settle(&fixture);
		tls_peer_write(&fixture.peer, "a", 1);
		tls_peer_write(&fixture.peer, "bc", 2);
		settle(&fixture);
		expect_taken(&fixture, STR("abc"));
		cr_expect_eq(fixture.base.end_count, 0, "%s", variants[i].name);
		finish(&fixture);
	}
}

Test(stream_tls, lends_many_records_at_once)
{
	struct tls_fixture fixture;
	start(&fixture, 0);
	settle(&fixture);
	size_t before = fixture.base.data_count;
	for (int i = 0; i < 50; i++)
		tls_peer_write(&fixture.peer, "0123456789", 10);
	settle(&fixture);
	cr_expect_eq(fixture.base.taken.length, 500);
	cr_expect_eq(fixture.base.data_count - before, 1);
	finish(&fixture);
}

Test(stream_tls, joins_small_pieces_in_one_record)
{
	struct tls_fixture fixture;
	start(&fixture, 0);
	settle(&fixture);
	stream_write(fixture.base.stream, "first", 5); // a ticket leaves with it
	settle(&fixture);
	struct iovec pieces[] = {{"5\r\n", 3}, {"hello", 5}, {"\r\n", 2}};
	stream_writev(fixture.base.stream, pieces, 3);
	uint8_t wire[1024];
	ssize_t got = recv(fixture.base.peer, wire, sizeof(wire), MSG_DONTWAIT);
	cr_expect_eq(got, 5 + 10 + 17); // header, content, type and tag
	finish(&fixture);
}

// Whatever the consumer leaves is lent again, joined with what is opened next.
Test(stream_tls, keeps_what_is_not_taken)
{
	for (size_t kept = 1; kept < 2000; kept = kept * 3 + 1) {
		struct tls_fixture fixture;
		static char text[4096];
		memset(text, 'x', sizeof(text));
		start(&fixture, 0);
		settle(&fixture);
		fixture.base.take_from = kept + 1;
		tls_peer_write(&fixture.peer, text, kept);
		settle(&fixture);
		cr_expect_eq(fixture.base.taken.length, 0);
		cr_expect_eq(stream_kept_length(fixture.base.stream), kept);
		tls_peer_write(&fixture.peer, text, sizeof(text));
		settle(&fixture);
		cr_expect_eq(fixture.base.taken.length, kept + sizeof(text));
		finish(&fixture);
	}
}

// SECURITY T40: who sends a head byte by byte makes nobody hold much for him.
Test(stream_tls, holds_little_for_a_head_that_trickles_in)
{
	struct tls_fixture fixture;
	start(&fixture, 0);
	settle(&fixture);
	fixture.base.take_at_most = 0;
	for (size_t i = 0; i < 1500; i++) {
		tls_peer_write(&fixture.peer, "x", 1);
		tls_peer_step(&fixture.peer, fixture.base.peer);
		tls_peer_send(&fixture.peer, fixture.base.peer, SIZE_MAX);
		fixture_settle(&fixture.base);
	}
	cr_expect_eq(stream_kept_length(fixture.base.stream), 1500);
	cr_expect_leq(fixture.base.stream->kept_capacity, 3000);
	finish(&fixture);
}

// Bytes of the handshake may have been read before TLS was started.
Test(stream_tls, begins_with_what_was_kept)
{
	for (size_t first = 1; first < 600; first += 61) {
		struct tls_fixture fixture;
		fixture_start(&fixture.base);
		fixture.at_once = first;
		fixture.base.take_at_most = 0;
		tls_peer_init(&fixture.peer, TLS_PEER_CLIENT, TLS1_3_VERSION);
		stream_resume(fixture.base.stream);
		tls_peer_step(&fixture.peer, fixture.base.peer);
		tls_peer_send(&fixture.peer, fixture.base.peer, first);
		fixture_settle(&fixture.base);
		cr_assert_gt(stream_kept_length(fixture.base.stream), 0);
		cr_assert(stream_start_tls(
			fixture.base.stream, tls_peer_make_other(&fixture.peer)));
		fixture.base.take_at_most = SIZE_MAX;
		settle(&fixture);
		cr_expect_eq(fixture.base.connect_count, 1);
		tls_peer_write(&fixture.peer, "after", 5);
		settle(&fixture);
		expect_taken(&fixture, STR("after"));
		cr_expect_eq(stream_bytes_in(fixture.base.stream), 5);
		finish(&fixture);
	}
}

Test(stream_tls, tells_of_the_handshake_before_what_came_with_its_end)
{
	struct tls_fixture fixture;
	start(&fixture, 0);
	tls_peer_step(&fixture.peer, fixture.base.peer);
	tls_peer_send(&fixture.peer, fixture.base.peer, SIZE_MAX);
	fixture_settle(&fixture.base);
	tls_peer_step(&fixture.peer, fixture.base.peer); // its Finished, not sent yet
	tls_peer_write(&fixture.peer, "at once", 7);
	fixture.base.on_connect = ACT_PAUSE;
	tls_peer_send(&fixture.peer, fixture.base.peer, SIZE_MAX);
	fixture_settle(&fixture.base);
	cr_expect_eq(fixture.base.connect_count, 1);
	cr_expect_eq(fixture.base.data_count, 0);
	stream_resume(fixture.base.stream);
	fixture_settle(&fixture.base);
	expect_taken(&fixture, STR("at once"));
	finish(&fixture);
}

Test(stream_tls, holds_what_is_written_before_the_handshake)
{
	for (size_t i = 0; i < VARIANT_COUNT; i++) {
		struct tls_fixture fixture;
		start(&fixture, i);
		stream_write(fixture.base.stream, "early ", 6);
		stream_write(fixture.base.stream, "bird", 4);
		cr_expect_eq(stream_queued_length(fixture.base.stream), 10);
		stream_shutdown(fixture.base.stream);
		settle(&fixture);
		expect_opened(&fixture, STR("early bird"));
		cr_expect_eq(fixture.peer.error, SSL_ERROR_ZERO_RETURN, "%s",
			variants[i].name);
		cr_expect(fixture.peer.is_ended);
		finish(&fixture);
	}
}

static void fill(struct buf *text, size_t length)
{
	for (size_t i = 0; text->length < length; i++)
		buf_printf(text, "%zu,", i);
	text->length = length;
}

Test(stream_tls, carries_much_through_a_peer_that_reads_late)
{
	for (size_t i = 0; i < VARIANT_COUNT; i++) {
		struct tls_fixture fixture;
		struct buf text = BUF_INIT;
		start(&fixture, i);
		settle(&fixture);
		fill(&text, LONG_LENGTH);
		stream_write(fixture.base.stream, text.data, text.length);
		cr_expect(stream_is_full(fixture.base.stream));
		tls_peer_write(&fixture.peer, text.data, text.length);
		settle(&fixture);
		expect_opened(&fixture, buf_str(&text));
		expect_taken(&fixture, buf_str(&text));
		cr_expect_eq(fixture.base.drain_count, 1);
		cr_expect_eq(stream_bytes_out(fixture.base.stream), LONG_LENGTH);
		cr_expect_eq(stream_bytes_taken(fixture.base.stream),
			stream_bytes_sent(fixture.base.stream));
		buf_finish(&text);
		finish(&fixture);
	}
}

// What it takes are records, of which a byte makes two dozen: counted as content, it
// would seem to take nothing, and be given up as stalled.
Test(stream_tls, sees_a_slow_peer_take_small_records)
{
	static char received[64 * 1024];
	struct tls_fixture fixture;
	int size = sizeof(received);
	fixture_start_tcp(&fixture.base);
	struct stream *stream = fixture.base.stream;
	(void)setsockopt(
		stream_socket(stream), SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	(void)setsockopt(fixture.base.peer, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	begin(&fixture, TLS_PEER_CLIENT, TLS1_3_VERSION);
	settle(&fixture);
	for (size_t i = 0; i < 500000 && !stream_is_full(stream); i++)
		stream_write(stream, "x", 1);
	cr_assert(stream_is_full(stream));
	uint64_t before = stream_bytes_taken(stream);
	for (size_t i = 0; i < 1000 && stream_bytes_taken(stream) == before; i++)
		(void)recv(fixture.base.peer, received, sizeof(received), MSG_DONTWAIT);
	cr_expect_gt(stream_bytes_taken(stream), before);
	cr_expect_lt(stream_bytes_taken(stream), stream_bytes_sent(stream));
	finish(&fixture);
}

Test(stream_tls, changes_keys_from_both_sides)
{
	struct tls_fixture fixture;
	start(&fixture, 0);
	settle(&fixture);
	for (int i = 0; i < 20; i++) {
		SSL *own = stream_tls(fixture.base.stream);
		SSL *updating = i % 2 == 0 ? fixture.peer.ssl : own;
		cr_assert(SSL_key_update(updating, SSL_KEY_UPDATE_REQUESTED));
		tls_peer_write(&fixture.peer, "x", 1);
		stream_write(fixture.base.stream, "y", 1);
		settle(&fixture);
	}
	cr_expect_eq(fixture.base.taken.length, 20);
	cr_expect_eq(fixture.peer.opened.length, 20);
	cr_expect_eq(fixture.base.end_count, 0);
	finish(&fixture);
}

// It never reads, while each of its records asks for an answer.
Test(stream_tls, survives_a_flood_of_key_updates)
{
	struct tls_fixture fixture;
	start(&fixture, 0);
	settle(&fixture);
	for (int i = 0; i < 5000 && fixture.base.end_count == 0; i++) {
		cr_assert(SSL_key_update(fixture.peer.ssl, SSL_KEY_UPDATE_REQUESTED));
		tls_peer_write(&fixture.peer, "x", 1);
		tls_peer_send(&fixture.peer, fixture.base.peer, SIZE_MAX);
		fixture_settle(&fixture.base);
		cr_assert_lt(stream_queued_length(fixture.base.stream), 2 * 1024 * 1024);
	}
	finish(&fixture);
}

Test(stream_tls, takes_close_notify_for_the_end_and_writes_on)
{
	for (size_t i = 0; i < VARIANT_COUNT; i++) {
		struct tls_fixture fixture;
		start(&fixture, i);
		settle(&fixture);
		tls_peer_write(&fixture.peer, "last", 4);
		cr_assert_geq(SSL_shutdown(fixture.peer.ssl), 0);
		settle(&fixture);
		expect_taken(&fixture, STR("last"));
		cr_expect_eq(fixture.base.end_count, 1);
		cr_expect_eq(
			fixture.base.last_end, STREAM_END_EOF, "%s", variants[i].name);
		stream_write(fixture.base.stream, "answer", 6);
		stream_shutdown(fixture.base.stream);
		settle(&fixture);
		expect_opened(&fixture, STR("answer"));
		finish(&fixture);
	}
}

Test(stream_tls, tells_close_notify_after_what_came_while_paused)
{
	struct tls_fixture fixture;
	start(&fixture, 0);
	settle(&fixture);
	fixture.base.on_data = ACT_PAUSE;
	fixture.base.take_at_most = 1;
	tls_peer_write(&fixture.peer, "last", 4);
	cr_assert_geq(SSL_shutdown(fixture.peer.ssl), 0);
	settle(&fixture);
	cr_expect_eq(fixture.base.end_count, 0);
	fixture.base.on_data = ACT_NONE;
	fixture.base.take_at_most = SIZE_MAX;
	stream_resume(fixture.base.stream);
	settle(&fixture);
	expect_taken(&fixture, STR("last"));
	cr_expect_eq(fixture.base.end_count, 1);
	cr_expect_eq(fixture.base.last_end, STREAM_END_EOF);
	finish(&fixture);
}

Test(stream_tls, names_a_truncation)
{
	struct tls_fixture fixture;
	start(&fixture, 0);
	settle(&fixture);
	tls_peer_write(&fixture.peer, "cut", 3);
	tls_peer_send(&fixture.peer, fixture.base.peer, SIZE_MAX);
	fixture_close_peer(&fixture.base);
	fixture_settle(&fixture.base);
	expect_taken(&fixture, STR("cut"));
	cr_expect_eq(fixture.base.end_count, 1);
	cr_expect_eq(fixture.base.last_end, STREAM_END_TRUNCATED);
	cr_expect_not_null(stream_error_text(fixture.base.stream));
	finish(&fixture);
}

Test(stream_tls, ends_at_garbage_with_a_reason)
{
	static const struct str garbage[] = {
		STR("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
		STR("\x16\x03\x01\xff\xff garbage garbage garbage"),
		STR("\x16\x03\x01\x00\x05hello and more"),
		STR("PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n"),
	};
	for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
		struct tls_fixture fixture;
		start(&fixture, 0);
		fixture_send(&fixture.base, garbage[i].data, garbage[i].length);
		fixture_settle(&fixture.base);
		cr_expect_eq(fixture.base.end_count, 1, "garbage %zu", i);
		cr_expect_eq(fixture.base.last_end, STREAM_END_TLS);
		cr_expect_not_null(stream_error_text(fixture.base.stream));
		cr_expect_eq(fixture.base.connect_count, 0);
		finish(&fixture);
	}
}

Test(stream_tls, ends_at_a_record_that_was_changed)
{
	struct tls_fixture fixture;
	start(&fixture, 0);
	settle(&fixture);
	tls_peer_write(&fixture.peer, "good", 4);
	tls_peer_write(&fixture.peer, "evil", 4);
	fixture.peer.sealed.data[fixture.peer.sealed.length - 1] ^= 1;
	settle(&fixture);
	expect_taken(&fixture, STR("good"));
	cr_expect_eq(fixture.base.end_count, 1);
	cr_expect_eq(fixture.base.last_end, STREAM_END_TLS);
	finish(&fixture);
}

Test(stream_tls, ends_when_the_peer_leaves_in_the_handshake)
{
	struct tls_fixture fixture;
	start(&fixture, 0);
	tls_peer_step(&fixture.peer, fixture.base.peer);
	tls_peer_send(&fixture.peer, fixture.base.peer, 100);
	fixture_settle(&fixture.base);
	fixture_close_peer(&fixture.base);
	fixture_settle(&fixture.base);
	cr_expect_eq(fixture.base.end_count, 1);
	cr_expect_eq(fixture.base.last_end, STREAM_END_TLS);
	finish(&fixture);
}

Test(stream_tls, may_be_destroyed_in_every_callback)
{
	for (int which = 0; which < 3; which++) {
		struct tls_fixture fixture;
		start(&fixture, 0);
		if (which == 0)
			fixture.base.on_connect = ACT_DESTROY;
		if (which == 1)
			fixture.base.on_data = ACT_DESTROY;
		if (which == 2)
			fixture.base.on_end = ACT_DESTROY;
		settle(&fixture);
		if (which > 0) {
			tls_peer_write(&fixture.peer, "x", 1);
			cr_assert_geq(SSL_shutdown(fixture.peer.ssl), 0);
			settle(&fixture);
		}
		cr_expect_null(fixture.base.stream);
		cr_expect_eq(fixture.peer.error, SSL_ERROR_ZERO_RETURN,
			"close_notify came, %d", which);
		finish(&fixture);
	}
}

Test(stream_tls, does_a_few_handshake_steps_a_turn)
{
	struct loop *loop = loop_create();
	unsigned steps = 0;
	cr_assert_not_null(loop);
	while (loop_spend_step(loop))
		cr_assert_lt(++steps, 100);
	cr_expect_eq(steps, 8);
	loop_settle(loop);
	cr_expect(loop_spend_step(loop));
	loop_destroy(loop);
}
