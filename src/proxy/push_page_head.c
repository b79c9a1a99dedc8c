// SPDX-License-Identifier: MIT
// Heads of the GETs that a page does not send: the URL, and the fields of its handshake.
#include "push_page_priv.h"
#include "wherry/proto/http_write.h"
#include "wherry/proxy/request_facts.h"

// What belongs to the connection or the handshake is no part of a GET.
static bool is_of_handshake(const struct http_field *field)
{
	return field->is_dropped || field->id == HTTP_FIELD_HOST ||
	       field->id == HTTP_FIELD_EXPECT ||
	       str_has_prefix_nocase(field->name, STR("Sec-WebSocket-"));
}

bool push_page_head_keep(struct push_page *page, const struct http_message *handshake)
{
	buf_append_str(&page->host, handshake->host);
	for (size_t i = 0; i < handshake->field_count; i++) {
		if (!is_of_handshake(&handshake->fields[i]))
			http_write_field(&page->fields, handshake->fields[i].name,
				handshake->fields[i].value);
	}
	return !page->host.is_failed && !page->fields.is_failed &&
	       !page->client.is_failed;
}

void push_page_head_forget(struct push_page *page)
{
	buf_finish(&page->client);
	buf_finish(&page->host);
	buf_finish(&page->fields);
}

// Nothing of the name may be read as anything but a target of this host.
bool push_page_head_read(const struct push_page *page, struct str name,
	struct push_page_head *head, struct reply *reterr_reply)
{
	struct request_facts facts = {
		.method = STR("GET"),
		.host = buf_str(&page->host),
		.target = name,
		.fields = buf_str(&page->fields),
	};
	unsigned status;
	const char *error;
	if (name.length > PUSH_PAGE_URL_BYTES_MAX)
		return reply_refuse(reterr_reply, 414, "a URL is longer than 2048 bytes");
	if (name.data[0] != '/')
		return reply_refuse(
			reterr_reply, 400, "expected a path and query of this host");
	if (!request_facts_read(&facts, &head->text, &head->message, &status, &error))
		return reply_refuse(reterr_reply, status, error);
	if (!str_equal(head->message.target, name))
		return reply_refuse(reterr_reply, 400, "a URL with what belongs in none");
	return true;
}
