// SPDX-License-Identifier: MIT
// Claims by name, and in the order in which they were made; see the header. Lives are
// those of a few routes, so the oldest is nearly always the first to end: what ended
// behind a longer one waits for it, and is only remembered for longer than it must be.
#include "wherry/hub/claims.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "wherry/base/map.h"

struct claim {
	TAILQ_ENTRY(claim) beside;
	uint64_t until_ms;
	size_t length;
	char name[];
};

struct claims {
	struct map *by_name;
	TAILQ_HEAD(, claim) by_age; // the oldest first
};

struct claims *claims_create(void)
{
	struct claims *claims = calloc(1, sizeof(*claims));
	if (!claims)
		return NULL;
	TAILQ_INIT(&claims->by_age);
	claims->by_name = map_create();
	if (claims->by_name)
		return claims;
	free(claims);
	return NULL;
}

static void drop(struct claims *claims, struct claim *claim)
{
	map_remove(claims->by_name, claim->name, claim->length);
	TAILQ_REMOVE(&claims->by_age, claim, beside);
	free(claim);
}

void claims_destroy(struct claims *claims)
{
	if (!claims)
		return;
	while (!TAILQ_EMPTY(&claims->by_age))
		drop(claims, TAILQ_FIRST(&claims->by_age));
	map_destroy(claims->by_name);
	free(claims);
}

enum claims_result claims_make(
	struct claims *claims, struct str name, uint64_t life_ms, uint64_t now_ms)
{
	struct claim *oldest;
	while ((oldest = TAILQ_FIRST(&claims->by_age)) && oldest->until_ms <= now_ms)
		drop(claims, oldest);
	uintptr_t *known = map_find(claims->by_name, name.data, name.length);
	if (known && ((struct claim *)*known)->until_ms > now_ms)
		return CLAIMS_KNOWN;
	if (known)
		drop(claims, (struct claim *)*known);
	if (map_count(claims->by_name) >= CLAIMS_MAX)
		return CLAIMS_FULL;
	struct claim *claim = malloc(sizeof(*claim) + name.length);
	uintptr_t *place =
		claim ? map_put(claims->by_name, name.data, name.length) : NULL;
	if (!place) {
		free(claim);
		return CLAIMS_FULL;
	}
	claim->until_ms = now_ms + life_ms;
	claim->length = name.length;
	if (name.length > 0)
		memcpy(claim->name, name.data, name.length);
	*place = (uintptr_t)claim;
	TAILQ_INSERT_TAIL(&claims->by_age, claim, beside);
	return CLAIMS_OK;
}
