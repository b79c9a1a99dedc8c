// SPDX-License-Identifier: MIT
// The envelope of wherry.v1; see the header.
#include "wherry/proto/push_envelope.h"

#include <stdlib.h>

#include "wherry/base/base64.h"
#include "wherry/base/utf8.h"
#include "wherry/proto/json_members.h"
#include "wherry/proto/json_text.h"

static void write_payload(struct buf *out, struct str payload)
{
	if (json_text_is_value(payload)) {
		buf_append_str(out, STR("\"data\":"));
		buf_append_str(out, payload);
	} else if (utf8_is_text(payload)) {
		buf_append_str(out, STR("\"data\":"));
		json_text_write_string(out, payload);
	} else {
		buf_append_str(out, STR("\"data64\":\""));
		base64_encode(out, payload);
		buf_append_str(out, STR("\""));
	}
}

void push_envelope_write(struct buf *out, const struct push_envelope *envelope)
{
	buf_append_str(out, STR("{"));
	if (envelope->id != 0)
		buf_printf(out, "\"id\":\"%llu\",", (unsigned long long)envelope->id);
	if (envelope->channel.length > 0) {
		buf_append_str(out, STR("\"channel\":"));
		json_text_write_string(out, envelope->channel);
		buf_append_str(out, STR(","));
	}
	buf_printf(out, "\"event\":\"%s\",", envelope->event);
	write_payload(out, envelope->payload);
	buf_append_str(out, STR("}"));
}

enum member {
	MEMBER_CHANNEL,
	MEMBER_KEY,
	MEMBER_DATA,
	MEMBER_DATA64,
	MEMBER_COUNT
};

static const char *const member_names[] = {
	[MEMBER_CHANNEL] = "channel",
	[MEMBER_KEY] = "key",
	[MEMBER_DATA] = "data",
	[MEMBER_DATA64] = "data64",
};

static bool read_name(struct str value, struct buf *out)
{
	return !value.data || (json_text_read_string(value, out) && out->length > 0);
}

static bool read_base64(struct str value, struct buf *out)
{
	struct buf text = BUF_INIT;
	size_t length = 0;
	bool is_good = json_text_read_string(value, &text);
	uint8_t *bytes = malloc(base64_room(text.length) + 1);
	is_good = is_good && bytes && base64_decode(buf_str(&text), bytes, &length);
	if (is_good)
		buf_append(out, bytes, length);
	free(bytes);
	buf_finish(&text);
	return is_good;
}

static const char *read_members(
	const struct str values[MEMBER_COUNT], struct push_envelope_request *request)
{
	if (!read_name(values[MEMBER_CHANNEL], &request->channel))
		return "channel is no text";
	if (!read_name(values[MEMBER_KEY], &request->key))
		return "key is no text";
	if (!values[MEMBER_DATA].data == !values[MEMBER_DATA64].data)
		return "expected one of data and data64";
	if (values[MEMBER_DATA].data)
		buf_append_str(&request->payload, values[MEMBER_DATA]);
	else if (!read_base64(values[MEMBER_DATA64], &request->payload))
		return "data64 is no base64 (RFC 4648 section 4)";
	if (request->channel.is_failed || request->key.is_failed ||
		request->payload.is_failed)
		return "out of memory";
	return NULL;
}

bool push_envelope_read(struct str text, struct push_envelope_request *ret_request,
	const char **reterr_text)
{
	struct str values[MEMBER_COUNT];
	*ret_request = (struct push_envelope_request){0};
	*reterr_text = json_members_sort(text, member_names, MEMBER_COUNT, values);
	if (!*reterr_text)
		*reterr_text = read_members(values, ret_request);
	return !*reterr_text;
}

void push_envelope_finish(struct push_envelope_request *request)
{
	buf_finish(&request->channel);
	buf_finish(&request->key);
	buf_finish(&request->payload);
}
