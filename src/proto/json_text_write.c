// SPDX-License-Identifier: MIT
// Texts as JSON strings; see json_text.h.
#include "wherry/base/utf8.h"
#include "wherry/proto/json_text.h"

static void append_escape(struct buf *out, unsigned char byte)
{
	if (byte == '"' || byte == '\\')
		buf_printf(out, "\\%c", byte);
	else
		buf_printf(out, "\\u%04x", byte);
}

// How many bytes of a character start here; 0 if they are none.
static size_t measure_character(struct str text)
{
	struct utf8 utf8 = UTF8_INIT;
	for (size_t i = 0; i < text.length && i < 4; i++) {
		if (!utf8_feed(&utf8, (const uint8_t *)text.data + i, 1))
			return 0;
		if (utf8_is_complete(&utf8))
			return i + 1;
	}
	return 0;
}

void json_text_write_string(struct buf *out, struct str text)
{
	buf_append_str(out, STR("\""));
	while (text.length > 0) {
		size_t plain = 0, length;
		while (plain < text.length) {
			unsigned char byte = (unsigned char)text.data[plain];
			if (byte < 0x20 || byte >= 0x7f || byte == '"' || byte == '\\')
				break;
			plain++;
		}
		buf_append(out, text.data, plain);
		str_cut(&text, plain);
		if (text.length == 0)
			break;
		unsigned char byte = (unsigned char)text.data[0];
		length = measure_character(text);
		if (byte < 0x80 && byte != 0x7f)
			append_escape(out, byte);
		else if (length > 0)
			buf_append(out, text.data, length);
		else
			buf_append_str(out, STR("\xef\xbf\xbd"));
		str_cut(&text, length > 0 ? length : 1);
	}
	buf_append_str(out, STR("\""));
}
