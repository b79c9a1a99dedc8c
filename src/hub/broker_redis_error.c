// SPDX-License-Identifier: MIT
// Errors by which Redis refuses whatever is asked for, and what to do about them.
#include <string.h>

#include "broker_redis_priv.h"

struct error {
	const char *code;
	bool is_fatal;
	const char *advice;
};

#define NEEDS "see hub.prefix in wherry.yaml(5) for what its user needs"

static const struct error errors[] = {
	{"BUSY ", true, "a script of somebody else runs there for too long"},
	{"LOADING ", true, "it reads its data, which will end"},
	{"MASTERDOWN ", true, "hub.url leads to a replica that has lost its primary"},
	{"MISCONF ", true, "it can't write to its disk: make room there, see its log"},
	{"NOAUTH ", true, "it wants a password: hub.password_file"},
	{"NOPERM ", false, NEEDS},
	{"can't run this command", false, NEEDS}, // within a script
	{"NOREPLICAS ", true, "too few of its replicas are there"},
	{"NOSCRIPT ", true, NULL}, // they are loaded again
	{"OOM ", true, "its memory is full: raise its maxmemory"},
	{"READONLY ", true, "hub.url leads to a replica, and not to the primary"},
	{"WRONGPASS ", true, "see the user in hub.url, and hub.password_file"},
};

enum {
	ERROR_COUNT = sizeof(errors) / sizeof(errors[0])
};

bool broker_redis_error_is_fatal(struct str error)
{
	for (size_t i = 0; i < ERROR_COUNT; i++) {
		if (errors[i].is_fatal && str_has_prefix(error, str_from(errors[i].code)))
			return true;
	}
	return false;
}

const char *broker_redis_error_advice(const char *error)
{
	for (size_t i = 0; i < ERROR_COUNT; i++) {
		if (strstr(error, errors[i].code))
			return errors[i].advice;
	}
	return NULL;
}
