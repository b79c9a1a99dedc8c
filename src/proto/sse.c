// SPDX-License-Identifier: MIT
// Events of a stream; see the header.
#include "wherry/proto/sse.h"

#include "wherry/base/base64.h"
#include "wherry/base/utf8.h"

static size_t find_line_end(struct str data)
{
	size_t at = 0;
	while (at < data.length && data.data[at] != '\r' && data.data[at] != '\n')
		at++;
	return at;
}

// The space behind the colon is the format's own; without it one of the line's would be
// lost.
static void write_lines(struct buf *out, struct str data)
{
	for (;;) {
		size_t end = find_line_end(data);
		buf_append_str(out, STR("data: "));
		buf_append(out, data.data, end);
		buf_append_str(out, STR("\n"));
		if (end == data.length)
			return;
		bool is_pair = data.data[end] == '\r' && end + 1 < data.length &&
			       data.data[end + 1] == '\n';
		size_t used = end + (is_pair ? 2 : 1);
		data = (struct str){data.data + used, data.length - used};
	}
}

static void write_base64(struct buf *out, struct str data)
{
	buf_append_str(out, STR("event: binary\ndata: "));
	base64_encode(out, data);
	buf_append_str(out, STR("\n"));
}

void sse_write_event(struct buf *out, const struct sse_event *event)
{
	if (event->id != 0)
		buf_printf(out, "id: %llu\n", (unsigned long long)event->id);
	if (!utf8_is_text(event->data)) {
		write_base64(out, event->data);
	} else {
		if (event->name)
			buf_printf(out, "event: %s\n", event->name);
		write_lines(out, event->data);
	}
	buf_append_str(out, STR("\n"));
}

void sse_write_retry(struct buf *out, uint64_t retry_ms)
{
	buf_printf(out, "retry: %llu\n\n", (unsigned long long)retry_ms);
}
