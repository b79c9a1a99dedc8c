// SPDX-License-Identifier: MIT
// The connections of the status server: bounded in number, time and memory.
#include "wherry/admin/status.h"

#include <stdlib.h>
#include <sys/queue.h>
#include <unistd.h>

#include "status_reply_priv.h"
#include "wherry/base/now.h"
#include "wherry/net/listener.h"
#include "wherry/net/stream.h"
#include "wherry/proto/http_reader.h"

enum {
	CLIENTS_MAX = 64,
	REQUEST_MS = 10 * 1000, // for a whole request, also from the end of the last one
	STALL_MS = 10 * 1000,
	LINGER_MS = 2 * 1000, // for the peer to close after our FIN
};

struct client {
	LIST_ENTRY(client) entry;
	struct status *status;
	struct stream *stream;
	struct http_reader reader;
	struct loop_timer deadline;
	bool is_last;    // the request being read is the last one
	bool is_closing; // our FIN is sent; what still comes is thrown away
};

struct status {
	struct loop *loop;
	struct status_source source;
	struct addr address;
	struct listener *listener;
	LIST_HEAD(, client) clients;
	size_t client_count;
};

static void destroy_client(struct client *client)
{
	LIST_REMOVE(client, entry);
	client->status->client_count--;
	loop_timer_finish(&client->deadline);
	stream_destroy(client->stream);
	free(client);
}

static void on_deadline(void *arg)
{
	destroy_client(arg);
}

// A close with bytes unread would be a reset, which may overtake the answer (RFC 9112
// section 9.6).
static void close_gently(struct client *client)
{
	client->is_closing = true;
	stream_shutdown(client->stream);
	loop_timer_set(&client->deadline, now_ms() + LINGER_MS);
}

static void send_page(struct client *client, struct buf *page)
{
	if (page->is_failed)
		stream_abort(client->stream);
	else
		stream_write(client->stream, page->data, page->length);
	if (page->is_failed || client->is_last)
		close_gently(client);
	buf_finish(page);
}

static void answer(struct client *client, const struct http_message *request)
{
	struct status *status = client->status;
	struct buf page = BUF_INIT;

	// A body is of no use here: it is not worth reading to its end.
	client->is_last = !request->is_keep_alive || request->minor_version == 0 ||
			  request->body_kind != HTTP_BODY_NONE;
	status_reply_write(
		&page, request, &status->address, &status->source, !client->is_last);
	send_page(client, &page);
}

static void refuse(struct client *client)
{
	struct buf page = BUF_INIT;

	client->is_last = true;
	status_reply_refuse(&page, client->reader.scan.status);
	send_page(client, &page);
}

// Returns how many bytes were taken; with no item left, or none wanted, for now.
static size_t read_requests(struct client *client, const uint8_t *data, size_t length)
{
	size_t taken = 0;

	while (!client->is_closing && !stream_is_full(client->stream)) {
		struct http_message request;
		size_t used = 0;
		enum http_reader_item item = http_reader_next(
			&client->reader, data + taken, length - taken, &request, &used);

		if (item == HTTP_READER_HEAD)
			answer(client, &request);
		else if (item == HTTP_READER_BAD)
			refuse(client);
		else if (item == HTTP_READER_END)
			loop_timer_set(&client->deadline, now_ms() + REQUEST_MS);
		taken += used;
		if (item == HTTP_READER_MORE)
			break;
	}
	return client->is_closing ? length : taken;
}

static size_t on_data(void *arg, const uint8_t *data, size_t length)
{
	struct client *client = arg;
	size_t taken = read_requests(client, data, length);

	// One that asks on and on without reading is not listened to meanwhile.
	if (!client->is_closing && stream_is_full(client->stream))
		stream_pause(client->stream);
	return taken;
}

static void on_drain(void *arg)
{
	stream_resume(((struct client *)arg)->stream);
}

static void on_end(void *arg, enum stream_end end)
{
	struct client *client = arg;

	// The peer may close its side and still wait for the rest of its page.
	if (end == STREAM_END_EOF && stream_queued_length(client->stream) > 0)
		close_gently(client);
	else
		destroy_client(client);
}

static void on_accept(void *arg, int socket, const struct addr *peer)
{
	static const struct stream_handler handler = {
		.on_data = on_data, .on_drain = on_drain, .on_end = on_end};
	struct status *status = arg;
	struct client *client =
		status->client_count < CLIENTS_MAX ? calloc(1, sizeof(*client)) : NULL;
	if (!client) {
		close(socket);
		return;
	}
	client->stream = stream_create(status->loop, socket, STREAM_CONNECTED, STALL_MS);
	if (!client->stream) {
		free(client);
		return;
	}
	client->status = status;
	LIST_INSERT_HEAD(&status->clients, client, entry);
	status->client_count++;
	http_reader_init(&client->reader, HTTP_REQUEST, HTTP_SCAN_LIMITS_DEFAULT);
	loop_timer_init(&client->deadline, status->loop, on_deadline, client);
	loop_timer_set(&client->deadline, now_ms() + REQUEST_MS);
	stream_set_handler(client->stream, &handler, client);
	stream_resume(client->stream);
}

struct status *status_create(
	struct loop *loop, int socket, const struct status_source *source)
{
	struct status *status = calloc(1, sizeof(*status));
	if (!status) {
		close(socket);
		return NULL;
	}
	LIST_INIT(&status->clients);
	status->loop = loop;
	status->source = *source;
	status->address.length = sizeof(status->address) - offsetof(struct addr, any);
	(void)getsockname(socket, &status->address.any,
		&status->address.length); // fails only for what is no socket
	status->listener = listener_create(loop, socket, on_accept, status);
	if (status->listener)
		return status;
	close(socket);
	free(status);
	return NULL;
}

void status_destroy(struct status *status)
{
	if (!status)
		return;
	listener_leave(status->listener);
	while (!LIST_EMPTY(&status->clients))
		destroy_client(LIST_FIRST(&status->clients));
	free(status);
}
