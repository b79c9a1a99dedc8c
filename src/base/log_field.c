// SPDX-License-Identifier: MIT
// The fields of access lines.
#include "wherry/base/log.h"

#include <string.h>

#include "log_line_priv.h"

enum {
	VALUE_MAX_BYTES = 1024
};

static void append_key(struct buf *line, const char *key)
{
	bool is_json = log_line_format(line) == LOG_FORMAT_JSON;

	buf_append_str(line, is_json ? STR(",\"") : STR(" "));
	buf_append_str(line, str_from(key));
	buf_append_str(line, is_json ? STR("\":") : STR("="));
}

static bool wants_quotes(struct str value)
{
	for (size_t i = 0; i < value.length; i++) {
		if (strchr(" \"=\\", value.data[i]) && value.data[i] != '\0')
			return true;
	}
	return str_equal(value, STR("-")); // bare, it means empty
}

void log_field_str(struct buf *line, const char *key, struct str value)
{
	enum log_format format = log_line_format(line);

	append_key(line, key);
	if (format == LOG_FORMAT_TEXT && value.length == 0) {
		buf_append_str(line, STR("-"));
		return;
	}
	if (value.length > VALUE_MAX_BYTES)
		value.length = VALUE_MAX_BYTES;
	struct str quote = STR("\"");
	if (format == LOG_FORMAT_TEXT && !wants_quotes(value))
		quote.length = 0;
	buf_append_str(line, quote);
	log_escape(line, format, value);
	buf_append_str(line, quote);
}

void log_field_u64(struct buf *line, const char *key, uint64_t value)
{
	append_key(line, key);
	buf_append_u64(line, value);
}
