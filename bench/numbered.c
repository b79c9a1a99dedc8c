// SPDX-License-Identifier: MIT
// Texts that carry a number and can be verified whole.
#include "numbered.h"

static char letter_at(uint64_t number, size_t index)
{
	return (char)('a' + (number + index) % 26);
}

void numbered_write(char *text, size_t length, uint64_t number)
{
	uint64_t left = number;
	for (size_t i = NUMBERED_DIGITS; i > 0; i--, left /= 10)
		text[i - 1] = (char)('0' + left % 10);
	for (size_t i = NUMBERED_DIGITS; i < length; i++)
		text[i] = letter_at(number, i);
}

bool numbered_read(const char *text, size_t length, uint64_t *ret_number)
{
	uint64_t number = 0;
	if (length < NUMBERED_DIGITS)
		return false;
	for (size_t i = 0; i < NUMBERED_DIGITS; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		number = number * 10 + (uint64_t)(text[i] - '0');
	}
	for (size_t i = NUMBERED_DIGITS; i < length; i++) {
		if (text[i] != letter_at(number, i))
			return false;
	}
	*ret_number = number;
	return true;
}
