// SPDX-License-Identifier: MIT
// Basic authentication (RFC 7617): whose name and password does the request bring?
#include <string.h>

#include "access_priv.h"
#include "wherry/base/now.h"

enum {
	CHECK_TIMEOUT_MS = 10 * 1000
};

static enum access_result challenge(struct access *access, const char *detail)
{
	enum access_result result = access_refuse(access, 401, detail);
	access->reply.field = access->route->basic_auth.challenge;
	return result;
}

static enum access_result accept_user(struct access *access)
{
	struct str user = str_from(access->user);
	const char *name = access->route->basic_auth.forward;
	if (!request_set_user(access->request, user))
		return access_refuse(access, 503, "out of memory");
	if (name && access->forward)
		forward_add_field(access->forward, str_from(name), user);
	return ACCESS_ALLOWED;
}

static enum access_result judge(struct access *access, enum passwords_answer answer)
{
	switch (answer) {
	case PASSWORDS_RIGHT:
		return accept_user(access);
	case PASSWORDS_WRONG:
		return challenge(access, "unknown user or wrong password");
	case PASSWORDS_BUSY:
		access->reply.retry_after_s = 1;
		return access_refuse(
			access, 503, "too many passwords are waiting to be checked");
	case PASSWORDS_PENDING:
		break;
	}
	loop_timer_set(&access->timer, now_ms() + CHECK_TIMEOUT_MS);
	return ACCESS_PENDING;
}

static void on_answer(void *arg, enum passwords_answer answer)
{
	struct access *access = arg;
	access->question = NULL;
	access_decide(access, judge(access, answer));
}

static enum access_result ask(struct access *access, const struct http_basic *basic)
{
	struct addr client;
	request_client_address(access->request, &client);
	struct passwords_request request = {
		.route = (size_t)(access->route - access->edition->conf->routes),
		.user = basic->user,
		.password = basic->password,
		.source = &client,
		.loop = access->site->loop,
		.done = on_answer,
		.arg = access,
	};
	memcpy(access->user, basic->user.data, basic->user.length); // ends in NUL
	return judge(access, passwords_ask(access->edition->rules->passwords, &request,
				     &access->question));
}

enum access_result access_basic_ask(struct access *access)
{
	if (!access->route->has_basic_auth)
		return ACCESS_ALLOWED;
	const struct http_field *field =
		http_message_find(access->message, HTTP_FIELD_AUTHORIZATION);
	struct http_basic basic;
	enum access_result result;
	switch (field ? http_basic_read(field->value, &basic) : HTTP_BASIC_NONE) {
	case HTTP_BASIC_OK:
		result = ask(access, &basic);
		break;
	case HTTP_BASIC_BAD:
		result = challenge(access, "malformed credentials (RFC 7617)");
		break;
	default:
		result = challenge(access, "a user and a password are needed");
		break;
	}
	explicit_bzero(&basic, sizeof(basic));
	return result;
}
