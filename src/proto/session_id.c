// SPDX-License-Identifier: MIT
// A reader of JSON that knows strings, and nothing else; see the header.
#include "wherry/proto/session_id.h"

void session_id_init(struct session_id *finder, const char *name, const char *other_name)
{
	*finder = (struct session_id){
		.names = {name, other_name},
		.reach = SESSION_ID_REACH,
	};
}

static void begin_string(struct session_id *finder)
{
	finder->is_value = finder->state == SESSION_ID_EXPECTED;
	finder->state = SESSION_ID_STRING;
	finder->is_odd = false;
	finder->length = 0;
}

static void take_byte(struct session_id *finder, char byte)
{
	// Ids travel in URLs: printable, and without spaces.
	finder->is_odd |= byte <= ' ' || byte > '~' || finder->length == SESSION_ID_MAX;
	if (!finder->is_odd)
		finder->text[finder->length++] = byte;
}

static bool is_name(const struct session_id *finder)
{
	struct str text = {finder->text, finder->length};
	for (size_t i = 0; i < SESSION_ID_MAX_NAMES && finder->names[i]; i++) {
		if (!finder->is_odd && str_equal(text, str_from(finder->names[i])))
			return true;
	}
	return false;
}

// True if the string was an id.
static bool end_string(struct session_id *finder)
{
	bool is_id = finder->is_value && !finder->is_odd && finder->length > 0;
	bool is_named = !finder->is_value && is_name(finder);
	finder->state = is_named ? SESSION_ID_NAMED : SESSION_ID_OUTSIDE;
	return is_id;
}

static bool is_space(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

// True if an id ends with this byte.
static bool step(struct session_id *finder, char byte)
{
	switch (finder->state) {
	case SESSION_ID_STRING:
		if (byte == '"')
			return end_string(finder);
		if (byte == '\\')
			finder->state = SESSION_ID_ESCAPE;
		else
			take_byte(finder, byte);
		return false;
	case SESSION_ID_ESCAPE:
		finder->is_odd = true;
		finder->state = SESSION_ID_STRING;
		return false;
	case SESSION_ID_OUTSIDE:
	case SESSION_ID_NAMED:
	case SESSION_ID_EXPECTED:
		break;
	}
	if (byte == '"')
		begin_string(finder);
	else if (byte == ':' && finder->state == SESSION_ID_NAMED)
		finder->state = SESSION_ID_EXPECTED;
	else if (!is_space(byte))
		finder->state = SESSION_ID_OUTSIDE;
	return false;
}

enum session_id_result session_id_feed(
	struct session_id *finder, struct str *bytes, struct str *ret_id)
{
	while (bytes->length > 0 && finder->reach > 0) {
		bool is_found = step(finder, *bytes->data);
		bytes->data++;
		bytes->length--;
		finder->reach--;
		if (!is_found)
			continue;
		*ret_id = (struct str){finder->text, finder->length};
		return SESSION_ID_FOUND;
	}
	return finder->reach > 0 ? SESSION_ID_MORE : SESSION_ID_END;
}
