// SPDX-License-Identifier: MIT
// A worker's live keys; see the header.
#include "wherry/proxy/lives.h"

#include <stdlib.h>

#include "lives_priv.h"
#include "wherry/base/log.h"

static struct live_entry *find(struct lives *lives, struct str key)
{
	uintptr_t *place = map_find(lives->entries, key.data, key.length);
	return place ? (struct live_entry *)*place : NULL;
}

static void on_fetch(void *arg, struct str key, struct live_snapshot *newest)
{
	static const struct live_result unwanted = {.outcome = LIVE_UNWANTED};
	struct lives *lives = arg;
	struct live_entry *entry = find(lives, key);
	if (entry && entry->is_joined && live_entry_is_wanted(entry)) {
		live_fetch_start(entry, newest);
		return;
	}
	if (entry)
		live_entry_part(entry);
	if (!live_port_report(lives->port, key, &unwanted))
		log_error("live: out of memory: a URL stands still for a while");
}

static void on_news(void *arg, struct str key, const struct live_news *news)
{
	struct lives *lives = arg;
	struct live_entry *entry = find(lives, key);
	if (entry && entry->is_joined)
		live_entry_take_news(entry, news);
}

static const struct live_port_handler handler = {
	.on_fetch = on_fetch,
	.on_news = on_news,
};

struct lives *lives_create(struct site *site, struct live *home)
{
	struct lives *lives = calloc(1, sizeof(*lives));
	if (!lives)
		return NULL;
	lives->site = site;
	LIST_INIT(&lives->all);
	LIST_INIT(&lives->fetches);
	lives->entries = map_create();
	lives->port = live_port_create(home, site->loop, &handler, lives);
	if (lives->entries && lives->port)
		return lives;
	lives_destroy(lives);
	return NULL;
}

void lives_destroy(struct lives *lives)
{
	if (!lives)
		return;
	live_fetch_stop_all(lives);
	while (!LIST_EMPTY(&lives->all))
		live_entry_destroy(LIST_FIRST(&lives->all));
	live_port_destroy(lives->port);
	map_destroy(lives->entries);
	buf_finish(&lives->key.text);
	free(lives);
}
