// SPDX-License-Identifier: MIT
// Names by how often they are there; see the header. One that left stays until that was
// told.
#include "wherry/hub/presence.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "wherry/base/map.h"
#include "wherry/proto/json_text.h"

struct member {
	TAILQ_ENTRY(member) beside;
	size_t times;  // 0: it has left
	bool was_told; // that it is there
	size_t length;
	char name[];
};

struct presence {
	struct map *by_name;
	TAILQ_HEAD(, member) members;
};

struct presence *presence_create(void)
{
	struct presence *presence = calloc(1, sizeof(*presence));
	if (!presence)
		return NULL;
	TAILQ_INIT(&presence->members);
	presence->by_name = map_create();
	if (presence->by_name)
		return presence;
	free(presence);
	return NULL;
}

static void drop(struct presence *presence, struct member *member)
{
	map_remove(presence->by_name, member->name, member->length);
	TAILQ_REMOVE(&presence->members, member, beside);
	free(member);
}

void presence_destroy(struct presence *presence)
{
	if (!presence)
		return;
	while (!TAILQ_EMPTY(&presence->members))
		drop(presence, TAILQ_FIRST(&presence->members));
	map_destroy(presence->by_name);
	free(presence);
}

static struct member *find(struct presence *presence, struct str name)
{
	uintptr_t *place = map_find(presence->by_name, name.data, name.length);
	return place ? (struct member *)*place : NULL;
}

static void add(struct presence *presence, struct str name)
{
	if (map_count(presence->by_name) >= PRESENCE_MAX_NAMES)
		return;
	struct member *member = calloc(1, sizeof(*member) + name.length);
	uintptr_t *place =
		member ? map_put(presence->by_name, name.data, name.length) : NULL;
	if (!place) {
		free(member);
		return;
	}
	member->times = 1;
	member->length = name.length;
	memcpy(member->name, name.data, name.length);
	*place = (uintptr_t)member;
	TAILQ_INSERT_TAIL(&presence->members, member, beside);
}

void presence_enter(struct presence *presence, struct str name)
{
	if (name.length == 0 || name.length > PRESENCE_MAX_LENGTH)
		return;
	struct member *member = find(presence, name);
	if (member)
		member->times++;
	else
		add(presence, name);
}

void presence_leave(struct presence *presence, struct str name)
{
	struct member *member = find(presence, name);
	if (!member || member->times == 0)
		return;
	if (--member->times == 0 && !member->was_told)
		drop(presence, member); // nobody knew
}

enum which {
	PRESENT,
	JOINED,
	LEFT
};

static bool is_of(const struct member *member, enum which which)
{
	switch (which) {
	case PRESENT:
		return member->times > 0;
	case JOINED:
		return member->times > 0 && !member->was_told;
	case LEFT:
		return member->times == 0;
	}
	return false;
}

// At most PRESENCE_MAX_TOLD of them; with none, nothing is written.
static void write_names(const struct presence *presence, enum which which,
	const char *key, struct buf *out)
{
	size_t count = 0;
	const struct member *member;
	TAILQ_FOREACH (member, &presence->members, beside) {
		if (!is_of(member, which) || count == PRESENCE_MAX_TOLD)
			continue;
		if (count++ == 0)
			buf_printf(out, ",\"%s\":[", key);
		else
			buf_append_str(out, STR(","));
		json_text_write_string(out, (struct str){member->name, member->length});
	}
	if (count > 0)
		buf_append_str(out, STR("]"));
}

static void settle(struct presence *presence)
{
	struct member *next, *member = TAILQ_FIRST(&presence->members);
	for (; member; member = next) {
		next = TAILQ_NEXT(member, beside);
		member->was_told = true;
		if (member->times == 0)
			drop(presence, member);
	}
}

void presence_write(
	struct presence *presence, enum conf_presence kind, size_t count, struct buf *out)
{
	buf_append_str(out, STR("{\"count\":"));
	buf_append_u64(out, count);
	if (kind == CONF_PRESENCE_LIST) {
		if (map_count(presence->by_name) <= PRESENCE_MAX_TOLD)
			write_names(presence, PRESENT, "members", out);
		write_names(presence, JOINED, "joined", out);
		write_names(presence, LEFT, "left", out);
	}
	buf_append_str(out, STR("}"));
	settle(presence);
}

void presence_write_names(const struct presence *presence, struct buf *out)
{
	const struct member *member;
	TAILQ_FOREACH (member, &presence->members, beside) {
		if (!is_of(member, PRESENT))
			continue;
		buf_append_u64(out, member->length);
		buf_append_str(out, STR(":"));
		buf_append(out, member->name, member->length);
	}
}
