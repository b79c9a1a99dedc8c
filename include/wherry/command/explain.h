// SPDX-License-Identifier: MIT
// A dry run: what a Wherry with this configuration would do with a request that nobody
// sent, and why. Nothing is opened, resolved or connected.
#pragma once

#include <jansson.h>

#include "wherry/conf/conf.h"

enum {
	EXPLAIN_FIELDS_MAX = 32 // as many as options there can be
};

struct explain_question {
	const char *url;    // http://, https://, ws:// or wss://
	const char *method; // NULL = GET
	const char *source; // address that connects; NULL = EXPLAIN_SOURCE
	const char *fields[EXPLAIN_FIELDS_MAX]; // "Name: value"
	size_t field_count;
};

// Somebody on the internet (RFC 5737).
#define EXPLAIN_SOURCE "192.0.2.1"

// An object, which the caller owns: texts and numbers, lists, and objects of such. NULL:
// *reterr_text (static) says what is wrong with the question, or that memory is short.
MUST_CHECK json_t *explain_answer(const struct conf *conf,
	const struct explain_question *question, const char **reterr_text);
