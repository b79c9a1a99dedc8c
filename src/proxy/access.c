// SPDX-License-Identifier: MIT
// The rules of a route in their order; see the header.
#include "wherry/proxy/access.h"

#include <stdlib.h>

#include "access_jwt_priv.h"
#include "access_priv.h"
#include "wherry/proxy/limits.h"

// Those that may take their time, in their order.
typedef enum access_result access_rule_cb(struct access *access);
static access_rule_cb *const rules[] = {access_basic_ask, access_service_ask};

static enum access_result refuse(
	struct reply *reply, unsigned status, const char *detail, const char *field)
{
	reply->status = status;
	reply->detail = detail;
	reply->field = field;
	return ACCESS_REFUSED;
}

enum access_result access_refuse(
	struct access *access, unsigned status, const char *detail)
{
	return refuse(&access->reply, status, detail, NULL);
}

bool access_allows_client(const struct conf_access *access, const struct request *request)
{
	struct addr client;
	if (!access->allow && !access->deny)
		return true;
	request_client_address(request, &client);
	if (addr_network_has(access->deny, access->deny_count, &client))
		return false;
	return !access->allow ||
	       addr_network_has(access->allow, access->allow_count, &client);
}

static enum access_result ask_rules(struct access *access)
{
	for (; access->step < sizeof(rules) / sizeof(rules[0]); access->step++) {
		enum access_result result = rules[access->step](access);
		if (result != ACCESS_ALLOWED)
			return result;
	}
	return ACCESS_ALLOWED;
}

void access_decide(struct access *access, enum access_result result)
{
	loop_timer_clear(&access->timer);
	if (result == ACCESS_ALLOWED) {
		access->step++;
		result = ask_rules(access);
	}
	if (result != ACCESS_PENDING)
		access->done(access->arg, result, &access->reply);
}

static void on_late(void *arg)
{
	struct access *access = arg;
	bool is_service = rules[access->step] == access_service_ask;
	if (access->service)
		access_service_stop(access->service);
	if (!is_service)
		access->reply.retry_after_s = 1;
	access_decide(access,
		is_service ? access_refuse(access, 504,
				     "the auth service gave no answer in time")
			   : access_refuse(access, 503,
				     "too many passwords are waiting to be checked"));
}

static struct access *create(
	const struct access_question *question, access_done_cb done, void *arg)
{
	struct access *access = calloc(1, sizeof(*access));
	if (!access)
		return NULL;
	access->site = question->site;
	access->edition = question->edition;
	access->request = question->request;
	access->forward = question->forward;
	access->route = question->request->route;
	access->message = question->message;
	access->done = done;
	access->arg = arg;
	loop_timer_init(&access->timer, access->site->loop, on_late, access);
	if (!access->route->has_forward_auth || access_service_prepare(access, question))
		return access;
	access_destroy(access);
	return NULL;
}

static enum access_result start_rules(const struct access_question *question,
	access_done_cb done, void *arg, struct access **ret_access,
	struct reply *ret_reply)
{
	struct access *access = create(question, done, arg);
	if (!access)
		return refuse(ret_reply, 503, "out of memory", NULL);
	enum access_result result = ask_rules(access);
	access->message = NULL;
	if (result == ACCESS_PENDING) {
		*ret_access = access;
		return result;
	}
	*ret_reply = access->reply;
	access_destroy(access);
	return result;
}

enum access_result access_start(const struct access_question *question,
	access_done_cb done, void *arg, struct access **ret_access,
	struct reply *ret_reply)
{
	const struct conf_route *route = question->request->route;
	*ret_access = NULL;
	if (!access_allows_client(&route->access, question->request))
		return refuse(ret_reply, 403,
			"this address may not use this route (access)", NULL);
	if (!limits_enter_request(question->site->limits, question->edition->rules,
		    question->request, ret_reply))
		return ACCESS_REFUSED;
	if (route->has_jwt && access_jwt_check(question, ret_reply) == ACCESS_REFUSED)
		return ACCESS_REFUSED;
	if (!route->has_basic_auth && !route->has_forward_auth)
		return ACCESS_ALLOWED;
	return start_rules(question, done, arg, ret_access, ret_reply);
}

static void free_access(void *arg)
{
	struct access *access = arg;
	access_service_free(access->service);
	free(access);
}

void access_destroy(struct access *access)
{
	if (!access)
		return;
	loop_timer_finish(&access->timer);
	if (access->question)
		passwords_forget(access->question);
	access->question = NULL;
	if (access->service)
		access_service_stop(access->service);
	loop_defer(access->site->loop, &access->deferred, free_access, access);
}
