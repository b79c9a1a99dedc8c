// SPDX-License-Identifier: MIT
// One request to a backend and its response; see the header.
#include "wherry/proxy/forward.h"

#include <stdlib.h>

#include "wherry/proto/http_write.h"

enum {
	FIELDS_CAPACITY = 512, // of most requests
	HOST_CAPACITY = 64,
};

static const struct exchange_handler exchange_events;

// Called for each server that is tried.
static void write_head(void *arg, const struct upstream_server *server, struct buf *out)
{
	struct forward *forward = arg;
	forward->request->server = server->name;
	buf_reserve(out, forward->line.length + HOST_CAPACITY + forward->fields.length);
	buf_append_str(out, buf_str(&forward->line));
	request_head_write_host(
		out, forward->request->route, forward->request->host, server);
	buf_append_str(out, buf_str(&forward->fields));
	out->is_failed |= forward->line.is_failed | forward->fields.is_failed |
			  forward->prologue.is_failed;
}

struct forward *forward_create(struct site *site, struct stream *client,
	struct request *request, const struct forward_handler *handler, void *arg)
{
	struct forward *forward = calloc(1, sizeof(*forward));
	if (!forward)
		return NULL;
	forward->client = client;
	forward->request = request;
	forward->handler = handler;
	forward->arg = arg;
	exchange_init(&forward->exchange, site->pool, site->loop, &exchange_events,
		write_head, forward);
	return forward;
}

void forward_destroy(struct forward *forward)
{
	if (!forward)
		return;
	forward_finish(forward);
	loop_timer_finish(&forward->exchange.timer);
	buf_finish(&forward->line);
	buf_finish(&forward->fields);
	buf_finish(&forward->prologue);
	free(forward);
}

// Only what may be sent twice travels on a kept-alive connection, which its server may be
// closing just now: so no POST is ever lost to that race, nor sent twice.
static bool may_repeat(const struct http_message *message)
{
	return http_message_is_idempotent(message) &&
	       message->body_kind == HTTP_BODY_NONE;
}

void forward_prepare(struct forward *forward, struct upstream_set *upstreams,
	const struct request_head *head)
{
	const struct conf_route *route = head->choice->route;
	struct upstream *upstream = &upstreams->upstreams[route->upstream];
	const struct http_message *message = head->message;
	forward->has_head = false;
	forward->is_keep_alive = forward->closes_client = false;
	buf_clear(&forward->line);
	buf_clear(&forward->fields);
	buf_clear(&forward->prologue);
	affinity_init(&forward->affinity, upstream, message, head->request->client);
	struct request_head own = *head;
	own.wants_plain = forward->affinity.is_opening;
	request_head_write_line(&forward->line, &own);
	buf_reserve(&forward->fields, FIELDS_CAPACITY);
	request_head_write_fields(&forward->fields, &own);
	forward->plan = (struct exchange_request){
		.key = forward->affinity.key,
		.upstream = upstream,
		.is_head = str_equal(message->method, STR("HEAD")),
		.has_body = message->body_kind != HTTP_BODY_NONE,
		.is_handshake = message->is_websocket_upgrade,
		.may_repeat = may_repeat(message),
		.may_reuse = may_repeat(message) && !message->is_websocket_upgrade,
		.body_kind = message->body_kind,
		.connect_timeout_ms = head->conf->timeouts.connect_ms,
		.response_timeout_ms = route->response_timeout_ms,
		.idle_timeout_ms = route->idle_timeout_ms,
		.write_stall_ms = head->conf->timeouts.write_stall_ms,
		.limits = {head->conf->limits.header,
			HTTP_SCAN_LIMITS_DEFAULT.line_bytes},
	};
}

void forward_set_prologue(struct forward *forward, const void *data, size_t length)
{
	buf_append(&forward->prologue, data, length);
	forward->plan.prologue = buf_str(&forward->prologue);
}

void forward_add_field(struct forward *forward, struct str name, struct str value)
{
	http_write_field(&forward->fields, name, value);
}

bool forward_start(struct forward *forward)
{
	http_write_end(&forward->fields);
	return exchange_start(&forward->exchange, &forward->plan, &forward->failure);
}

bool forward_is_writable(const struct forward *forward)
{
	return exchange_is_writable(&forward->exchange);
}

void forward_body(struct forward *forward, struct str piece)
{
	exchange_write(&forward->exchange, piece.data, piece.length);
}

void forward_end_body(struct forward *forward)
{
	exchange_end_request(&forward->exchange);
}

static void end(struct forward *forward, enum forward_end how)
{
	forward->handler->on_end(forward->arg, how);
}

static void on_writable(void *arg)
{
	struct forward *forward = arg;
	forward->handler->on_writable(forward->arg);
}

static bool send_head(struct forward *forward, const struct http_message *message)
{
	struct request *request = forward->request;
	forward->framing = response_head_framing(request, message);
	forward->is_keep_alive = request->is_keep_alive && !forward->closes_client &&
				 forward->framing != RESPONSE_HEAD_UNTIL_CLOSE &&
				 forward->exchange.is_request_sent;
	struct response_head head = {
		.request = request,
		.server = forward->exchange.server,
		.affinity = &forward->affinity,
		.message = message,
		.framing = forward->framing,
		.is_keep_alive = forward->is_keep_alive,
	};
	struct buf out = BUF_INIT;
	response_head_write(&out, &head);
	bool is_written = !out.is_failed;
	if (is_written) {
		stream_write(forward->client, out.data, out.length);
		forward->has_head = true;
		request->status = message->status;
	}
	buf_finish(&out);
	return is_written;
}

// 100 is answered by conn, and 101 means nothing here; others are worth passing on, but
// not to HTTP/1.0, which knows none (RFC 9110 section 15.2).
static bool send_interim(struct forward *forward, const struct http_message *message)
{
	if (message->status <= 101 || forward->request->is_http10)
		return true;
	struct buf out = BUF_INIT;
	response_head_write_interim(&out, message);
	if (!out.is_failed)
		stream_write(forward->client, out.data, out.length);
	bool is_written = !out.is_failed;
	buf_finish(&out);
	return is_written;
}

static bool take_head(struct forward *forward, const struct http_message *message)
{
	if (message->status == 101 || message->status >= 200)
		affinity_note_head(&forward->affinity, forward->exchange.server, message);
	if (message->status != 101)
		return message->status < 200 ? send_interim(forward, message)
					     : send_head(forward, message);
	if (forward->request->is_websocket)
		forward->handler->on_switch(forward->arg, message);
	else
		forward_refuse_switch(forward, "a 101 that nobody asked for");
	return true;
}

static void send_body(struct forward *forward, struct str piece)
{
	if (forward->framing != RESPONSE_HEAD_CHUNKED) {
		stream_write(forward->client, piece.data, piece.length);
		return;
	}
	char size[HTTP_WRITE_CHUNK_SIZE];
	struct iovec pieces[] = {
		{size, http_write_chunk_size(size, piece.length)},
		{(void *)piece.data, piece.length},
		{"\r\n", 2},
	};
	stream_writev(forward->client, pieces, 3);
}

static void fail(struct forward *forward, enum exchange_failure failure)
{
	forward->failure = failure;
	end(forward, forward->has_head ? FORWARD_CUT : FORWARD_REFUSED);
}

// Pulls what has arrived. True once the response is complete; what ends it otherwise, a
// switch included, closes the exchange.
static bool pull(struct forward *forward)
{
	struct http_message message;
	while (forward->exchange.is_open && !stream_is_broken(forward->client)) {
		switch (exchange_next(&forward->exchange, &message)) {
		case HTTP_READER_HEAD:
			if (!take_head(forward, &message)) {
				fail(forward, EXCHANGE_MEMORY);
				return false;
			}
			break;
		case HTTP_READER_BODY:
			affinity_note_body(&forward->affinity, forward->exchange.server,
				forward->exchange.reader.body);
			send_body(forward, forward->exchange.reader.body);
			if (stream_is_full(forward->client))
				exchange_pause(&forward->exchange);
			break;
		case HTTP_READER_END:
			if (forward->framing == RESPONSE_HEAD_CHUNKED)
				stream_write(forward->client, "0\r\n\r\n", 5);
			return true;
		case HTTP_READER_MORE:
		case HTTP_READER_BAD:
			return false;
		}
	}
	return false;
}

// The response's head and the first piece of its body leave in one system call.
static void on_readable(void *arg)
{
	struct forward *forward = arg;
	struct stream *client = forward->client;
	stream_cork(client);
	bool is_complete = pull(forward);
	stream_uncork(client);
	if (is_complete)
		end(forward, FORWARD_DONE);
	else if (forward->exchange.is_open && stream_is_broken(client))
		fail(forward, EXCHANGE_LOST);
}

static void on_fail(void *arg, enum exchange_failure failure)
{
	fail(arg, failure);
}

static const struct exchange_handler exchange_events = {
	.on_writable = on_writable,
	.on_readable = on_readable,
	.on_fail = on_fail,
};

void forward_client_drained(struct forward *forward)
{
	exchange_resume(&forward->exchange);
}

void forward_refuse_switch(struct forward *forward, const char *error)
{
	forward->exchange.error_text = error;
	exchange_refuse_switch(&forward->exchange);
	fail(forward, EXCHANGE_BAD);
}

void forward_finish(struct forward *forward)
{
	if (forward->exchange.is_open)
		exchange_finish(&forward->exchange);
}
