// SPDX-License-Identifier: MIT
// The access line; see the header.
#include "wherry/proxy/access_log.h"

#include "wherry/base/log.h"
#include "wherry/base/now.h"

static void write_request(struct buf *line, const struct access_log_entry *entry)
{
	const struct request *request = entry->request;
	char peer[ADDR_TEXT_SIZE];
	log_field_u64(line, "id", entry->id);
	log_field_str(line, "peer", str_from(addr_format(entry->peer, peer)));
	if (request->client.length > 0)
		log_field_str(line, "client", request->client);
	if (request->user)
		log_field_str(line, "user", str_from(request->user));
	log_field_str(line, "method", request->method);
	log_field_str(line, "host", request->host);
	log_field_str(line, "path", request->target);
	log_field_str(
		line, "route", str_from(request->route ? request->route->name : ""));
	log_field_str(line, "upstream", str_from(request->server ? request->server : ""));
	log_field_u64(line, "status", request->status);
}

void access_log_write(const struct access_log_entry *entry)
{
	struct buf line = BUF_INIT;
	bool is_websocket = entry->request->status == 101;
	log_line_begin(&line, log_current_format());
	write_request(&line, entry);
	log_field_u64(&line, "bytes_in", entry->bytes_in);
	log_field_u64(&line, "bytes_out", entry->bytes_out);
	if (is_websocket || entry->messages_out > 0) {
		log_field_u64(&line, "messages_in", entry->messages_in);
		log_field_u64(&line, "messages_out", entry->messages_out);
	}
	if (is_websocket)
		log_field_u64(&line, "close_code", entry->close_code);
	log_field_u64(&line, "duration_ms", now_ms() - entry->request->started_ms);
	log_field_str(&line, "ended_by", str_from(entry->ended_by));
	log_field_str(&line, "reason", str_from(close_reason_name(entry->reason)));
	if (entry->detail)
		log_field_str(&line, "detail", str_from(entry->detail));
	log_line_end(&line);
	if (line.is_failed)
		log_access_lost();
	else
		log_access(buf_str(&line));
	buf_finish(&line);
}
