// SPDX-License-Identifier: MIT
// One table joins letters and opcodes for both ways.
#include "ws_script.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

enum {
	PATTERN_PERIOD = 251, // a prime, so that no shift by a power of two fits
};

static const uint8_t MASK[4] = {0x37, 0xfa, 0x21, 0x3d};

static const struct {
	char letter;
	enum ws_opcode opcode;
} LETTERS[] = {{'c', WS_CONTINUATION}, {'t', WS_TEXT}, {'b', WS_BINARY}, {'C', WS_CLOSE},
	{'P', WS_PING}, {'Q', WS_PONG}};

static enum ws_opcode find_opcode(char letter)
{
	for (size_t i = 0; i < sizeof(LETTERS) / sizeof(*LETTERS); i++) {
		if (LETTERS[i].letter == letter)
			return LETTERS[i].opcode;
	}
	cr_assert_fail("no such item: %c", letter);
	return WS_TEXT;
}

static char find_letter(uint8_t opcode)
{
	for (size_t i = 0; i < sizeof(LETTERS) / sizeof(*LETTERS); i++) {
		if (LETTERS[i].opcode == opcode)
			return LETTERS[i].letter;
	}
	return '?';
}

static void append_pattern(struct buf *payload, size_t length)
{
	for (size_t i = 0; i < length; i++)
		buf_append(payload, &(uint8_t){(uint8_t)(i % PATTERN_PERIOD)}, 1);
}

static bool is_pattern(const uint8_t *payload, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (payload[i] != i % PATTERN_PERIOD)
			return false;
	}
	return true;
}

// What stands between the parentheses, as bytes.
static void append_payload(const struct ws_script *script, enum ws_opcode opcode,
	struct str text, struct buf *payload)
{
	if (opcode == WS_CLOSE && text.length >= 4) {
		unsigned long code = strtoul(text.data, NULL, 10);
		uint8_t bytes[2] = {(uint8_t)(code >> 8), (uint8_t)code};
		size_t reason_at = text.length > 5 ? 5 : text.length;

		buf_append(payload, bytes, sizeof(bytes));
		buf_append(payload, text.data + reason_at, text.length - reason_at);
	} else if (str_equal(text, STR("@"))) {
		buf_append(payload, script->ping, sizeof(script->ping));
	} else if (text.length > 0 && text.data[0] == '#') {
		append_pattern(payload, strtoul(text.data + 1, NULL, 10));
	} else {
		buf_append_str(payload, text);
	}
}

static void write_frame(const struct ws_script *script, enum ws_opcode opcode,
	bool is_final, struct str text, struct buf *out)
{
	struct buf payload = BUF_INIT;
	uint8_t header[WS_FRAME_MAX_HEADER];
	struct ws_frame frame = {
		.is_final = is_final,
		.opcode = opcode,
		.is_masked = script->is_client,
	};

	append_payload(script, opcode, text, &payload);
	cr_assert_not(payload.is_failed);
	memcpy(frame.mask, MASK, sizeof(MASK));
	frame.payload_length = payload.length;
	if (script->is_client && payload.length > 0)
		ws_frame_mask((uint8_t *)payload.data, payload.length, MASK, 0);
	buf_append(out, header, ws_frame_write(&frame, header));
	buf_append(out, payload.data, payload.length);
	buf_finish(&payload);
}

static const char *write_raw(const char *at, struct buf *out)
{
	while (*++at != ']') {
		char *end;
		unsigned long byte = strtoul(at, &end, 16);

		cr_assert(end > at && byte <= 0xff, "no bytes: %s", at);
		buf_append(out, &(uint8_t){(uint8_t)byte}, 1);
		at = end - 1;
	}
	return at + 1;
}

void ws_script_write(const struct ws_script *script, const char *items, struct buf *out)
{
	while (*items) {
		if (*items == ' ') {
			items++;
			continue;
		}
		if (*items == '[') {
			items = write_raw(items, out);
			continue;
		}
		enum ws_opcode opcode = find_opcode(*items++);
		bool is_final = *items != '+';

		items += !is_final;
		const char *end = strchr(items, ')');
		cr_assert(*items == '(' && end, "no payload: %s", items);
		struct str text = {items + 1, (size_t)(end - items - 1)};
		write_frame(script, opcode, is_final, text, out);
		items = end + 1;
	}
}

static void read_payload(struct ws_script *script, enum ws_opcode opcode,
	const uint8_t *payload, size_t length, struct buf *out)
{
	if (opcode == WS_CLOSE && length >= 2) {
		buf_append_u64(out, (uint64_t)payload[0] << 8 | payload[1]);
		if (length > 2)
			buf_append_str(out, STR(" "));
		buf_append(out, payload + 2, length - 2);
	} else if (opcode == WS_PING && length == sizeof(script->ping)) {
		memcpy(script->ping, payload, length);
		buf_append_str(out, STR("@"));
	} else if (length >= 2 && is_pattern(payload, length)) {
		buf_append_str(out, STR("#"));
		buf_append_u64(out, length);
	} else {
		buf_append(out, payload, length);
	}
}

// Returns the frame's length; 0 if it is not whole.
static size_t read_frame(struct ws_script *script, struct str bytes, struct buf *out)
{
	struct ws_frame frame;
	bool is_header = ws_frame_read((const uint8_t *)bytes.data, bytes.length, &frame);

	if (!is_header || frame.payload_length > bytes.length - frame.header_length)
		return 0;
	size_t length = (size_t)frame.payload_length;
	uint8_t *payload = malloc(length + 1);
	cr_assert_not_null(payload);
	memcpy(payload, bytes.data + frame.header_length, length);
	cr_expect_eq(frame.is_masked, !script->is_client, "masked the wrong way");
	if (frame.is_masked)
		ws_frame_mask(payload, length, frame.mask, 0);
	buf_printf(out, "%c%s(", find_letter(frame.opcode), frame.is_final ? "" : "+");
	read_payload(script, frame.opcode, payload, length, out);
	buf_append_str(out, STR(")"));
	free(payload);
	return frame.header_length + length;
}

void ws_script_read(struct ws_script *script, struct str bytes, struct buf *out)
{
	while (bytes.length > 0) {
		if (out->length > 0)
			buf_append_str(out, STR(" "));
		size_t length = read_frame(script, bytes, out);

		if (length == 0) {
			buf_append_str(out, STR("..."));
			return;
		}
		bytes = (struct str){bytes.data + length, bytes.length - length};
	}
}
