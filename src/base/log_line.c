// SPDX-License-Identifier: MIT
// The form of event lines and the frame of access lines.
#include "log_line_priv.h"

#include <stdio.h>
#include <time.h>

#include "log_escape_priv.h"
#include "wherry/base/now.h"

enum {
	TIME_SIZE = 64, // 25 are used, but the compiler thinks of years with ten digits
};

static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARN] = "warn",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

static void append_time(struct buf *line)
{
	uint64_t now = now_calendar_ms();
	time_t seconds = (time_t)(now / 1000);
	struct tm utc;
	char text[TIME_SIZE];

	// Fails only for years that do not fit an int.
	(void)gmtime_r(&seconds, &utc);
	(void)snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ",
		utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
		utc.tm_sec, (unsigned)(now % 1000));
	buf_append_str(line, str_from(text));
}

void log_line_begin(struct buf *line, enum log_format format)
{
	bool is_json = format == LOG_FORMAT_JSON;

	buf_clear(line);
	if (is_json)
		buf_append_str(line, STR("{\"time\":\""));
	append_time(line);
	buf_append_str(line, is_json ? STR("\",\"type\":\"access\"") : STR(" access"));
}

enum log_format log_line_format(const struct buf *line)
{
	// A time starts with a digit.
	bool is_json = line->length > 0 && line->data[0] == '{';

	return is_json ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT;
}

void log_line_end(struct buf *line)
{
	if (log_line_format(line) == LOG_FORMAT_JSON)
		buf_append_str(line, STR("}"));
}

void log_line_event(struct buf *line, enum log_format format, enum log_level level,
	struct str message)
{
	struct str name = str_from(level_names[level]);

	if (format == LOG_FORMAT_JSON) {
		buf_append_str(line, STR("{\"time\":\""));
		append_time(line);
		buf_append_str(line, STR("\",\"level\":\""));
		buf_append_str(line, name);
		buf_append_str(line, STR("\",\"message\":\""));
		log_escape(line, LOG_FORMAT_JSON, message);
		buf_append_str(line, STR("\"}"));
		return;
	}
	append_time(line);
	buf_append_str(line, STR(" "));
	buf_append_str(line, name);
	buf_append_str(line, STR(" "));
	log_escape_message(line, message);
}
