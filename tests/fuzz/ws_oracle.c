// SPDX-License-Identifier: MIT
#include "ws_oracle.h"

#include <string.h>

enum text {
	TEXT_WHOLE,
	TEXT_PART, // ends inside a character
	TEXT_BAD
};

// The message being read, and the frame at `at`.
struct oracle {
	const struct ws_oracle_input *input;
	struct ws_oracle_verdict verdict;
	bool is_open;
	bool is_text;
	uint64_t frames;
	uint64_t length;
	uint8_t text[WS_ORACLE_MAX_BYTES];
	size_t text_length;
};

static bool is_character(const uint8_t *bytes, size_t length)
{
	static const uint32_t LOWEST[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t point = length == 1 ? bytes[0] : bytes[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if (bytes[i] >> 6 != 2)
			return false;
		point = point * 64 + bytes[i] % 64;
	}
	return point >= LOWEST[length] && point <= 0x10ffff &&
	       (point < 0xd800 || point > 0xdfff);
}

// Can bytes be completed to a character of that length?
static bool begins_character(const uint8_t *bytes, size_t there, size_t length)
{
	uint8_t low[4] = {0x80, 0x80, 0x80, 0x80};
	uint8_t high[4] = {0xbf, 0xbf, 0xbf, 0xbf};
	memcpy(low, bytes, there);
	memcpy(high, bytes, there);
	return is_character(low, length) || is_character(high, length);
}

static size_t character_length(uint8_t lead)
{
	if (lead < 0x80)
		return 1;
	if (lead < 0xc0 || lead > 0xf7)
		return 0;
	return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

static enum text judge_text(const uint8_t *bytes, size_t length)
{
	while (length > 0) {
		size_t needed = character_length(*bytes);
		if (needed == 0)
			return TEXT_BAD;
		if (needed > length)
			return begins_character(bytes, length, needed) ? TEXT_PART
								       : TEXT_BAD;
		if (!is_character(bytes, needed))
			return TEXT_BAD;
		bytes += needed;
		length -= needed;
	}
	return TEXT_WHOLE;
}

static enum close_reason judge_first_byte(const struct oracle *oracle, uint8_t byte)
{
	unsigned rsv = byte / 16 % 8;
	unsigned opcode = byte % 16;
	bool is_start = opcode == 1 || opcode == 2;
	bool is_control = opcode >= 8 && opcode <= 10;
	if (opcode != 0 && !is_start && !is_control)
		return CLOSE_REASON_PROTOCOL;
	if (rsv != 0 && (rsv != 4 || !is_start || !oracle->input->allows_rsv1))
		return CLOSE_REASON_PROTOCOL;
	if (is_control)
		return byte < 128 ? CLOSE_REASON_PROTOCOL : WS_ORACLE_LEGAL;
	if (is_start == oracle->is_open)
		return CLOSE_REASON_PROTOCOL;
	if (oracle->frames + 1 > oracle->input->limits->max_fragments)
		return CLOSE_REASON_POLICY;
	return WS_ORACLE_LEGAL;
}

static enum close_reason judge_second_byte(
	const struct oracle *oracle, bool is_control, uint8_t byte)
{
	bool is_masked = byte >= 128;
	if (is_masked != oracle->input->must_be_masked)
		return CLOSE_REASON_PROTOCOL;
	return is_control && byte % 128 > 125 ? CLOSE_REASON_PROTOCOL : WS_ORACLE_LEGAL;
}

// length_bytes is 0, 2 or 8.
static enum close_reason judge_length(const struct oracle *oracle, bool is_control,
	size_t length_bytes, uint64_t length)
{
	const struct ws_check_limits *limits = oracle->input->limits;
	if ((length_bytes == 2 && length < 126) ||
		(length_bytes == 8 && length < 65536) || length >> 63)
		return CLOSE_REASON_PROTOCOL;
	if (is_control)
		return WS_ORACLE_LEGAL;
	unsigned __int128 total = (unsigned __int128)oracle->length + length;
	return length > limits->max_frame || total > limits->max_message
		       ? CLOSE_REASON_TOO_BIG
		       : WS_ORACLE_LEGAL;
}

// Takes what is there of a data frame's payload; key is NULL if it is not masked.
static bool take_payload(struct oracle *oracle, uint8_t first_byte, const uint8_t *key,
	const uint8_t *payload, size_t there, bool is_whole)
{
	bool ends_message = is_whole && first_byte >= 128;
	if (!oracle->is_open)
		oracle->is_text =
			oracle->input->limits->check_utf8 && first_byte % 128 == 1;
	if (!oracle->is_open)
		oracle->text_length = 0;
	for (size_t i = 0; i < there; i++)
		oracle->text[oracle->text_length++] = payload[i] ^ (key ? key[i % 4] : 0);
	enum text text = oracle->is_text ? judge_text(oracle->text, oracle->text_length)
					 : TEXT_WHOLE;
	if (text == TEXT_BAD || (text == TEXT_PART && ends_message)) {
		oracle->verdict.error = CLOSE_REASON_BAD_UTF8;
		return false;
	}
	oracle->is_open = !ends_message;
	oracle->verdict.messages += ends_message;
	return true;
}

// Is the header at data whole, and if so, what is it? Sets the verdict's error.
static bool read_header(struct oracle *oracle, const uint8_t *data, size_t size,
	uint64_t *ret_length, size_t *ret_header)
{
	enum close_reason *error = &oracle->verdict.error;
	*error = judge_first_byte(oracle, data[0]);
	if (*error != WS_ORACLE_LEGAL || size < 2)
		return false;
	bool is_control = data[0] % 16 >= 8;
	*error = judge_second_byte(oracle, is_control, data[1]);
	if (*error != WS_ORACLE_LEGAL)
		return false;
	size_t length_bytes = data[1] % 128 == 126 ? 2 : data[1] % 128 == 127 ? 8 : 0;
	if (size < 2 + length_bytes)
		return false;
	*ret_length = length_bytes > 0 ? 0 : data[1] % 128;
	for (size_t i = 0; i < length_bytes; i++)
		*ret_length = *ret_length * 256 + data[2 + i];
	*error = judge_length(oracle, is_control, length_bytes, *ret_length);
	if (*error != WS_ORACLE_LEGAL)
		return false;
	*ret_header = 2 + length_bytes + (oracle->input->must_be_masked ? 4 : 0);
	return size >= *ret_header;
}

// One frame, as far as it is there; false when nothing more can be taken.
static bool take_frame(struct oracle *oracle)
{
	const uint8_t *data = oracle->input->data + oracle->verdict.taken;
	size_t size = oracle->input->size - oracle->verdict.taken;
	uint64_t length;
	size_t header;
	if (size == 0 || !read_header(oracle, data, size, &length, &header))
		return false;
	bool is_whole = length <= size - header;
	size_t there = is_whole ? (size_t)length : size - header;
	if (data[0] % 16 >= 8) {
		if (!is_whole)
			return false;
		oracle->verdict.controls++;
	} else {
		const uint8_t *key =
			oracle->input->must_be_masked ? data + header - 4 : NULL;
		if (!take_payload(oracle, data[0], key, data + header, there, is_whole))
			return false;
		oracle->frames = oracle->is_open ? oracle->frames + 1 : 0;
		oracle->length = oracle->is_open ? oracle->length + length : 0;
	}
	oracle->verdict.taken += header + there;
	return true;
}

struct ws_oracle_verdict ws_oracle_judge(const struct ws_oracle_input *input)
{
	static struct oracle oracle;
	memset(&oracle, 0, sizeof(oracle));
	oracle.input = input;
	oracle.verdict.error = WS_ORACLE_LEGAL;
	while (take_frame(&oracle)) {
	}
	return oracle.verdict;
}
