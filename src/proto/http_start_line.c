// SPDX-License-Identifier: MIT
// Request and status lines by RFC 9112 sections 3 and 4: single spaces, whole tokens, and
// of the four target forms those a reverse proxy serves.
#include "http_start_line_priv.h"

#include <string.h>

#include "http_scan_priv.h"
#include "http_syntax_priv.h"

enum {
	VERSION_LENGTH = 8,                 // "HTTP/1.1"
	STATUS_LENGTH = VERSION_LENGTH + 4, // "HTTP/1.1 200"
	TARGET_LIMIT_BYTES = 8 * 1024,
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static struct str skip(struct str s, size_t count)
{
	return (struct str){s.data + count, s.length - count};
}

static bool read_version(
	struct http_scan *scan, struct str version, struct http_message *message)
{
	if (version.length != VERSION_LENGTH || memcmp(version.data, "HTTP/", 5) != 0 ||
		!is_digit(version.data[5]) || version.data[6] != '.' ||
		!is_digit(version.data[7]))
		return http_scan_refuse(
			scan, 400, "bad version; expected \"HTTP/1.1\" alone");
	if (version.data[5] != '1' || version.data[7] > '1')
		return http_scan_refuse(
			scan, 505, "unsupported version; expected HTTP/1.1 or HTTP/1.0");
	message->minor_version = (unsigned)(version.data[7] - '0');
	return true;
}

// Path and query; the path of an absolute target may be empty.
static void split_path(struct str path, struct http_message *message)
{
	const char *mark = path.length ? memchr(path.data, '?', path.length) : NULL;
	size_t length = mark ? (size_t)(mark - path.data) : path.length;

	message->path = (struct str){path.data, length};
	message->query = skip(path, length);
}

static bool read_absolute_target(struct http_scan *scan, struct http_message *message)
{
	struct str rest = message->target;

	if (!str_cut_prefix_nocase(&rest, STR("http://")) &&
		!str_cut_prefix_nocase(&rest, STR("https://")))
		return http_scan_refuse(scan, 400,
			"bad target; expected a path, or http(s):// and the Host");
	size_t length = 0;
	while (length < rest.length && rest.data[length] != '/' &&
		rest.data[length] != '?')
		length++;
	// Nothing else tells http_rules that the target had an authority.
	if (length == 0)
		return http_scan_refuse(scan, 400, "absolute target without a host");
	message->host = (struct str){rest.data, length};
	split_path(skip(rest, length), message);
	if (message->path.length > 0)
		return true;
	// RFC 9112 sections 3.2.1 and 3.2.4.
	bool is_asterisk =
		message->query.length == 0 && str_equal(message->method, STR("OPTIONS"));
	message->path = is_asterisk ? STR("*") : STR("/");
	return true;
}

static bool read_target(struct http_scan *scan, struct http_message *message)
{
	struct str target = message->target;

	if (target.length > TARGET_LIMIT_BYTES)
		return http_scan_refuse(scan, 414, "target longer than 8 KiB");
	if (target.length == 0 ||
		http_syntax_span(target, HTTP_SYNTAX_TARGET) != target.length)
		return http_scan_refuse(
			scan, 400, "bad target; expected visible ASCII without \"#\"");
	if (target.data[0] == '/') {
		split_path(target, message);
		return true;
	}
	if (str_equal(target, STR("*"))) {
		if (!str_equal(message->method, STR("OPTIONS")))
			return http_scan_refuse(
				scan, 400, "target \"*\" is for OPTIONS only");
		message->path = target;
		return true;
	}
	return read_absolute_target(scan, message);
}

bool http_start_line_read_request(
	struct http_scan *scan, struct str line, struct http_message *message)
{
	size_t length = http_syntax_span(line, HTTP_SYNTAX_TOKEN);
	if (length == 0 || length == line.length || line.data[length] != ' ')
		return http_scan_refuse(
			scan, 400, "bad method; expected a token, then SP");
	message->method = (struct str){line.data, length};

	struct str rest = skip(line, length + 1);
	const char *space = rest.length ? memchr(rest.data, ' ', rest.length) : NULL;
	if (!space)
		return http_scan_refuse(
			scan, 400, "no version; expected \"HTTP/1.1\" after the target");
	message->target = (struct str){rest.data, (size_t)(space - rest.data)};
	if (!read_version(scan, skip(rest, message->target.length + 1), message)) {
		if (str_equal(message->method, STR("PROXY")))
			scan->error = "a PROXY header where HTTP was expected";
		return false;
	}
	// Before its target is looked at: no form of it is served.
	if (str_equal(message->method, STR("CONNECT")))
		return http_scan_refuse(scan, 405, "CONNECT is not served");
	return read_target(scan, message);
}

bool http_start_line_read_response(
	struct http_scan *scan, struct str line, struct http_message *message)
{
	if (line.length < STATUS_LENGTH || line.data[VERSION_LENGTH] != ' ')
		return http_scan_refuse(
			scan, 400, "bad status line; expected \"HTTP/1.1 200\"");
	if (!read_version(scan, (struct str){line.data, VERSION_LENGTH}, message))
		return false;

	const char *digits = line.data + VERSION_LENGTH + 1;
	if (digits[0] < '1' || digits[0] > '5' || !is_digit(digits[1]) ||
		!is_digit(digits[2]))
		return http_scan_refuse(scan, 400, "bad status; expected 100 to 599");
	message->status = (unsigned)(digits[0] - '0') * 100 +
			  (unsigned)(digits[1] - '0') * 10 + (unsigned)(digits[2] - '0');

	// RFC 9112 section 4 wants the SP also before an empty phrase; many leave it out.
	if (line.length == STATUS_LENGTH)
		return true;
	message->reason = skip(line, STATUS_LENGTH + 1);
	if (line.data[STATUS_LENGTH] != ' ' || !http_syntax_is_value(message->reason))
		return http_scan_refuse(scan, 400, "bad reason phrase after the status");
	return true;
}
