// SPDX-License-Identifier: MIT
// "Did you mean ...?": the candidate nearest to a mistyped word.
#pragma once

#include "wherry/base/str.h"

struct conf_suggest {
	struct str word;
	struct str nearest; // of those offered; empty if none is near enough
	size_t distance;    // of nearest
};

void conf_suggest_init(struct conf_suggest *suggest, struct str word);
// The candidate is borrowed.
void conf_suggest_offer(struct conf_suggest *suggest, struct str candidate);
