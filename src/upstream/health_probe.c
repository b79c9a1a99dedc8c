// SPDX-License-Identifier: MIT
// The connection of a check: opened, awaited, judged, closed.
#include "health_probe_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wherry/base/now.h"
#include "wherry/conf/conf_value.h"
#include "wherry/net/dial.h"
#include "wherry/net/tls_client.h"
#include "wherry/proto/proxy_header.h"

static const char *const awaited[] = {
	[HEALTH_PROBE_CONNECT] = "a connection",
	[HEALTH_PROBE_HEAD] = "an answer",
	[HEALTH_PROBE_BODY] = "the end of the answer",
	[HEALTH_PROBE_PONG] = "a pong",
	[HEALTH_PROBE_CLOSE] = "a Close",
};

static void free_probe(struct health_probe *probe)
{
	loop_timer_finish(&probe->timer);
	SSL_SESSION_free(probe->session);
	buf_finish(&probe->content);
	free(probe);
}

static void tell(void *arg)
{
	struct health_probe *probe = arg;

	if (probe->done)
		probe->done(probe->arg, probe->result, probe->reason);
	else
		free_probe(probe);
}

static void conclude(struct health_probe *probe, enum health_probe_result result)
{
	stream_destroy(probe->stream);
	probe->stream = NULL;
	loop_timer_clear(&probe->timer);
	probe->result = result;
	loop_defer(probe->loop, &probe->deferred, tell, probe);
}

void health_probe_pass(struct health_probe *probe)
{
	conclude(probe, HEALTH_PROBE_PASSED);
}

static const char *name_awaited(const struct health_probe *probe)
{
	return probe->state == HEALTH_PROBE_MESSAGE ? probe->options.check->expect
						    : awaited[probe->state];
}

void health_probe_fail(
	struct health_probe *probe, const char *expected, const char *found)
{
	(void)snprintf(probe->reason, sizeof(probe->reason), "expected %s, found %s",
		expected ? expected : name_awaited(probe), found);
	conclude(probe, HEALTH_PROBE_FAILED);
}

static void skip(struct health_probe *probe, int error)
{
	(void)snprintf(
		probe->reason, sizeof(probe->reason), "%s", strerrordesc_np(error));
	conclude(probe, HEALTH_PROBE_SKIPPED);
}

bool health_probe_find(
	struct health_probe *probe, const uint8_t *data, size_t length, const char *text)
{
	struct buf *content = &probe->content;
	size_t room = HEALTH_PROBE_CONTENT_MAX - content->length;
	size_t overlap = strlen(text) - 1; // it may stand across two pieces
	size_t from = content->length > overlap ? content->length - overlap : 0;

	buf_append(content, data, length < room ? length : room);
	return content->length > from &&
	       memmem(content->data + from, content->length - from, text, overlap + 1);
}

static void on_connect(void *arg)
{
	struct health_probe *probe = arg;

	if (probe->options.check->type == CONF_CHECK_TCP)
		health_probe_pass(probe);
	else
		probe->state = HEALTH_PROBE_HEAD;
}

static size_t on_data(void *arg, const uint8_t *data, size_t length)
{
	struct health_probe *probe = arg;
	size_t taken = 0;

	if (probe->state <= HEALTH_PROBE_BODY)
		taken = health_probe_http_read(probe, data, length);
	if (probe->stream && probe->state >= HEALTH_PROBE_MESSAGE)
		taken += health_probe_frames_read(probe, data + taken, length - taken);
	return probe->stream ? taken : length;
}

static void on_end(void *arg, enum stream_end end)
{
	struct health_probe *probe = arg;
	const char *text = stream_error_text(probe->stream);

	if (end == STREAM_END_MEMORY)
		skip(probe, ENOMEM);
	else if (text)
		health_probe_fail(probe, NULL, text);
	else if (end == STREAM_END_ERROR)
		health_probe_fail(
			probe, NULL, strerrordesc_np(stream_error(probe->stream)));
	else if (probe->state == HEALTH_PROBE_BODY &&
		 http_reader_is_complete_at_eof(&probe->reader))
		health_probe_fail(
			probe, probe->options.check->body, "none in the answer");
	else
		health_probe_fail(probe, NULL, "the end of the connection");
}

static const struct stream_handler events = {
	.on_connect = on_connect,
	.on_data = on_data,
	.on_end = on_end,
};

static uint64_t patience_ms(const struct conf_health_check *check)
{
	return check->timeout_ms < check->interval_ms ? check->timeout_ms
						      : check->interval_ms;
}

static void on_timeout(void *arg)
{
	struct health_probe *probe = arg;
	char found[64], text[CONF_VALUE_TEXT_SIZE];

	(void)snprintf(found, sizeof(found), "none within %s",
		conf_value_format_duration(patience_ms(probe->options.check), text));
	health_probe_fail(probe, NULL, found);
}

static void write_prologue(struct health_probe *probe)
{
	uint8_t header[PROXY_HEADER_WRITE_MAX];
	enum conf_proxy_header kind = probe->options.proxy_header;

	if (kind != CONF_PROXY_HEADER_OFF)
		stream_write(probe->stream, header,
			proxy_header_write_local(kind == CONF_PROXY_HEADER_V2, header));
}

// A context of its own: next to the handshake that is little, and the connection keeps
// it.
static bool start_tls(struct health_probe *probe)
{
	if (!probe->options.tls)
		return true;
	struct tls_client *client = tls_client_create(probe->options.tls);
	SSL *ssl = client ? tls_client_connect(
				    client, probe->options.url->host, &probe->session)
			  : NULL;
	tls_client_destroy(client);
	return ssl && stream_start_tls(probe->stream, ssl);
}

// What is asked waits in the stream until the connection stands.
static void open_connection(struct health_probe *probe)
{
	int socket = dial_open(probe->options.address);
	if (socket == -EMFILE || socket == -ENFILE || socket == -ENOMEM ||
		socket == -ENOBUFS || socket == -EADDRNOTAVAIL) {
		skip(probe, -socket);
		return;
	}
	if (socket < 0) {
		health_probe_fail(probe, NULL, strerrordesc_np(-socket));
		return;
	}
	uint64_t patience = patience_ms(probe->options.check);
	probe->stream = stream_create(probe->loop, socket, STREAM_CONNECTING, patience);
	if (!probe->stream) {
		skip(probe, ENOMEM);
		return;
	}
	loop_timer_set(&probe->timer, now_ms() + patience);
	stream_set_handler(probe->stream, &events, probe);
	stream_resume(probe->stream);
	write_prologue(probe);
	if (!start_tls(probe))
		skip(probe, ENOMEM);
	else if (probe->options.check->type != CONF_CHECK_TCP)
		health_probe_http_ask(probe);
}

struct health_probe *health_probe_start(struct loop *loop,
	const struct health_probe_options *options, health_probe_done_cb done, void *arg)
{
	struct health_probe *probe = calloc(1, sizeof(*probe));
	if (!probe)
		return NULL;
	probe->loop = loop;
	probe->options = *options;
	probe->done = done;
	probe->arg = arg;
	http_reader_init(&probe->reader, HTTP_RESPONSE, HTTP_SCAN_LIMITS_DEFAULT);
	loop_timer_init(&probe->timer, loop, on_timeout, probe);
	open_connection(probe);
	return probe;
}

void health_probe_destroy(struct health_probe *probe)
{
	if (!probe)
		return;
	stream_destroy(probe->stream);
	probe->stream = NULL;
	probe->done = NULL;
	if (!probe->deferred.is_queued)
		free_probe(probe);
}
