// SPDX-License-Identifier: MIT
// One UDP socket, one reply a datagram; only what c-ares asks for.
#include "dns_server.h"

#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

enum {
	QUESTION_AT = 12, // behind the header of a message, RFC 1035 section 4.1
	TYPE_A = 1,
	TYPE_AAAA = 28,
	MESSAGE_SIZE = 512,
	REPLY_SIZE = 1024,
};

static size_t put(uint8_t *at, uint32_t value, size_t length)
{
	for (size_t i = 0; i < length; i++)
		at[i] = (uint8_t)(value >> 8 * (length - 1 - i));
	return length;
}

// Returns how long the record is; 0 if it is of another type.
static size_t put_record(uint8_t *at, unsigned type, const char *text, uint32_t ttl)
{
	uint8_t bytes[16];
	size_t length = type == TYPE_A ? 4 : 16;
	uint8_t *from = at;

	if (inet_pton(type == TYPE_A ? AF_INET : AF_INET6, text, bytes) != 1)
		return 0;
	at += put(at, 0xc000 | QUESTION_AT, 2); // the name is that of the question
	at += put(at, type, 2);
	at += put(at, 1, 2); // IN
	at += put(at, ttl, 4);
	at += put(at, (uint32_t)length, 2);
	memcpy(at, bytes, length);
	return (size_t)(at - from) + length;
}

static size_t make_reply(const struct dns_server_step *step, unsigned type,
	uint8_t *message, size_t question_end)
{
	size_t length = question_end;
	uint32_t count = 0;

	for (size_t i = 0; i < DNS_SERVER_RECORDS && step->records[i]; i++) {
		size_t added =
			put_record(message + length, type, step->records[i], step->ttl);

		length += added;
		count += added > 0;
	}
	(void)put(message + 2, 0x8180 | step->rcode, 2);
	(void)put(message + 6, count, 2);
	(void)put(message + 8, 0, 4); // nothing else
	return length;
}

// The type of the question, and where it ends.
static unsigned question_type(const uint8_t *message, size_t *ret_end)
{
	size_t at = QUESTION_AT;

	while (message[at] != 0)
		at += message[at] + 1u;
	*ret_end = at + 5;
	return (unsigned)message[at + 1] << 8 | message[at + 2];
}

static const struct dns_server_step *find_step(
	const struct dns_server *server, unsigned type)
{
	size_t at = server->question_count;

	if (type != TYPE_A && at > 0)
		at--; // with the A question just before it
	return &server->steps[at < server->step_count ? at : server->step_count - 1];
}

static void on_question(evutil_socket_t fd, short events, void *arg)
{
	struct dns_server *server = arg;
	uint8_t message[REPLY_SIZE] = {0};
	struct addr peer = {.length = sizeof(peer.v4)};
	size_t end;

	ssize_t got = recvfrom(fd, message, MESSAGE_SIZE, 0, &peer.any, &peer.length);
	cr_assert_gt(got, QUESTION_AT);
	unsigned type = question_type(message, &end);
	const struct dns_server_step *step = find_step(server, type);
	server->question_count += type == TYPE_A;
	if (!step->is_silent) {
		size_t length = make_reply(step, type, message, end);

		got = sendto(fd, message, length, 0, &peer.any, peer.length);
		cr_assert_eq(got, (ssize_t)length);
	}
	if (server->stop_at != 0 && server->question_count >= server->stop_at)
		loop_stop(server->loop);
}

void dns_server_start(struct dns_server *server, struct loop *loop,
	const struct dns_server_step *steps, size_t step_count)
{
	struct addr address;

	*server = (struct dns_server){
		.loop = loop, .steps = steps, .step_count = step_count};
	cr_assert(addr_parse(STR("127.0.0.1:0"), &address));
	server->socket = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	cr_assert_geq(server->socket, 0);
	cr_assert_eq(bind(server->socket, &address.any, address.length), 0);
	cr_assert_eq(event_assign(&server->event, loop_base(loop), server->socket,
			     EV_READ | EV_PERSIST, on_question, server),
		0);
	cr_assert_eq(event_add(&server->event, NULL), 0);
}

void dns_server_finish(struct dns_server *server)
{
	(void)event_del(&server->event);
	close(server->socket);
}

const char *dns_server_address(const struct dns_server *server, char text[ADDR_TEXT_SIZE])
{
	struct addr address = {.length = sizeof(address.v4)};

	cr_assert_eq(getsockname(server->socket, &address.any, &address.length), 0);
	return addr_format(&address, text);
}
