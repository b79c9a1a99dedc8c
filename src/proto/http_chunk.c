// SPDX-License-Identifier: MIT
// Our own decoder, since llhttp 8.1.0 in strict mode still takes folded trailers and a
// trailer section that ends with a bare LF.
#include "wherry/proto/http_chunk.h"

#include "http_syntax_priv.h"

enum {
	DIGITS_LIMIT = 16,
	EXTENSION_LIMIT_BYTES = 256,
	TRAILER_LIMIT_BYTES = 8 * 1024,
};

// chunk-size *( ";" token [ "=" ( token / quoted-string ) ] ) CRLF data CRLF
// ... "0" CRLF *( name ":" value CRLF ) CRLF; no whitespace where the RFC calls it bad.
enum state {
	SIZE,
	EXTENSION_NAME_START,
	EXTENSION_NAME,
	EXTENSION_VALUE_START,
	EXTENSION_VALUE,
	EXTENSION_QUOTED,
	EXTENSION_ESCAPED,
	EXTENSION_QUOTED_END,
	SIZE_LF,
	DATA,
	DATA_CR,
	DATA_LF,
	TRAILER_START,
	TRAILER_NAME,
	TRAILER_VALUE,
	TRAILER_LF,
	LAST_LF,
	ENDED,
	FAILED,
};

// "_" stands for "-" too, as backends read it.
static const struct str FORBIDDEN_TRAILER = STR("transfer-encoding");

void http_chunk_init(struct http_chunk *chunk)
{
	*chunk = (struct http_chunk){.state = SIZE};
}

static enum state fail(struct http_chunk *chunk, const char *error)
{
	chunk->error = error;
	return FAILED;
}

static enum state read_size(struct http_chunk *chunk, char c)
{
	int value = str_hex_value(c);

	if (value >= 0) {
		if (++chunk->digits > DIGITS_LIMIT)
			return fail(chunk, "chunk size of more than 16 digits");
		chunk->left = chunk->left << 4 | (uint64_t)value;
		return SIZE;
	}
	if (chunk->digits == 0 || (c != ';' && c != '\r'))
		return fail(chunk, "bad chunk size; expected hex digits, then CRLF");
	if (chunk->left > INT64_MAX)
		return fail(chunk, "chunk size of 2^63 or more");
	chunk->extension_bytes = 0;
	return c == ';' ? EXTENSION_NAME_START : SIZE_LF;
}

// Behind a whole name or value.
static enum state end_extension(struct http_chunk *chunk, char c)
{
	if (c == ';')
		return EXTENSION_NAME_START;
	if (c == '\r')
		return SIZE_LF;
	return fail(
		chunk, "bad chunk extension; expected \";name=value\" without spaces");
}

static enum state read_extension_name(struct http_chunk *chunk, char c)
{
	if (http_syntax_is(c, HTTP_SYNTAX_TOKEN))
		return EXTENSION_NAME;
	if (chunk->state == EXTENSION_NAME && c == '=')
		return EXTENSION_VALUE_START;
	if (chunk->state == EXTENSION_NAME)
		return end_extension(chunk, c);
	return fail(chunk, "chunk extension without a name");
}

static enum state read_extension_value(struct http_chunk *chunk, char c)
{
	if (http_syntax_is(c, HTTP_SYNTAX_TOKEN))
		return EXTENSION_VALUE;
	if (chunk->state == EXTENSION_VALUE)
		return end_extension(chunk, c);
	if (c == '"')
		return EXTENSION_QUOTED;
	return fail(chunk, "chunk extension without a value");
}

static enum state read_extension_quoted(struct http_chunk *chunk, char c)
{
	if (!http_syntax_is(c, HTTP_SYNTAX_VALUE))
		return fail(chunk, "control byte in a chunk extension");
	if (chunk->state == EXTENSION_ESCAPED)
		return EXTENSION_QUOTED;
	if (c == '\\')
		return EXTENSION_ESCAPED;
	return c == '"' ? EXTENSION_QUOTED_END : EXTENSION_QUOTED;
}

static enum state read_extension(struct http_chunk *chunk, char c)
{
	if (++chunk->extension_bytes > EXTENSION_LIMIT_BYTES)
		return fail(chunk, "chunk extensions longer than 256 bytes");
	if (chunk->state <= EXTENSION_NAME)
		return read_extension_name(chunk, c);
	if (chunk->state <= EXTENSION_VALUE)
		return read_extension_value(chunk, c);
	if (chunk->state <= EXTENSION_ESCAPED)
		return read_extension_quoted(chunk, c);
	return end_extension(chunk, c);
}

static enum state read_trailer_name(struct http_chunk *chunk, char c)
{
	if (http_syntax_is(c, HTTP_SYNTAX_TOKEN)) {
		size_t at = chunk->name_matched;
		char folded = c == '_' ? '-' : (char)(c | 0x20);
		bool is_match = at < FORBIDDEN_TRAILER.length &&
				folded == FORBIDDEN_TRAILER.data[at];
		chunk->name_matched = is_match ? (uint8_t)(at + 1) : UINT8_MAX;
		return TRAILER_NAME;
	}
	if (chunk->state == TRAILER_START || c != ':')
		return fail(chunk, "bad trailer name; expected a token, then \":\"");
	if (chunk->name_matched == FORBIDDEN_TRAILER.length)
		return fail(chunk, "Transfer-Encoding among the trailers");
	return TRAILER_VALUE;
}

static enum state read_trailer(struct http_chunk *chunk, char c)
{
	if (chunk->state == TRAILER_START) {
		chunk->name_matched = 0;
		if (c == '\r')
			return LAST_LF;
	}
	if (++chunk->trailer_bytes > TRAILER_LIMIT_BYTES)
		return fail(chunk, "trailers longer than 8 KiB");
	if (chunk->state != TRAILER_VALUE)
		return read_trailer_name(chunk, c);
	if (c == '\r')
		return TRAILER_LF;
	if (!http_syntax_is(c, HTTP_SYNTAX_VALUE))
		return fail(chunk, "control byte in a trailer");
	return TRAILER_VALUE;
}

static enum state start_chunk(struct http_chunk *chunk)
{
	chunk->left = 0;
	chunk->digits = 0;
	return SIZE;
}

// The state after one byte of framing.
static enum state step(struct http_chunk *chunk, char c)
{
	enum state state = chunk->state;

	if (state == SIZE)
		return read_size(chunk, c);
	if (state <= EXTENSION_QUOTED_END)
		return read_extension(chunk, c);
	if (state == DATA_CR)
		return c == '\r'
			       ? DATA_LF
			       : fail(chunk, "chunk longer than its size; expected CRLF");
	if (state >= TRAILER_START && state <= TRAILER_VALUE)
		return read_trailer(chunk, c);
	if (c != '\n')
		return fail(chunk, "bare CR in the chunk framing; expected LF behind it");
	if (state == SIZE_LF)
		return chunk->left > 0 ? DATA : TRAILER_START;
	if (state == DATA_LF)
		return start_chunk(chunk);
	return state == TRAILER_LF ? TRAILER_START : ENDED;
}

enum http_chunk_result http_chunk_feed(struct http_chunk *chunk, const uint8_t *data,
	size_t length, size_t *ret_used, struct str *ret_data)
{
	size_t used = 0;

	while (used < length && chunk->state != DATA && chunk->state < ENDED)
		chunk->state = (uint8_t)step(chunk, (char)data[used++]);

	*ret_used = used;
	if (chunk->state == FAILED)
		return HTTP_CHUNK_BAD;
	if (chunk->state == ENDED)
		return HTTP_CHUNK_END;
	if (used == length)
		return HTTP_CHUNK_MORE;

	size_t piece = length - used;
	if (piece > chunk->left)
		piece = (size_t)chunk->left;
	*ret_data = (struct str){(const char *)data + used, piece};
	*ret_used = used + piece;
	chunk->left -= piece;
	if (chunk->left == 0)
		chunk->state = DATA_CR;
	return HTTP_CHUNK_DATA;
}
