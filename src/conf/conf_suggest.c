// SPDX-License-Identifier: MIT
// Edit distance: letters inserted, left out, replaced, or swapped with the next one.
#include "wherry/conf/conf_suggest.h"

enum {
	MAX_LENGTH = 48, // of words that are compared; no key is longer
	LETTERS_PER_TYPO = 3
};

void conf_suggest_init(struct conf_suggest *suggest, struct str word)
{
	// One typo is forgiven in short words, one more for every few letters.
	size_t typos =
		word.length < 2 * LETTERS_PER_TYPO ? 1 : word.length / LETTERS_PER_TYPO;
	*suggest = (struct conf_suggest){.word = word, .distance = typos + 1};
}

static size_t least(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;
	return ab < c ? ab : c;
}

// Row i of the table holds the distances between the first i letters of a and every
// beginning of b; three rows are enough to see a swap.
static size_t distance(struct str a, struct str b)
{
	size_t rows[3][MAX_LENGTH + 1];
	for (size_t j = 0; j <= b.length; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a.length; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i - 1) % 3];
		row[0] = i;
		for (size_t j = 1; j <= b.length; j++) {
			bool differs = a.data[i - 1] != b.data[j - 1];
			row[j] = least(
				above[j] + 1, row[j - 1] + 1, above[j - 1] + differs);
			if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] &&
				a.data[i - 2] == b.data[j - 1])
				row[j] = least(
					row[j], row[j], rows[(i - 2) % 3][j - 2] + 1);
		}
	}
	return rows[a.length % 3][b.length];
}

void conf_suggest_offer(struct conf_suggest *suggest, struct str candidate)
{
	if (suggest->word.length > MAX_LENGTH || candidate.length > MAX_LENGTH)
		return;
	size_t candidate_distance = distance(suggest->word, candidate);
	// A word of which every letter changes is another word.
	if (candidate_distance >= suggest->distance ||
		candidate_distance >= candidate.length)
		return;
	suggest->nearest = candidate;
	suggest->distance = candidate_distance;
}
