// SPDX-License-Identifier: MIT
// Asks for a token; see the header. Answers are those of RFC 6750 section 3.
#include "access_jwt_priv.h"

#include "wherry/base/now.h"
#include "wherry/proxy/token_place.h"
#include "wherry/proxy/tokens.h"

static enum access_result refuse(const struct conf_jwt *jwt, struct reply *reply,
	unsigned status, const char *error, const char *detail)
{
	reply->status = status;
	reply->detail = detail;
	reply->bearer_realm = jwt->realm;
	reply->bearer_error = error;
	return ACCESS_REFUSED;
}

// The first place that has one counts.
static size_t find_token(const struct conf_jwt *jwt, const struct http_message *message,
	struct str *ret_token)
{
	size_t count = 0;
	for (size_t i = 0; i < jwt->place_count && count == 0; i++)
		count = token_place_find(&jwt->places[i], message, ret_token);
	return count;
}

static bool set_user(struct request *request, const struct jwt *token)
{
	struct buf subject = BUF_INIT;
	bool is_set = !jwt_write_claim(token, "sub", &subject) ||
		      request_set_user(request, buf_str(&subject));
	is_set = is_set && !subject.is_failed;
	buf_finish(&subject);
	return is_set;
}

// What can't be a header's value is left out, as what is not there.
static void forward_claims(struct forward *forward, const struct conf_headers *headers,
	const struct jwt *token)
{
	struct buf value = BUF_INIT;
	for (size_t i = 0; i < headers->set_count && forward; i++) {
		buf_clear(&value);
		if (jwt_write_claim(token, headers->set[i].value, &value) &&
			!value.is_failed)
			forward_add_field(forward, str_from(headers->set[i].name),
				str_trim(buf_str(&value)));
	}
	buf_finish(&value);
}

// Tokens go by the calendar, and what they open by the clock that is never set.
static void set_expiry(
	struct request *request, const struct jwt *token, uint64_t calendar)
{
	if (token->expires_ms != UINT64_MAX)
		request->expires_ms = now_ms() + (token->expires_ms - calendar);
}

enum access_result access_jwt_check(
	const struct access_question *question, struct reply *ret_reply)
{
	struct request *request = question->request;
	const struct conf_jwt *jwt = &request->route->jwt;
	size_t route = (size_t)(request->route - question->edition->conf->routes);
	uint64_t calendar = now_calendar_ms();
	struct str text;
	struct jwt token;
	const char *error;
	size_t count = find_token(jwt, question->message, &text);
	if (count == 0)
		return refuse(jwt, ret_reply, 401, NULL, "this route asks for a token");
	if (count > 1)
		return refuse(jwt, ret_reply, 400, "invalid_request",
			"more than one token in the same place");
	switch (jwt_verify(tokens_policy(question->edition->rules->tokens, route), text,
		calendar, &token, &error)) {
	case JWT_INVALID:
		return refuse(jwt, ret_reply, 401, "invalid_token", error);
	case JWT_INSUFFICIENT:
		return refuse(jwt, ret_reply, 403, "insufficient_scope", error);
	case JWT_OK:
		break;
	}
	bool has_memory = set_user(request, &token);
	set_expiry(request, &token, calendar);
	forward_claims(question->forward, &jwt->forward, &token);
	if (question->push && question->push->methods->take_token)
		question->push->methods->take_token(question->push, &token);
	jwt_finish(&token);
	if (has_memory)
		return ACCESS_ALLOWED;
	ret_reply->status = 503;
	ret_reply->detail = "out of memory";
	return ACCESS_REFUSED;
}
