// SPDX-License-Identifier: MIT
// A loop of its own that ends with the last answer.
#include "wherry/command/check_names.h"

#include <stdlib.h>

#include "wherry/base/now.h"
#include "wherry/base/url_redis.h"
#include "wherry/net/loop.h"
#include "wherry/net/resolver.h"

enum {
	GRACE_MS = 1000, // a look-up may try twice
};

struct question {
	struct check *check;
	const char *named_at;
	const char *text; // NULL: was answered
};

struct check {
	struct loop *loop;
	struct resolver *resolver;
	struct loop_timer deadline;
	struct question *questions; // as many as there are servers, and Redis
	size_t open_count;
	struct buf *text;
};

static void tell(struct check *check, const struct question *question, const char *error)
{
	buf_printf(check->text,
		"%s: %s: its name has no address (expected one by now, found: %s)\n",
		question->named_at, question->text, error);
}

// The first answer counts; it may come again when the loop is about to end.
static void on_answer(
	void *arg, const struct addr *addresses, size_t count, const char *error)
{
	struct question *question = arg;
	struct check *check = question->check;
	if (!question->text)
		return;
	if (count == 0)
		tell(check, question, error);
	question->text = NULL;
	if (--check->open_count == 0)
		loop_stop(check->loop);
}

static void on_deadline(void *arg)
{
	struct check *check = arg;
	loop_stop(check->loop);
}

static bool ask(struct check *check, struct str host, uint16_t port, const char *named_at,
	const char *text)
{
	struct addr address;
	struct question *question = &check->questions[check->open_count];
	if (addr_parse_ip(host, port, &address))
		return true;
	*question = (struct question){check, named_at, text};
	check->open_count++;
	return resolver_follow(check->resolver, host, port, on_answer, question) != NULL;
}

static bool ask_hub(struct check *check, const struct conf *conf)
{
	struct url_redis url;
	const char *expected;
	if (conf->hub.broker != CONF_BROKER_REDIS ||
		!url_redis_parse(str_from(conf->hub.url), &url, &expected) || url.is_unix)
		return true;
	return ask(check, url.host, url.port, "hub.url", conf->hub.url);
}

static bool ask_all(struct check *check, const struct conf *conf)
{
	for (size_t i = 0; i < conf->upstream_count; i++) {
		const struct conf_upstream *upstream = &conf->upstreams[i];
		for (size_t j = 0; j < upstream->server_count; j++) {
			const struct conf_server *server = &upstream->servers[j];
			const struct url *url = &server->url;
			if (url->scheme != URL_UNIX &&
				!ask(check, url->host, url->port, server->named_at,
					server->text))
				return false;
		}
	}
	return ask_hub(check, conf);
}

static size_t count_servers(const struct conf *conf)
{
	size_t count = 0;
	for (size_t i = 0; i < conf->upstream_count; i++)
		count += conf->upstreams[i].server_count;
	return count;
}

static bool run(struct check *check, const struct conf *conf)
{
	const struct conf_resolver *resolver = &conf->resolver;
	check->questions = calloc(count_servers(conf) + 1, sizeof(*check->questions));
	check->resolver = resolver_create(check->loop, resolver);
	if (!check->questions || !check->resolver || !ask_all(check, conf))
		return false;
	if (check->open_count == 0)
		return true;
	loop_timer_set(&check->deadline, now_ms() + resolver->timeout_ms + GRACE_MS);
	return loop_run(check->loop);
}

void check_names_resolve(const struct conf *conf, struct buf *ret_text)
{
	struct check check = {.loop = loop_create(), .text = ret_text};
	if (!check.loop)
		return;
	loop_timer_init(&check.deadline, check.loop, on_deadline, &check);
	if (!run(&check, conf))
		buf_append_str(ret_text, STR("names could not be looked up\n"));
	for (size_t i = 0; check.questions && check.open_count > 0; i++) {
		if (!check.questions[i].text)
			continue;
		tell(&check, &check.questions[i], "no answer in time");
		check.open_count--;
	}
	resolver_destroy(check.resolver);
	loop_timer_finish(&check.deadline);
	loop_destroy(check.loop);
	free(check.questions);
}
