// SPDX-License-Identifier: MIT
// From a question to the request that a client would send.
#include <string.h>
#include <strings.h>

#include "explain_priv.h"
#include "wherry/base/url.h"
#include "wherry/proxy/request_facts.h"

struct scheme {
	struct str start;
	bool is_tls;
	bool is_websocket;
	uint16_t port;
};

static bool take_scheme(struct str *text, struct explain_url *url)
{
	static const struct scheme schemes[] = {
		{{"http://", 7}, false, false, 80},
		{{"https://", 8}, true, false, 443},
		{{"ws://", 5}, false, true, 80},
		{{"wss://", 6}, true, true, 443},
	};
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		const struct scheme *scheme = &schemes[i];
		if (!str_cut_prefix(text, scheme->start))
			continue;
		url->is_tls = scheme->is_tls;
		url->is_websocket = scheme->is_websocket;
		url->port = scheme->port;
		return true;
	}
	return false;
}

static size_t length_before(struct str text, const char *ends)
{
	size_t length = 0;
	while (length < text.length && !strchr(ends, text.data[length]))
		length++;
	return length;
}

bool explain_url_parse(
	struct str text, struct explain_url *ret_url, const char **reterr_text)
{
	uint16_t port;
	*reterr_text = "bad URL (expected http://host/path, or https, ws or wss)";
	if (!take_scheme(&text, ret_url))
		return false;
	ret_url->authority = str_cut(&text, length_before(text, "/?#"));
	ret_url->target = (struct str){text.data, length_before(text, "#")};
	if (!url_split_authority(ret_url->authority, &ret_url->host, &port))
		return false;
	if (port != 0)
		ret_url->port = port;
	return true;
}

static struct str find_value(const struct explain *explain, struct str name)
{
	for (size_t i = 0; i < explain->question->field_count; i++) {
		struct str field = str_from(explain->question->fields[i]);
		struct str start = {field.data, length_before(field, ":")};
		if (start.length < field.length && str_equal_nocase(start, name))
			return str_trim((struct str){field.data + start.length + 1,
				field.length - start.length - 1});
	}
	return (struct str){0};
}

static void write_fields(
	const struct explain *explain, bool is_websocket, struct buf *out)
{
	for (size_t i = 0; i < explain->question->field_count; i++) {
		const char *field = explain->question->fields[i];
		if (strncasecmp(field, "Host:", 5) != 0)
			buf_printf(out, "%s\r\n", field);
	}
	if (is_websocket && !find_value(explain, STR("Upgrade")).data)
		buf_append_str(
			out, STR("Connection: Upgrade\r\n"
				 "Upgrade: websocket\r\n"
				 "Sec-WebSocket-Version: 13\r\n"
				 "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"));
}

static void write_target(const struct explain *explain, struct buf *out)
{
	struct str target = explain->url.target;
	if (target.length == 0 || target.data[0] != '/')
		buf_append_str(out, STR("/"));
	buf_append_str(out, target);
}

bool explain_read_head(const struct explain *explain, bool is_websocket, struct buf *head,
	struct http_message *ret_message, unsigned *reterr_status,
	const char **reterr_text)
{
	struct buf fields = BUF_INIT, target = BUF_INIT;
	struct str host = find_value(explain, STR("Host"));
	const char *method = explain->question->method;
	write_fields(explain, is_websocket, &fields);
	write_target(explain, &target);
	struct request_facts facts = {
		.method = str_from(method ? method : "GET"),
		.host = host.data ? host : explain->url.authority,
		.target = buf_str(&target),
		.fields = buf_str(&fields),
	};
	bool is_read =
		request_facts_read(&facts, head, ret_message, reterr_status, reterr_text);
	buf_finish(&target);
	buf_finish(&fields);
	return is_read;
}
