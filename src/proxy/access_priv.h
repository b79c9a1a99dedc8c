// SPDX-License-Identifier: MIT
// A decision that takes its time, as its parts see it: access.c (the order),
// access_basic.c (passwords), access_service.c (a service that decides) and access_head.c
// (what that is asked).
#pragma once

#include "wherry/proto/http_basic.h"
#include "wherry/proxy/access.h"
#include "wherry/proxy/passwords.h"

struct access_service;

struct access {
	struct site *site;
	const struct edition *edition;
	struct request *request;
	struct forward *forward;
	const struct conf_route *route;
	const struct http_message *message; // NULL once access_start has returned
	access_done_cb done;
	void *arg;
	size_t step;             // the rule that is being asked
	struct loop_timer timer; // its deadline
	struct loop_deferred deferred;
	struct reply reply; // of a refusal
	struct passwords_question *question;
	struct access_service *service; // prepared, if the route has one
	char user[HTTP_BASIC_USER_MAX + 1];
};

// access.c

// Fills in the refusal. Returns REFUSED.
enum access_result access_refuse(
	struct access *access, unsigned status, const char *detail);
// The rule that was PENDING has its answer: goes on to the next one, or tells.
void access_decide(struct access *access, enum access_result result);

// access_basic.c

enum access_result access_basic_ask(struct access *access);

// access_head.c

// The fields of a question to an auth service, but for Host.
void access_head_write(struct buf *out, const struct request_head *head);

// access_service.c

// Writes the head of the sub-request while the message is at hand. False when memory is
// short.
MUST_CHECK bool access_service_prepare(
	struct access *access, const struct access_question *question);
enum access_result access_service_ask(struct access *access);
// Ends what is under way; the memory stays until access_service_free, since callbacks may
// be on the stack.
void access_service_stop(struct access_service *service);
void access_service_free(struct access_service *service);
