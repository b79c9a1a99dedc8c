// SPDX-License-Identifier: MIT
// Long ClientHellos, fed whole, byte by byte and split everywhere.
#include "../../../src/net/stream_tls_hello_priv.h"

#include <criterion/criterion.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

// Records: type, payload's start, and how many bytes of zeros follow it.
struct record {
	uint8_t type;
	const char *start;
	size_t start_length, rest;
};

#define HELLO(length) "\x01" length, 4
#define SHORT HELLO("\x00\x01\x00") // 256 bytes
#define LONGEST HELLO("\x00\x40\x00")
#define TOO_LONG HELLO("\x00\x40\x01")
#define HUGE HELLO("\x02\x01\x44")

static const struct {
	const char *name;
	struct record records[4];
	bool is_tls13, is_good;
} rows[] = {
	{"a usual one", {{22, SHORT, 256}}, true, true},
	{"the longest, in two records", {{22, LONGEST, 16000}, {22, "", 0, 384}}, true,
		true},
	{"one byte more", {{22, TOO_LONG, 16}}, true, false},
	{"what OpenSSL would take", {{22, HUGE, 0}}, true, false},
	{"a second one, after HelloRetryRequest",
		{{22, SHORT, 256}, {20, "\x01", 1, 0}, {22, HUGE, 0}}, true, false},
	{"a second one that is short",
		{{22, SHORT, 256}, {20, "\x01", 1, 0}, {22, SHORT, 256}}, true, true},
	{"behind the first in one record",
		{{22, HELLO("\x00\x00\x01"), 1}, {22, HUGE, 0}}, true, false},
	{"TLS 1.2: a key exchange, then what is encrypted",
		{{22, SHORT, 256}, {22, "\x10\x00\x00\x04", 4, 4}, {20, "\x01", 1, 0},
			{22, HUGE, 36}},
		false, true},
	{"a long message that is no hello",
		{{22, SHORT, 256}, {22, "\x0b\x01\x00\x00", 4, 64}}, false, true},
	{"its header cut in two", {{22, "\x01\x02", 2, 0}, {22, "\x01\x44", 2, 0}}, true,
		false},
	{"no handshake at all", {{23, HUGE, 64}, {21, "\x01\x00", 2, 0}}, true, true},
	{"an empty record alone", {{22, "", 0, 0}}, true, true}, // OpenSSL refuses it
	{"an empty record in front", {{22, "", 0, 0}, {22, HUGE, 0}}, true, false},
};

static size_t write_all(const struct record *records, uint8_t *out)
{
	size_t length = 0;
	for (size_t i = 0; i < 4 && records[i].type != 0; i++) {
		const struct record *one = &records[i];
		size_t payload = one->start_length + one->rest;
		out[length] = one->type;
		out[length + 1] = out[length + 2] = 3;
		out[length + 3] = (uint8_t)(payload >> 8);
		out[length + 4] = (uint8_t)payload;
		memcpy(out + length + 5, one->start, one->start_length);
		memset(out + length + 5 + one->start_length, 0, one->rest);
		length += 5 + payload;
	}
	return length;
}

static bool feed(size_t row, const uint8_t *data, size_t length, size_t at_once)
{
	struct stream_tls_hello hello = {0};
	for (size_t at = 0; at < length; at += at_once) {
		size_t most = length - at < at_once ? length - at : at_once;
		if (!stream_tls_hello_feed(&hello, rows[row].is_tls13, data + at, most))
			return false;
	}
	return true;
}

Test(stream_tls_hello, tells_its_length_before_it_is_there)
{
	static uint8_t data[64 * 1024];
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t length = write_all(rows[i].records, data);
		size_t split_to = length < 600 ? length : 600;
		cr_expect_eq(feed(i, data, length, length), rows[i].is_good, "%s, whole",
			rows[i].name);
		cr_expect_eq(feed(i, data, length, 1), rows[i].is_good, "%s, bytes",
			rows[i].name);
		for (size_t split = 1; split < split_to; split++) {
			struct stream_tls_hello hello = {0};
			bool is_good = stream_tls_hello_feed(
					       &hello, rows[i].is_tls13, data, split) &&
				       stream_tls_hello_feed(&hello, rows[i].is_tls13,
					       data + split, length - split);
			cr_expect_eq(is_good, rows[i].is_good, "%s, split at %zu",
				rows[i].name, split);
		}
	}
}
