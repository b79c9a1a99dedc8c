// SPDX-License-Identifier: MIT
// The files of one configuration, together; see the header.
#include "wherry/proxy/rules.h"

#include <stdlib.h>

#include "wherry/proxy/limits.h"
#include "wherry/proxy/passwords.h"
#include "wherry/proxy/push_content.h"
#include "wherry/proxy/tokens.h"
#include "wherry/proxy/webhooks.h"

// Of what starts like JSON, all must be.
static bool check_payloads(const struct conf *conf, struct buf *reterr_text)
{
	bool is_good = true;
	for (size_t i = 0; i < conf->route_count; i++) {
		const struct conf_publish *publish = &conf->routes[i].publish;
		if (!publish->payload || push_content_is_sound(publish->payload))
			continue;
		buf_printf(reterr_text,
			"%s: routes[].publish.payload: starts like JSON, but makes none "
			"(expected placeholders without quotes around them)\n",
			publish->payload_at);
		is_good = false;
	}
	return is_good;
}

struct rules *rules_create(struct conf *conf, struct buf *reterr_text)
{
	struct rules *rules = calloc(1, sizeof(*rules));
	if (!rules) {
		buf_append_str(reterr_text, STR("out of memory\n"));
		return NULL;
	}
	rules->references = 1;
	rules->conf = conf_ref(conf);
	rules->passwords = passwords_create(conf, reterr_text);
	rules->tokens = tokens_create(conf, reterr_text);
	rules->webhooks = webhooks_create(conf, reterr_text);
	rules->routes = limits_create_routes(conf);
	if (!rules->routes)
		buf_append_str(reterr_text, STR("out of memory\n"));
	bool is_good = check_payloads(conf, reterr_text);
	if (is_good && rules->passwords && rules->tokens && rules->webhooks &&
		rules->routes)
		return rules;
	rules_unref(rules);
	return NULL;
}

bool rules_start(struct rules *rules)
{
	return passwords_start(rules->passwords);
}

void rules_stop(struct rules *rules)
{
	passwords_stop(rules->passwords);
}

struct rules *rules_ref(struct rules *rules)
{
	rules->references++;
	return rules;
}

void rules_unref(struct rules *rules)
{
	if (!rules || --rules->references > 0)
		return;
	if (rules->passwords)
		passwords_stop(rules->passwords);
	passwords_destroy(rules->passwords);
	tokens_destroy(rules->tokens);
	webhooks_destroy(rules->webhooks);
	free(rules->routes);
	conf_unref(rules->conf);
	free(rules);
}
