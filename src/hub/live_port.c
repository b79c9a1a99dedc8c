// SPDX-License-Identifier: MIT
// Words between the home of live URLs and a worker, each posted with all that it needs.
#include "wherry/hub/live_port.h"

#include <stdlib.h>
#include <string.h>

#include "live_priv.h"

struct live_port {
	_Atomic size_t references; // the worker's, those of topics, and of words
	_Atomic bool is_closed;
	_Atomic unsigned lost; // reports
	struct live *live;
	struct loop *loop;
	const struct live_port_handler *handler;
	void *arg;
};

struct word {
	struct live_port *port; // a reference
	void (*hear)(const struct word *word, struct str key);
	struct live_snapshot *snapshot; // a reference, or NULL
	struct live_rules rules;
	struct live_result result;
	struct live_news news;
	struct str key, route; // behind it
	char text[];
};

struct live_port *live_port_create(struct live *live, struct loop *loop,
	const struct live_port_handler *handler, void *arg)
{
	struct live_port *port = calloc(1, sizeof(*port));
	if (!port)
		return NULL;
	atomic_init(&port->references, 1);
	port->live = live;
	port->loop = loop;
	port->handler = handler;
	port->arg = arg;
	return port;
}

struct live_port *live_port_ref(struct live_port *port)
{
	atomic_fetch_add_explicit(&port->references, 1, memory_order_relaxed);
	return port;
}

void live_port_unref(struct live_port *port)
{
	if (atomic_fetch_sub_explicit(&port->references, 1, memory_order_acq_rel) == 1)
		free(port);
}

void live_port_destroy(struct live_port *port)
{
	if (!port)
		return;
	atomic_store(&port->is_closed, true);
	live_port_unref(port);
}

bool live_port_is_closed(const struct live_port *port)
{
	return atomic_load(&port->is_closed);
}

unsigned live_port_count_lost(const struct live_port *port)
{
	return atomic_load(&port->lost);
}

static void run(void *arg)
{
	struct word *word = arg;
	if (!atomic_load(&word->port->is_closed))
		word->hear(word, word->key);
	live_snapshot_unref(word->snapshot);
	live_port_unref(word->port);
	free(word);
}

static struct str copy(char *to, struct str text)
{
	if (text.length > 0)
		memcpy(to, text.data, text.length);
	return (struct str){to, text.length};
}

static struct word *make(struct live_port *port, struct str key, struct str route,
	void (*hear)(const struct word *word, struct str key),
	struct live_snapshot *snapshot)
{
	struct word *word = calloc(1, sizeof(*word) + key.length + route.length);
	if (!word)
		return NULL;
	word->port = live_port_ref(port);
	word->hear = hear;
	word->snapshot = live_snapshot_ref(snapshot);
	word->key = copy(word->text, key);
	word->route = copy(word->text + key.length, route);
	return word;
}

static bool post(struct loop *loop, struct word *word)
{
	if (!word)
		return false;
	if (loop_post(loop, run, word))
		return true;
	live_snapshot_unref(word->snapshot);
	live_port_unref(word->port);
	free(word);
	return false;
}

static void hear_join(const struct word *word, struct str key)
{
	live_hear_join(word->port->live, word->port, key, word->route, &word->rules);
}

bool live_port_join(struct live_port *port, struct str key, struct str route,
	const struct live_rules *rules)
{
	struct word *word = make(port, key, route, hear_join, NULL);
	if (word)
		word->rules = *rules;
	return post(port->live->loop, word);
}

static void hear_part(const struct word *word, struct str key)
{
	live_hear_part(word->port->live, word->port, key);
}

bool live_port_part(struct live_port *port, struct str key)
{
	return post(port->live->loop, make(port, key, STR(""), hear_part, NULL));
}

static void hear_report(const struct word *word, struct str key)
{
	live_hear_report(word->port->live, word->port, key, &word->result);
}

bool live_port_report(
	struct live_port *port, struct str key, const struct live_result *result)
{
	struct word *word = make(port, key, STR(""), hear_report, result->snapshot);
	if (word)
		word->result = *result;
	if (post(port->live->loop, word))
		return true;
	atomic_fetch_add(&port->lost, 1);
	return false;
}

static void hear_fetch(const struct word *word, struct str key)
{
	word->port->handler->on_fetch(word->port->arg, key, word->snapshot);
}

// A port is closed by the thread of the home, once the worker's has ended: what is seen
// open here is a loop that is still there.
bool live_port_fetch(struct live_port *port, struct str key, struct live_snapshot *newest)
{
	return !atomic_load(&port->is_closed) &&
	       post(port->loop, make(port, key, STR(""), hear_fetch, newest));
}

static void hear_news(const struct word *word, struct str key)
{
	word->port->handler->on_news(word->port->arg, key, &word->news);
}

bool live_port_tell(struct live_port *port, struct str key, const struct live_news *news)
{
	if (atomic_load(&port->is_closed))
		return false;
	struct word *word = make(port, key, STR(""), hear_news, news->snapshot);
	if (word)
		word->news = *news;
	return post(port->loop, word);
}
