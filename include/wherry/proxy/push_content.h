// SPDX-License-Identifier: MIT
// What the templates of a route make of one body: channel, payload, key, and what a
// delivery is known by.
#pragma once

#include "wherry/base/template.h"
#include "wherry/proxy/push_values.h"
#include "wherry/proxy/reply.h"

struct push_content {
	const struct push_values *values; // of the request
	struct str body;
	struct str json; // where {json.NAME} begins: a JSON text; empty = it is none
};

enum push_content_result {
	PUSH_CONTENT_OK = 0,
	PUSH_CONTENT_NO_CLAIM, // the token lacks a value
	PUSH_CONTENT_MISSING,  // the request or its body lacks it
	PUSH_CONTENT_BAD,      // the result is too long, or can't be a name
	PUSH_CONTENT_MEMORY,
};

struct push_content_error {
	const char *text;                 // what is wrong; static
	const struct template_part *part; // with this placeholder; NULL = with none
};

// Each appends to out, which is no good unless OK.

// The name of a channel, or another one as short; of JSON it takes texts, and numbers,
// true and false as they are written.
MUST_CHECK enum push_content_result push_content_name(const struct push_content *content,
	const struct template *template, struct buf *out,
	struct push_content_error *reterr);
// The payload. If its template makes JSON, each value is put in as JSON, texts in quotes;
// else texts are put in as they are, and other values as JSON.
MUST_CHECK enum push_content_result push_content_payload(
	const struct push_content *content, const struct template *template,
	size_t max_bytes, struct buf *out, struct push_content_error *reterr);

// What who asked is told of a result that is not OK. The detail names the placeholder
// that has no value, and is then in text, which is empty and outlives the reply.
struct reply push_content_refusal(enum push_content_result result,
	const struct push_content_error *error, struct buf *text);

// A template that starts like JSON makes JSON, whatever its values are?
bool push_content_is_sound(const struct template *template);
