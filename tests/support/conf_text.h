// SPDX-License-Identifier: MIT
// A configuration out of a text that the test writes.
#pragma once

#include "wherry/conf/conf.h"

// Asserts that the text is right. The caller owns the reference.
struct conf *conf_text_load(const char *text);
