// SPDX-License-Identifier: MIT
// Texts that carry a number and can be verified whole: its twenty digits, then letters
// that begin at another one for each number. What is published and polled in the
// benchmark.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	NUMBERED_DIGITS = 20 // of UINT64_MAX; the shortest text
};

void numbered_write(char *text, size_t length, uint64_t number);

// False: it is not the text of any number.
bool numbered_read(const char *text, size_t length, uint64_t *ret_number);
