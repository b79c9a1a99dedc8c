// SPDX-License-Identifier: MIT
// One spelling for each path, in two passes: first the escapes, then the segments.
#include "wherry/base/path.h"

#include <string.h>

static bool is_unreserved(uint8_t byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' ||
	       byte == '_' || byte == '~';
}

static bool is_control(uint8_t byte)
{
	return byte < 0x20 || byte == 0x7f;
}

static bool read_escape(struct str rest, uint8_t *ret_byte)
{
	if (rest.length < 3)
		return false;
	int high = str_hex_value(rest.data[1]);
	int low = str_hex_value(rest.data[2]);
	if (high < 0 || low < 0)
		return false;
	*ret_byte = (uint8_t)(high << 4 | low);
	return true;
}

// Lenient decoders read overlong forms as "/" or ".", and so past every rule. The bytes
// c0 and c1 begin nothing else; after the others a low continuation gives them away.
// Other bytes that are not UTF-8 pass: old applications speak Latin-1.
static bool is_overlong(uint8_t lead, uint8_t next)
{
	switch (lead) {
	case 0xe0:
		return next >= 0x80 && next < 0xa0;
	case 0xf0:
		return next >= 0x80 && next < 0x90;
	case 0xf8:
		return next >= 0x80 && next < 0x88;
	case 0xfc:
		return next >= 0x80 && next < 0x84;
	default:
		return next == 0xc0 || next == 0xc1;
	}
}

static enum path_result check_escaped(
	uint8_t byte, uint8_t previous, struct path_options options)
{
	if (is_control(byte))
		return PATH_BAD_BYTE;
	if ((byte == '/' || byte == '\\') && !options.allow_encoded_slash)
		return PATH_ENCODED_SLASH;
	return is_overlong(previous, byte) ? PATH_OVERLONG : PATH_OK;
}

static size_t write_escaped(uint8_t byte, struct path_options options, char *out)
{
	static const char digits[] = "0123456789ABCDEF";

	if (options.decode_slash && (byte == '/' || byte == '\\'))
		byte = '/';
	if (is_unreserved(byte) || (options.decode_slash && byte == '/')) {
		out[0] = (char)byte;
		return 1;
	}
	out[0] = '%';
	out[1] = digits[byte >> 4];
	out[2] = digits[byte & 15];
	return 3;
}

static enum path_result normalize_escapes(
	struct str path, struct path_options options, char *out, size_t *ret_length)
{
	size_t written = 0;
	uint8_t previous = 0; // the byte of the escape just before; 0 = none

	for (size_t at = 0; at < path.length;) {
		uint8_t byte = (uint8_t)path.data[at];
		if (byte != '%') {
			if (is_control(byte) || byte == ' ' || byte == '#' ||
				byte == '\\' || byte >= 0x80)
				return PATH_BAD_BYTE;
			out[written++] = (char)byte;
			previous = 0;
			at++;
			continue;
		}
		if (!read_escape((struct str){path.data + at, path.length - at}, &byte))
			return PATH_BAD_ESCAPE;
		enum path_result result = check_escaped(byte, previous, options);
		if (result != PATH_OK)
			return result;
		written += write_escaped(byte, options, out + written);
		previous = byte;
		at += 3;
	}
	*ret_length = written;
	return PATH_OK;
}

// The path rebuilt in place so far: "/segment" as often as there are segments.
struct output {
	char *data;
	size_t length;
};

static void push_segment(struct output *output, struct str segment)
{
	output->data[output->length++] = '/';
	// The segment lies in the same bytes, at or behind this place.
	memmove(output->data + output->length, segment.data, segment.length);
	output->length += segment.length;
}

static bool pop_segment(struct output *output)
{
	if (output->length == 0)
		return false;
	while (output->data[--output->length] != '/')
		;
	return true;
}

static bool take_segment(struct output *output, struct str segment, bool is_last,
	struct path_options options)
{
	bool is_parent = !options.keep_dots && str_equal(segment, STR(".."));
	bool is_self = !options.keep_dots && str_equal(segment, STR("."));
	bool is_dropped =
		is_parent || is_self || (options.merge_slashes && segment.length == 0);

	if (is_parent && !pop_segment(output))
		return false;
	if (is_dropped && !is_last)
		return true;
	// A folder was named, so the result ends as one, too.
	push_segment(output, is_dropped ? STR("") : segment);
	return true;
}

static struct str without_parameters(struct str segment)
{
	const char *semicolon =
		segment.length ? memchr(segment.data, ';', segment.length) : NULL;

	if (semicolon)
		segment.length = (size_t)(semicolon - segment.data);
	return segment;
}

enum path_result path_canonical(
	struct str path, struct path_options options, char *out, size_t *ret_length)
{
	struct output output = {.data = out};
	size_t length;

	if (path.length == 0 || path.data[0] != '/')
		return PATH_BAD_BYTE;
	enum path_result result = normalize_escapes(path, options, out, &length);
	if (result != PATH_OK)
		return result;

	for (size_t at = 0; at < length;) {
		size_t start = at + 1; // behind the slash
		const char *slash = memchr(out + start, '/', length - start);
		size_t end = slash ? (size_t)(slash - out) : length;
		struct str segment = {out + start, end - start};

		// Before dot segments are looked for: "/..;x/" is "/../" to many servers.
		if (options.drop_parameters)
			segment = without_parameters(segment);
		at = end;
		if (!take_segment(&output, segment, at == length, options))
			return PATH_ABOVE_ROOT;
	}
	*ret_length = output.length;
	return PATH_OK;
}

const char *path_result_text(enum path_result result)
{
	switch (result) {
	case PATH_OK:
		return "well-formed";
	case PATH_BAD_ESCAPE:
		return "\"%\" without two hex digits";
	case PATH_BAD_BYTE:
		return "a byte that no path may hold";
	case PATH_ENCODED_SLASH:
		return "an encoded slash or backslash";
	case PATH_OVERLONG:
		return "an overlong UTF-8 sequence";
	case PATH_ABOVE_ROOT:
		return "\"..\" above the root";
	}
	return "unknown";
}
