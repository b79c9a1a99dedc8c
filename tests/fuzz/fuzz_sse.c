// SPDX-License-Identifier: MIT
// Events of a stream: read as WHATWG HTML section 9.2.6 says, each payload is one event
// with that payload, but for its line ends; nothing in it makes another event or id.
// Input: a payload.
#include <string.h>

#include "fuzz.h"

#include "wherry/base/base64.h"
#include "wherry/base/utf8.h"
#include "wherry/proto/sse.h"

struct reading {
	struct buf data;
	size_t events;
	size_t ids;
	bool is_binary;
};

static void read_line(struct reading *reading, struct str line)
{
	if (line.length == 0) {
		reading->events++;
	} else if (str_has_prefix(line, STR("data: "))) {
		buf_append(&reading->data, line.data + 6, line.length - 6);
		buf_append_str(&reading->data, STR("\n"));
	} else if (str_equal(line, STR("event: binary"))) {
		reading->is_binary = true;
	} else {
		FUZZ_REQUIRE(str_equal(line, STR("id: 42")));
		reading->ids++;
	}
}

static void read_stream(struct reading *reading, struct str text)
{
	FUZZ_REQUIRE(!memchr(text.data, '\r', text.length));
	while (text.length > 0) {
		const char *end = memchr(text.data, '\n', text.length);
		FUZZ_REQUIRE(end);
		size_t length = (size_t)(end - text.data);
		read_line(reading, (struct str){text.data, length});
		text = (struct str){end + 1, text.length - length - 1};
	}
}

// With LF for every line end.
static void append_plain(struct buf *out, struct str payload)
{
	for (size_t i = 0; i < payload.length; i++) {
		bool is_pair = payload.data[i] == '\r' && i + 1 < payload.length &&
			       payload.data[i + 1] == '\n';
		if (is_pair)
			continue;
		buf_append(out, payload.data[i] == '\r' ? "\n" : payload.data + i, 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str payload = {(const char *)data, size};
	struct sse_event event = {42, NULL, payload};
	struct reading reading = {.data = BUF_INIT};
	struct buf out = BUF_INIT, expected = BUF_INIT;
	struct utf8 utf8 = UTF8_INIT;
	if (size > 1 << 12)
		return 0;
	sse_write_event(&out, &event);
	read_stream(&reading, buf_str(&out));
	FUZZ_REQUIRE(reading.events == 1 && reading.ids == 1);
	bool is_text = utf8_feed(&utf8, data, size) && utf8_is_complete(&utf8);
	FUZZ_REQUIRE(reading.is_binary == !is_text);
	if (is_text)
		append_plain(&expected, payload);
	else
		base64_encode(&expected, payload);
	FUZZ_REQUIRE(reading.data.length > 0);
	reading.data.length--; // the last LF is the format's
	FUZZ_REQUIRE(str_equal(buf_str(&reading.data), buf_str(&expected)));
	buf_finish(&out);
	buf_finish(&expected);
	buf_finish(&reading.data);
	return 0;
}
