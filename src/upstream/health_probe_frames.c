// SPDX-License-Identifier: MIT
// A check's WebSocket after its handshake: a message each way, if that is asked for, a
// ping and its pong, and the close handshake (RFC 6455 section 5, 7.1.2).
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "health_probe_priv.h"
#include "wherry/base/now.h"
#include "wherry/proto/ws_check.h"

enum {
	NORMAL_CLOSURE = 1000
};

// Without randomness yet, the clock will do: no cache reads what is sent here.
static void fill_random(uint8_t *bytes, size_t length)
{
	uint64_t now = now_ms();

	if (getrandom(bytes, length, GRND_NONBLOCK) != (ssize_t)length)
		memcpy(bytes, &now, length < sizeof(now) ? length : sizeof(now));
}

static void send_control(struct health_probe *probe, enum ws_opcode opcode,
	const void *payload, size_t length)
{
	uint8_t mask[4], frame[WS_FRAME_MAX_CONTROL];

	fill_random(mask, sizeof(mask));
	stream_write(probe->stream, frame,
		ws_frame_write_control(opcode, mask, payload, length, frame));
}

static void send_text(struct health_probe *probe, struct str text)
{
	uint8_t header[WS_FRAME_MAX_HEADER];
	struct buf payload = BUF_INIT;
	struct ws_frame frame = {.is_final = true,
		.opcode = WS_TEXT,
		.is_masked = true,
		.payload_length = text.length};

	fill_random(frame.mask, sizeof(frame.mask));
	stream_write(probe->stream, header, ws_frame_write(&frame, header));
	buf_append_str(&payload, text);
	if (!payload.is_failed) {
		ws_frame_mask((uint8_t *)payload.data, payload.length, frame.mask, 0);
		stream_write(probe->stream, payload.data, payload.length);
	}
	buf_finish(&payload);
}

static void send_ping(struct health_probe *probe)
{
	probe->state = HEALTH_PROBE_PONG;
	fill_random(probe->ping, sizeof(probe->ping));
	send_control(probe, WS_PING, probe->ping, sizeof(probe->ping));
}

static void send_close(struct health_probe *probe)
{
	uint8_t mask[4], frame[WS_FRAME_MAX_CONTROL];

	probe->state = HEALTH_PROBE_CLOSE;
	fill_random(mask, sizeof(mask));
	stream_write(probe->stream, frame,
		ws_frame_write_close(NORMAL_CLOSURE, "health check", mask, frame));
}

void health_probe_frames_start(struct health_probe *probe)
{
	const struct conf_health_check *check = probe->options.check;

	probe->state = HEALTH_PROBE_MESSAGE;
	if (check->send)
		send_text(probe, str_from(check->send));
	if (!check->expect)
		send_ping(probe);
}

static bool is_control(const struct ws_frame *frame)
{
	return (frame->opcode & 0x8) != 0;
}

// A server's frame, without extensions.
static bool is_legal(const struct ws_frame *frame)
{
	bool is_known = frame->opcode <= WS_BINARY ||
			(frame->opcode >= WS_CLOSE && frame->opcode <= WS_PONG);
	bool is_short = frame->payload_length <= WS_FRAME_MAX_CONTROL_PAYLOAD;

	return is_known && !frame->is_masked && frame->rsv == 0 && frame->is_minimal &&
	       (!is_control(frame) || (frame->is_final && is_short));
}

static void take_close(
	struct health_probe *probe, const struct ws_frame *frame, const uint8_t *payload)
{
	char found[32];
	uint16_t code;

	if (!ws_check_close_payload(frame, payload, &code)) {
		health_probe_fail(probe, NULL, "a Close that breaks RFC 6455");
	} else if (probe->state == HEALTH_PROBE_CLOSE) {
		health_probe_pass(probe);
	} else {
		(void)snprintf(found, sizeof(found), "a Close with code %u", code);
		health_probe_fail(probe, NULL, found);
	}
}

static void take_control(
	struct health_probe *probe, const struct ws_frame *frame, const uint8_t *payload)
{
	size_t length = (size_t)frame->payload_length;

	if (frame->opcode == WS_CLOSE)
		take_close(probe, frame, payload);
	else if (frame->opcode == WS_PING)
		send_control(probe, WS_PONG, payload, length);
	else if (probe->state == HEALTH_PROBE_PONG && length == sizeof(probe->ping) &&
		 memcmp(payload, probe->ping, length) == 0)
		send_close(probe);
}

// What is expected may stand in any of its messages.
static void take_data(struct health_probe *probe, const uint8_t *data, size_t length)
{
	const char *expect = probe->options.check->expect;

	probe->payload_left -= length;
	if (probe->state == HEALTH_PROBE_MESSAGE &&
		health_probe_find(probe, data, length, expect))
		send_ping(probe);
	if (probe->payload_left == 0 && probe->is_final)
		buf_clear(&probe->content);
}

// One frame's header, with what follows if that is control. 0: more is needed.
static size_t take_frame(struct health_probe *probe, const uint8_t *data, size_t length)
{
	struct ws_frame frame;

	if (!ws_frame_read(data, length, &frame))
		return 0;
	if (!is_legal(&frame)) {
		health_probe_fail(probe, NULL, "a frame that breaks RFC 6455");
		return 0;
	}
	if (!is_control(&frame)) {
		probe->payload_left = frame.payload_length;
		probe->is_final = frame.is_final;
		if (frame.is_final && frame.payload_length == 0)
			buf_clear(&probe->content);
		return frame.header_length;
	}
	size_t whole = frame.header_length + (size_t)frame.payload_length;
	if (length < whole)
		return 0;
	take_control(probe, &frame, data + frame.header_length);
	return whole;
}

size_t health_probe_frames_read(
	struct health_probe *probe, const uint8_t *data, size_t length)
{
	size_t taken = 0, used;

	do {
		if (probe->payload_left > 0) {
			used = length - taken;
			if (used > probe->payload_left)
				used = (size_t)probe->payload_left;
			take_data(probe, data + taken, used);
		} else {
			used = take_frame(probe, data + taken, length - taken);
		}
		taken += used;
	} while (probe->stream && used > 0);
	return taken;
}
