// SPDX-License-Identifier: MIT
// What a check asks over HTTP, a WebSocket handshake included, and the answer's head and
// body.
#include <stdio.h>
#include <string.h>

#include "health_probe_priv.h"
#include "wherry/proto/http_write.h"

static void write_handshake(struct health_probe *probe, struct buf *out)
{
	const char *subprotocol = probe->options.check->subprotocol;
	char key[WS_HANDSHAKE_KEY_LENGTH + 1];

	ws_handshake_make_key(key);
	out->is_failed |= !ws_handshake_accept(str_from(key), probe->offer.accept);
	http_write_field(out, STR("Connection"), STR("Upgrade"));
	http_write_field(out, STR("Upgrade"), STR("websocket"));
	http_write_field(out, STR("Sec-WebSocket-Version"), STR("13"));
	http_write_field(out, STR("Sec-WebSocket-Key"), str_from(key));
	if (!subprotocol)
		return;
	probe->offer.subprotocols = str_from(subprotocol);
	http_write_field(out, STR("Sec-WebSocket-Protocol"), str_from(subprotocol));
}

static void write_request(struct health_probe *probe, struct buf *out)
{
	const struct conf_health_check *check = probe->options.check;
	bool is_websocket = check->type == CONF_CHECK_WEBSOCKET;
	const char *method = is_websocket ? "GET" : check->method;

	http_write_request_line(out, str_from(method), str_from(check->target));
	buf_append_str(out, STR("Host: "));
	if (check->host)
		buf_append_str(out, str_from(check->host));
	else
		url_write_authority(out, probe->options.url);
	buf_append_str(out, STR("\r\n"));
	http_write_field(out, STR("User-Agent"), STR("wherry"));
	if (is_websocket)
		write_handshake(probe, out);
	else
		http_write_field(out, STR("Connection"), STR("close"));
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		http_write_field_u64(out, STR("Content-Length"), 0);
	http_write_end(out);
}

void health_probe_http_ask(struct health_probe *probe)
{
	struct buf request = BUF_INIT;

	write_request(probe, &request);
	if (!request.is_failed)
		stream_write(probe->stream, request.data, request.length);
	buf_finish(&request); // without memory nothing is sent, and the timeout comes
}

static void fail_status(struct health_probe *probe, unsigned status)
{
	char expected[128], found[16];
	struct buf list = BUF_INIT;

	conf_statuses_write(&probe->options.check->statuses, &list);
	bool is_websocket = probe->options.check->type == CONF_CHECK_WEBSOCKET;
	(void)snprintf(expected, sizeof(expected), "status %.*s",
		STR_ARG(is_websocket ? STR("101") : buf_str(&list)));
	(void)snprintf(found, sizeof(found), "%u", status);
	health_probe_fail(probe, expected, found);
	buf_finish(&list);
}

static void judge_switch(struct health_probe *probe, const struct http_message *head)
{
	const char *subprotocol = probe->options.check->subprotocol;
	const char *error = NULL;
	bool uses_deflate;

	if (head->status != 101)
		fail_status(probe, head->status);
	else if (!ws_handshake_check_response(head, &probe->offer, &uses_deflate, &error))
		health_probe_fail(probe, "a WebSocket handshake", error);
	else if (subprotocol &&
		 !http_message_find(head, HTTP_FIELD_SEC_WEBSOCKET_PROTOCOL))
		health_probe_fail(probe, subprotocol, "no subprotocol");
	else
		health_probe_frames_start(probe);
}

static void judge_head(struct health_probe *probe, const struct http_message *head)
{
	const struct conf_health_check *check = probe->options.check;

	if (head->status < 200 && head->status != 101)
		return; // interim (RFC 9110 section 15.2)
	if (check->type == CONF_CHECK_WEBSOCKET)
		judge_switch(probe, head);
	else if (!conf_statuses_has(&check->statuses, head->status))
		fail_status(probe, head->status);
	else if (!check->body)
		health_probe_pass(probe);
	else
		probe->state = HEALTH_PROBE_BODY;
	if (strcmp(check->method, "HEAD") == 0)
		http_reader_no_body(&probe->reader);
}

static void judge_body(struct health_probe *probe)
{
	struct str piece = probe->reader.body;
	const char *body = probe->options.check->body;

	if (health_probe_find(probe, (const uint8_t *)piece.data, piece.length, body))
		health_probe_pass(probe);
	else if (probe->content.length == HEALTH_PROBE_CONTENT_MAX)
		health_probe_fail(probe, body, "none in 64 KiB of the answer");
}

size_t health_probe_http_read(
	struct health_probe *probe, const uint8_t *data, size_t length)
{
	size_t taken = 0;

	while (probe->stream && probe->state <= HEALTH_PROBE_BODY) {
		struct http_message head;
		size_t used = 0;
		enum http_reader_item item = http_reader_next(
			&probe->reader, data + taken, length - taken, &head, &used);

		taken += used;
		switch (item) {
		case HTTP_READER_MORE:
			return taken;
		case HTTP_READER_HEAD:
			judge_head(probe, &head);
			break;
		case HTTP_READER_BODY:
			judge_body(probe);
			break;
		case HTTP_READER_END:
			if (probe->state == HEALTH_PROBE_BODY) // not of an interim head
				health_probe_fail(probe, probe->options.check->body,
					"none in the answer");
			break;
		case HTTP_READER_BAD:
			health_probe_fail(probe, NULL, probe->reader.scan.error);
			break;
		}
	}
	return taken;
}
