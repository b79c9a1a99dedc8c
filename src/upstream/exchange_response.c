// SPDX-License-Identifier: MIT
// The response of an exchange, as it is read.
#include "exchange_priv.h"

enum {
	INTERIM_MAX = 32
}; // an endless row of 1xx is no answer

static void on_final_head(struct exchange *exchange, const struct http_message *head)
{
	exchange->has_head = true;
	// Whether a 101 is good is found out by who takes the stream.
	if (head->status != 101)
		exchange_outcome_answer(exchange, head->status);
	exchange->is_server_keep_alive = head->is_keep_alive;
	const struct http_field *type = http_message_find(head, HTTP_FIELD_CONTENT_TYPE);
	exchange->is_event_stream =
		type && str_has_prefix_nocase(type->value, STR("text/event-stream"));
	if (exchange->request.is_head)
		http_reader_no_body(&exchange->reader);
	exchange_set_timeout(exchange, EXCHANGE_IDLE_TIMEOUT,
		exchange->is_event_stream ? CONF_OFF : exchange->request.idle_timeout_ms);
}

static void tell_bad(struct exchange *exchange)
{
	exchange->error_text = exchange->reader.scan.error;
	if (exchange->reader.is_disagreement)
		counters_add(&loop_counters(exchange->loop)->parser_disagreement, 1);
	exchange_break_off(exchange, EXCHANGE_BAD);
}

enum http_reader_item exchange_next(
	struct exchange *exchange, struct http_message *ret_message)
{
	if (exchange->is_response_ended)
		return HTTP_READER_END;
	// A pause does not hold back the END, for which no byte will come to wake us.
	if (!exchange->data || (stream_is_paused(exchange->stream) &&
				       exchange->reader.at != HTTP_READER_AT_END))
		return HTTP_READER_MORE;
	size_t taken = 0;
	enum http_reader_item item =
		http_reader_next(&exchange->reader, exchange->data + exchange->taken,
			exchange->length - exchange->taken, ret_message, &taken);
	exchange->taken += taken;
	switch (item) {
	case HTTP_READER_HEAD:
		exchange->is_reused = false; // it lives, and has the request
		if (ret_message->status >= 200 || ret_message->status == 101)
			on_final_head(exchange, ret_message);
		break;
	case HTTP_READER_END:
		// 1xx responses are heads with an end of their own (RFC 9110
		// section 15.2).
		if (!exchange->has_head && ++exchange->interim_count <= INTERIM_MAX)
			return exchange_next(exchange, ret_message);
		if (!exchange->has_head) {
			exchange->error_text = "more interim responses than 32";
			exchange_break_off(exchange, EXCHANGE_BAD);
			return HTTP_READER_BAD;
		}
		exchange->is_response_ended = true;
		loop_timer_clear(&exchange->timer);
		break;
	case HTTP_READER_BAD:
		tell_bad(exchange);
		break;
	case HTTP_READER_MORE:
	case HTTP_READER_BODY:
		break;
	}
	return item;
}

void exchange_pause(struct exchange *exchange)
{
	if (!exchange->stream)
		return;
	stream_pause(exchange->stream);
	loop_timer_clear(&exchange->timer); // its silence is our doing
}

void exchange_resume(struct exchange *exchange)
{
	if (!exchange->stream || !stream_is_paused(exchange->stream))
		return;
	stream_resume(exchange->stream);
	if (exchange->has_head && !exchange->is_event_stream)
		exchange_set_timeout(exchange, EXCHANGE_IDLE_TIMEOUT,
			exchange->request.idle_timeout_ms);
}
