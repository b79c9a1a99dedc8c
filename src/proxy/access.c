// SPDX-License-Identifier: MIT
// The rules of a route in their order; see the header.
#include "wherry/proxy/access.h"

#include "wherry/proxy/limits.h"

static enum access_result refuse(
	struct reply *reply, unsigned status, const char *detail, const char *field)
{
	reply->status = status;
	reply->detail = detail;
	reply->field = field;
	return ACCESS_REFUSED;
}

// deny wins; where there is a list of those allowed, nobody else is.
static bool is_network_allowed(
	const struct conf_access *access, const struct request *request)
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

static bool is_rate_kept(const struct access_question *question, struct reply *reply)
{
	struct limits_refusal refusal;
	if (limits_enter_request(question->site->limits, question->request, &refusal))
		return true;
	reply->status = refusal.status;
	reply->detail = refusal.detail;
	reply->retry_after_s = refusal.retry_after_s;
	return false;
}

enum access_result access_start(const struct access_question *question,
	access_done_cb done, void *arg, struct access **ret_access,
	struct reply *ret_reply)
{
	const struct conf_route *route = question->request->route;
	*ret_access = NULL;
	if (!is_network_allowed(&route->access, question->request))
		return refuse(ret_reply, 403,
			"this address may not use this route (access)", NULL);
	if (!is_rate_kept(question, ret_reply))
		return ACCESS_REFUSED;
	return ACCESS_ALLOWED;
}

void access_destroy(struct access *access)
{
}
