// SPDX-License-Identifier: MIT
// An auth service decides (forward_auth): a GET of its own with what the client sent but
// for the body. 2xx allows; any other answer is the client's. No answer is no.
#include <stdlib.h>

#include "access_priv.h"
#include "wherry/base/log.h"
#include "wherry/base/now.h"
#include "wherry/proto/http_write.h"
#include "wherry/proxy/head_fields.h"

enum {
	BODY_MAX = 64 * 1024 // of an answer
};

struct access_service {
	struct exchange exchange;
	struct buf line, fields;         // of the question's head
	struct buf reply_fields, answer; // of a refusal
	unsigned status;                 // 0: no head yet
};

static bool is_allowed(unsigned status)
{
	return status >= 200 && status < 300;
}

// Called for each server that is tried.
static void write_head(void *arg, const struct upstream_server *server, struct buf *out)
{
	struct access *access = arg;
	struct access_service *service = access->service;
	buf_append_str(out, buf_str(&service->line));
	request_head_write_server_host(out, &server->url);
	buf_append_str(out, buf_str(&service->fields));
	http_write_end(out);
	out->is_failed |= service->line.is_failed | service->fields.is_failed;
}

static void take_allowed(struct access *access, const struct http_message *message)
{
	const struct conf_names *names = &access->route->forward_auth.response_fields;
	for (size_t i = 0; i < message->field_count && access->forward; i++) {
		const struct http_field *field = &message->fields[i];
		if (!field->is_dropped && head_fields_is_named(names, field->name))
			forward_add_field(access->forward, field->name, field->value);
	}
}

// Ours are Date, Via and what frames the body.
static void take_refused(
	struct access_service *service, const struct http_message *message)
{
	for (size_t i = 0; i < message->field_count; i++) {
		const struct http_field *field = &message->fields[i];
		if (field->is_dropped || field->id == HTTP_FIELD_VIA ||
			field->id == HTTP_FIELD_CONTENT_LENGTH ||
			str_equal_nocase(field->name, STR("Date")))
			continue;
		http_write_field(&service->reply_fields, field->name, field->value);
	}
}

static enum access_result refuse(struct access *access)
{
	struct access_service *service = access->service;
	if (service->reply_fields.is_failed || service->answer.is_failed)
		return access_refuse(access, 503, "out of memory");
	access->reply.fields = buf_str(&service->reply_fields);
	access->reply.body = buf_str(&service->answer);
	access->reply.has_body = true;
	return access_refuse(
		access, service->status, "the auth service refused (forward_auth)");
}

static void fail(struct access *access, unsigned status, const char *detail)
{
	access_service_stop(access->service);
	access_decide(access, access_refuse(access, status, detail));
}

static void take_head(struct access *access, const struct http_message *message)
{
	struct access_service *service = access->service;
	if (message->status < 200 && message->status != 101)
		return; // interim
	service->status = message->status;
	if (is_allowed(message->status))
		take_allowed(access, message);
	else
		take_refused(service, message);
}

// The whole answer is there.
static void conclude(struct access *access)
{
	struct access_service *service = access->service;
	access_service_stop(service);
	access_decide(
		access, is_allowed(service->status) ? ACCESS_ALLOWED : refuse(access));
}

// False once it is over.
static bool pull(struct access *access)
{
	struct access_service *service = access->service;
	struct http_message message;
	switch (exchange_next(&service->exchange, &message)) {
	case HTTP_READER_HEAD:
		take_head(access, &message);
		if (service->status != 101)
			return true;
		fail(access, 502, "the auth service's response broke HTTP");
		return false;
	case HTTP_READER_BODY:
		buf_append_str(&service->answer, service->exchange.reader.body);
		if (service->answer.length <= BODY_MAX)
			return true;
		fail(access, 502, "the auth service's answer is longer than 64 KiB");
		return false;
	case HTTP_READER_END:
		conclude(access);
		return false;
	case HTTP_READER_MORE:
	case HTTP_READER_BAD:
		break;
	}
	return false;
}

static void on_readable(void *arg)
{
	while (pull(arg))
		continue;
}

static const char *describe(enum exchange_failure failure)
{
	switch (failure) {
	case EXCHANGE_REFUSED:
	case EXCHANGE_TLS:
	case EXCHANGE_STALL:
	case EXCHANGE_FULL:
		return "the auth service could not be asked";
	case EXCHANGE_UNRESOLVED:
		return "the auth service's name has no address";
	case EXCHANGE_CONNECT_TIMEOUT:
	case EXCHANGE_RESPONSE_TIMEOUT:
	case EXCHANGE_IDLE_TIMEOUT:
		return "the auth service gave no answer in time";
	case EXCHANGE_LOST:
		return "the auth service closed before its answer was complete";
	case EXCHANGE_BAD:
		return "the auth service's response broke HTTP";
	case EXCHANGE_OVERLOAD: // no key of its group says so
	case EXCHANGE_MEMORY:
		return "out of memory";
	}
	return "";
}

static void on_fail(void *arg, enum exchange_failure failure)
{
	struct access *access = arg;
	const char *error = access->service->exchange.error_text;
	if (error)
		log_info("%s answered badly: %s", access->route->forward_auth.server.text,
			error);
	fail(access, forward_find_failure(failure)->status, describe(failure));
}

static const struct exchange_handler exchange_events = {
	.on_readable = on_readable,
	.on_fail = on_fail,
};

bool access_service_prepare(struct access *access, const struct access_question *question)
{
	struct request_head head = {
		.conf = access->edition->conf,
		.peer = question->peer,
		.tls = question->tls,
		.request = access->request,
		.message = question->message,
	};
	struct access_service *service = calloc(1, sizeof(*service));
	if (!service)
		return false;
	access->service = service;
	exchange_init(&service->exchange, access->site->pool, access->site->loop,
		&exchange_events, write_head, access);
	http_write_request_line(
		&service->line, STR("GET"), str_from(access->route->forward_auth.target));
	access_head_write(&service->fields, &head);
	return true;
}

enum access_result access_service_ask(struct access *access)
{
	const struct conf_forward_auth *auth = &access->route->forward_auth;
	const struct conf *conf = access->edition->conf;
	struct access_service *service = access->service;
	const char *user_field = access->route->basic_auth.forward;
	enum exchange_failure failure;
	if (!service)
		return ACCESS_ALLOWED;
	if (user_field && access->request->user)
		http_write_field(&service->fields, str_from(user_field),
			str_from(access->request->user));
	struct exchange_request plan = {
		.upstream = &access->edition->upstreams->upstreams[auth->upstream],
		.may_repeat = true,
		.may_reuse = true,
		.body_kind = HTTP_BODY_NONE,
		.connect_timeout_ms = conf->timeouts.connect_ms,
		.response_timeout_ms = auth->timeout_ms,
		.idle_timeout_ms = auth->timeout_ms,
		.write_stall_ms = conf->timeouts.write_stall_ms,
		.limits = {conf->limits.header, HTTP_SCAN_LIMITS_DEFAULT.line_bytes},
	};
	if (!exchange_start(&service->exchange, &plan, &failure))
		return access_refuse(
			access, forward_find_failure(failure)->status, describe(failure));
	loop_timer_set(&access->timer, now_ms() + auth->timeout_ms);
	return ACCESS_PENDING;
}

void access_service_stop(struct access_service *service)
{
	if (service->exchange.is_open)
		exchange_finish(&service->exchange);
}

void access_service_free(struct access_service *service)
{
	if (!service)
		return;
	loop_timer_finish(&service->exchange.timer);
	buf_finish(&service->line);
	buf_finish(&service->fields);
	buf_finish(&service->reply_fields);
	buf_finish(&service->answer);
	free(service);
}
