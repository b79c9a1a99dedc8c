// SPDX-License-Identifier: MIT
// What leaves a stream with TLS together, in one send.
#include "wherry/net/stream.h"

#include <sys/socket.h>

#include <criterion/criterion.h>

#include "stream_fixture.h"
#include "tls_peer.h"
#include "wherry/net/loop.h"

enum {
	STEPS_MAX = 10
};

static struct fixture base;
static struct tls_peer peer;
static int ticket_count;

static int on_session(SSL *ssl, SSL_SESSION *session)
{
	ticket_count++;
	return 0; // OpenSSL's to free
}

// A server whose handshake is done.
static void enter(int version)
{
	ticket_count = 0;
	fixture_start(&base);
	tls_peer_init(&peer, TLS_PEER_CLIENT, version);
	SSL_CTX_set_session_cache_mode(peer.context, SSL_SESS_CACHE_CLIENT);
	SSL_CTX_sess_set_new_cb(peer.context, on_session);
	cr_assert(stream_start_tls(base.stream, tls_peer_make_other(&peer)));
	stream_resume(base.stream);
	for (int i = 0; i < STEPS_MAX && base.connect_count == 0; i++) {
		tls_peer_step(&peer, base.peer);
		tls_peer_send(&peer, base.peer, SIZE_MAX);
		fixture_settle(&base);
	}
	cr_assert_eq(base.connect_count, 1);
}

static void leave(void)
{
	tls_peer_finish(&peer);
	fixture_finish(&base);
}

static size_t count_arrived(void)
{
	char bytes[4096];
	ssize_t got = recv(base.peer, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);
	return got > 0 ? (size_t)got : 0;
}

Test(stream_tls_output, lets_a_ticket_of_tls13_leave_with_the_first_answer)
{
	enter(TLS1_3_VERSION);
	cr_expect_eq(count_arrived(), 0);
	tls_peer_write(&peer, "question", 8);
	tls_peer_send(&peer, base.peer, SIZE_MAX);
	fixture_settle(&base);
	cr_expect_eq(count_arrived(), 0, "nothing is answered yet");
	stream_write(base.stream, "answer", 6);
	tls_peer_step(&peer, base.peer);
	cr_expect_gt(ticket_count, 0);
	cr_expect(str_equal(buf_str(&peer.opened), STR("answer")));
	leave();
}

Test(stream_tls_output, lets_a_ticket_of_tls13_leave_with_close_notify)
{
	enter(TLS1_3_VERSION);
	stream_shutdown(base.stream);
	tls_peer_step(&peer, base.peer);
	cr_expect_gt(ticket_count, 0);
	cr_expect_eq(peer.error, SSL_ERROR_ZERO_RETURN);
	leave();
}

// The client waits for that flight.
Test(stream_tls_output, holds_nothing_back_in_tls12)
{
	enter(TLS1_2_VERSION);
	cr_expect_gt(count_arrived(), 0);
	tls_peer_step(&peer, base.peer);
	cr_expect_gt(ticket_count, 0);
	leave();
}

Test(stream_tls_output, says_goodbye_with_the_last_bytes_and_only_once)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	for (size_t i = 0; i < 2; i++) {
		enter(versions[i]);
		tls_peer_step(&peer, base.peer);
		stream_write_last(base.stream, "bye", 3);
		tls_peer_step(&peer, base.peer);
		cr_expect(str_equal(buf_str(&peer.opened), STR("bye")));
		cr_expect_eq(peer.error, SSL_ERROR_ZERO_RETURN);
		cr_expect_eq(stream_bytes_out(base.stream), 3);
		stream_shutdown(base.stream);
		cr_expect_eq(count_arrived(), 0);
		leave();
	}
}

Test(stream_tls_output, writes_last_bytes_of_plain_streams_too)
{
	fixture_start(&base);
	stream_write_last(base.stream, "bye", 3);
	cr_expect_eq(count_arrived(), 3);
	fixture_finish(&base);
}

Test(stream_tls_output, leaves_room_for_rims_in_a_segment)
{
	static const char much[LOOP_SCRATCH_SIZE];
	fixture_start(&base);
	stream_read_to_seal(base.stream);
	stream_resume(base.stream);
	fixture_send(&base, much, LOOP_SCRATCH_SIZE);
	fixture_turn(&base);
	cr_expect_eq(base.last_length, LOOP_READ_TO_SEAL_SIZE);
	fixture_finish(&base);
}
