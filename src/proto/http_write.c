// SPDX-License-Identifier: MIT
// Appends the parts of a head. Plain copies only: one runs for each message forwarded.
#include "wherry/proto/http_write.h"

#include "wherry/base/now.h"

enum {
	DAY_SECONDS = 24 * 60 * 60,
	STATUS_FIRST = 100,
	STATUS_LAST = 511,
};

static const struct str REASONS[STATUS_LAST - STATUS_FIRST + 1] = {
#define X(status, phrase) [status - STATUS_FIRST] = STR(phrase)
	X(100, "Continue"),
	X(101, "Switching Protocols"),
	X(102, "Processing"),
	X(103, "Early Hints"),
	X(200, "OK"),
	X(201, "Created"),
	X(202, "Accepted"),
	X(203, "Non-Authoritative Information"),
	X(204, "No Content"),
	X(205, "Reset Content"),
	X(206, "Partial Content"),
	X(207, "Multi-Status"),
	X(208, "Already Reported"),
	X(226, "IM Used"),
	X(300, "Multiple Choices"),
	X(301, "Moved Permanently"),
	X(302, "Found"),
	X(303, "See Other"),
	X(304, "Not Modified"),
	X(305, "Use Proxy"),
	X(307, "Temporary Redirect"),
	X(308, "Permanent Redirect"),
	X(400, "Bad Request"),
	X(401, "Unauthorized"),
	X(402, "Payment Required"),
	X(403, "Forbidden"),
	X(404, "Not Found"),
	X(405, "Method Not Allowed"),
	X(406, "Not Acceptable"),
	X(407, "Proxy Authentication Required"),
	X(408, "Request Timeout"),
	X(409, "Conflict"),
	X(410, "Gone"),
	X(411, "Length Required"),
	X(412, "Precondition Failed"),
	X(413, "Content Too Large"),
	X(414, "URI Too Long"),
	X(415, "Unsupported Media Type"),
	X(416, "Range Not Satisfiable"),
	X(417, "Expectation Failed"),
	X(421, "Misdirected Request"),
	X(422, "Unprocessable Content"),
	X(423, "Locked"),
	X(424, "Failed Dependency"),
	X(425, "Too Early"),
	X(426, "Upgrade Required"),
	X(428, "Precondition Required"),
	X(429, "Too Many Requests"),
	X(431, "Request Header Fields Too Large"),
	X(451, "Unavailable For Legal Reasons"),
	X(500, "Internal Server Error"),
	X(501, "Not Implemented"),
	X(502, "Bad Gateway"),
	X(503, "Service Unavailable"),
	X(504, "Gateway Timeout"),
	X(505, "HTTP Version Not Supported"),
	X(506, "Variant Also Negotiates"),
	X(507, "Insufficient Storage"),
	X(508, "Loop Detected"),
	X(511, "Network Authentication Required"),
#undef X
};

struct str http_write_reason(unsigned status)
{
	if (status < STATUS_FIRST || status > STATUS_LAST ||
		REASONS[status - STATUS_FIRST].length == 0)
		return STR("Unknown");
	return REASONS[status - STATUS_FIRST];
}

void http_write_request_line(struct buf *buf, struct str method, struct str target)
{
	buf_append_str(buf, method);
	buf_append(buf, " ", 1);
	buf_append_str(buf, target);
	buf_append_str(buf, STR(" HTTP/1.1\r\n"));
}

void http_write_status_line(struct buf *buf, unsigned status, struct str reason)
{
	buf_append_str(buf, STR("HTTP/1.1 "));
	buf_append_u64(buf, status);
	buf_append(buf, " ", 1);
	buf_append_str(buf, reason.length > 0 ? reason : http_write_reason(status));
	http_write_end(buf);
}

void http_write_field(struct buf *buf, struct str name, struct str value)
{
	buf_append_str(buf, name);
	buf_append(buf, ": ", 2);
	buf_append_str(buf, value);
	http_write_end(buf);
}

void http_write_field_u64(struct buf *buf, struct str name, uint64_t value)
{
	buf_append_str(buf, name);
	buf_append(buf, ": ", 2);
	buf_append_u64(buf, value);
	http_write_end(buf);
}

void http_write_end(struct buf *buf)
{
	buf_append(buf, "\r\n", 2);
}

struct date {
	unsigned year, month, day; // month from 0, day from 1
};

// The civil date of a day since 1970-01-01. Years are counted from March, so that the
// leap day is the last one, in eras of 400 years (146,097 days).
static struct date date_of_day(uint64_t day)
{
	enum {
		DAYS_TO_1970 = 719468, // from 0000-03-01
		ERA_DAYS = 146097
	};
	uint64_t shifted = day + DAYS_TO_1970;
	unsigned of_era = (unsigned)(shifted % ERA_DAYS);
	unsigned year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	unsigned of_year = of_era - (365 * year + year / 4 - year / 100);
	unsigned from_march = (5 * of_year + 2) / 153;
	bool is_new_year = from_march >= 10;

	return (struct date){
		.year = (unsigned)(shifted / ERA_DAYS) * 400 + year + is_new_year,
		.month = is_new_year ? from_march - 10 : from_march + 2,
		.day = of_year - (153 * from_march + 2) / 5 + 1,
	};
}

// Decimal, with leading zeros.
static void put_number(char *at, size_t width, unsigned value)
{
	while (width-- > 0) {
		at[width] = (char)('0' + value % 10);
		value /= 10;
	}
}

static void put_text(char *at, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		at[i] = text[i];
}

// Not gmtime_r: it takes a lock, and strftime asks the locale.
void http_write_date_at(struct buf *buf, uint64_t calendar_ms)
{
	static const char days[] = "ThuFriSatSunMonTueWed"; // 1970-01-01 was a Thursday
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char text[] = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
	uint64_t since_1970_s = calendar_ms / 1000;
	uint64_t day = since_1970_s / DAY_SECONDS;
	unsigned second = (unsigned)(since_1970_s % DAY_SECONDS);
	struct date date = date_of_day(day);
	char *value = text + 6;

	put_text(value, days + day % 7 * 3, 3);
	put_number(value + 5, 2, date.day);
	put_text(value + 8, months + date.month * 3, 3);
	put_number(value + 12, 4, date.year);
	put_number(value + 17, 2, second / 3600);
	put_number(value + 20, 2, second / 60 % 60);
	put_number(value + 23, 2, second % 60);
	buf_append(buf, text, sizeof(text) - 1);
}

void http_write_date(struct buf *buf)
{
	http_write_date_at(buf, now_calendar_ms());
}

size_t http_write_chunk_size(char text[HTTP_WRITE_CHUNK_SIZE], size_t length)
{
	size_t digits = 1;

	for (size_t rest = length >> 4; rest > 0; rest >>= 4)
		digits++;
	for (size_t i = 0; i < digits; i++)
		text[i] = "0123456789abcdef"[length >> 4 * (digits - 1 - i) & 15];
	text[digits] = '\r';
	text[digits + 1] = '\n';
	return digits + 2;
}
