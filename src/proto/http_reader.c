// SPDX-License-Identifier: MIT
// The order of one direction: head, body by its framing, end, next head.
#include "wherry/proto/http_reader.h"

#include "wherry/proto/http_parse.h"

void http_reader_init(struct http_reader *reader, enum http_message_kind kind,
	struct http_scan_limits limits)
{
	*reader = (struct http_reader){.at = HTTP_READER_AT_HEAD};
	http_scan_init(&reader->scan, kind, limits);
}

static enum http_reader_item refuse(
	struct http_reader *reader, unsigned status, const char *error)
{
	reader->at = HTTP_READER_AT_ERROR;
	reader->scan.status = reader->scan.kind == HTTP_REQUEST ? status : 502;
	reader->scan.error = error;
	return HTTP_READER_BAD;
}

static void start_body(struct http_reader *reader, const struct http_message *message)
{
	reader->body_kind = message->body_kind;
	reader->left = message->content_length;
	reader->at = message->body_kind == HTTP_BODY_NONE ? HTTP_READER_AT_END
							  : HTTP_READER_AT_BODY;
	if (message->body_kind == HTTP_BODY_CHUNKED)
		http_chunk_init(&reader->chunk);
}

static enum http_reader_item read_head(struct http_reader *reader, struct str data,
	struct http_message *ret_message, size_t *ret_taken)
{
	size_t length;
	if (data.length == 0)
		return HTTP_READER_MORE; // between two messages
	enum http_scan_result result =
		http_scan_feed(&reader->scan, data, ret_message, &length);

	if (result == HTTP_SCAN_MORE)
		return HTTP_READER_MORE;
	if (result == HTTP_SCAN_BAD) {
		reader->at = HTTP_READER_AT_ERROR;
		return HTTP_READER_BAD;
	}
	// llhttp has a list of methods, where RFC 9110 section 9.1 has any token.
	if (ret_message->kind == HTTP_REQUEST &&
		!http_parse_knows_method(ret_message->method))
		return refuse(reader, 501, "unknown method");
	if (!http_parse_agrees((struct str){data.data, length}, ret_message)) {
		reader->is_disagreement = true;
		return refuse(reader, 400, "llhttp reads this head differently");
	}
	*ret_taken = length;
	start_body(reader, ret_message);
	return HTTP_READER_HEAD;
}

static enum http_reader_item end_message(struct http_reader *reader)
{
	http_scan_init(&reader->scan, reader->scan.kind, reader->scan.limits);
	reader->at = HTTP_READER_AT_HEAD;
	return HTTP_READER_END;
}

static enum http_reader_item read_chunked(
	struct http_reader *reader, struct str data, size_t *ret_taken)
{
	switch (http_chunk_feed(&reader->chunk, (const uint8_t *)data.data, data.length,
		ret_taken, &reader->body)) {
	case HTTP_CHUNK_MORE:
		return HTTP_READER_MORE;
	case HTTP_CHUNK_DATA:
		return HTTP_READER_BODY;
	case HTTP_CHUNK_END:
		return end_message(reader);
	case HTTP_CHUNK_BAD:
		break;
	}
	return refuse(reader, 400, reader->chunk.error);
}

static enum http_reader_item read_body(
	struct http_reader *reader, struct str data, size_t *ret_taken)
{
	if (reader->body_kind == HTTP_BODY_CHUNKED)
		return read_chunked(reader, data, ret_taken);
	if (data.length == 0)
		return HTTP_READER_MORE;

	size_t piece = data.length;
	if (reader->body_kind == HTTP_BODY_LENGTH) {
		if (piece > reader->left)
			piece = (size_t)reader->left;
		reader->left -= piece;
		if (reader->left == 0)
			reader->at = HTTP_READER_AT_END;
	}
	reader->body = (struct str){data.data, piece};
	*ret_taken = piece;
	return HTTP_READER_BODY;
}

enum http_reader_item http_reader_next(struct http_reader *reader, const uint8_t *data,
	size_t length, struct http_message *ret_message, size_t *ret_taken)
{
	struct str bytes = {(const char *)data, length};

	*ret_taken = 0;
	switch (reader->at) {
	case HTTP_READER_AT_HEAD:
		return read_head(reader, bytes, ret_message, ret_taken);
	case HTTP_READER_AT_BODY:
		return read_body(reader, bytes, ret_taken);
	case HTTP_READER_AT_END:
		return end_message(reader);
	case HTTP_READER_AT_ERROR:
		break;
	}
	return HTTP_READER_BAD;
}

void http_reader_no_body(struct http_reader *reader)
{
	reader->body_kind = HTTP_BODY_NONE;
	reader->at = HTTP_READER_AT_END;
}

bool http_reader_is_complete_at_eof(const struct http_reader *reader)
{
	switch (reader->at) {
	case HTTP_READER_AT_HEAD:
		return reader->scan.searched == 0;
	case HTTP_READER_AT_BODY:
		return reader->body_kind == HTTP_BODY_UNTIL_CLOSE;
	case HTTP_READER_AT_END:
		return true;
	case HTTP_READER_AT_ERROR:
		break;
	}
	return false;
}
