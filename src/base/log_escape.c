// SPDX-License-Identifier: MIT
// Escaping what peers sent, so that no log line can be forged and no terminal steered.
#include "log_escape_priv.h"

#include "wherry/base/log.h"

static void append_escape(struct buf *buf, enum log_format format, char byte)
{
	static const char digits[] = "0123456789ABCDEF";
	char hex[] = {digits[(uint8_t)byte >> 4], digits[(uint8_t)byte & 15]};

	if (format == LOG_FORMAT_JSON && (byte == '"' || byte == '\\')) {
		char pair[] = {'\\', byte};
		buf_append(buf, pair, sizeof(pair));
		return;
	}
	buf_append_str(buf, format == LOG_FORMAT_JSON ? STR("\\u00") : STR("\\x"));
	buf_append(buf, hex, sizeof(hex));
}

static void append_escaped(
	struct buf *buf, enum log_format format, struct str value, bool keeps_quotes)
{
	size_t start = 0; // of the plain bytes not yet appended

	for (size_t i = 0; i < value.length; i++) {
		char byte = value.data[i];
		bool is_plain = byte >= 0x20 && byte < 0x7f && byte != '\\' &&
				(byte != '"' || keeps_quotes);
		if (is_plain)
			continue;
		buf_append(buf, value.data + start, i - start);
		append_escape(buf, format, byte);
		start = i + 1;
	}
	if (start < value.length)
		buf_append(buf, value.data + start, value.length - start);
}

void log_escape(struct buf *buf, enum log_format format, struct str value)
{
	append_escaped(buf, format, value, false);
}

void log_escape_message(struct buf *buf, struct str message)
{
	append_escaped(buf, LOG_FORMAT_TEXT, message, true);
}
