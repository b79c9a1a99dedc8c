// SPDX-License-Identifier: MIT
// Loads secret files; see the header.
#include "wherry/proxy/webhooks.h"

#include <stdlib.h>

#include "wherry/base/secret_file.h"

struct webhooks {
	size_t count; // of routes
	struct webhook_keys *keys[];
};

enum webhook_scheme webhooks_scheme(const struct conf_verify *verify)
{
	static const enum webhook_scheme schemes[] = {
		[CONF_WEBHOOK_STANDARD] = WEBHOOK_STANDARD,
		[CONF_WEBHOOK_GITHUB] = WEBHOOK_GITHUB,
		[CONF_WEBHOOK_HMAC_SHA256] = WEBHOOK_HMAC_SHA256,
	};
	return schemes[verify->scheme];
}

static void begin_line(struct buf *reterr_text, const struct conf_file *file)
{
	buf_printf(reterr_text, "%s: routes[].publish.verify.secret_file: %s",
		file->named_at, file->path);
}

static bool load_route(struct webhook_keys **ret_keys, const struct conf_verify *verify,
	struct buf *reterr_text)
{
	struct secret_file secret;
	struct webhook_keys_error error;
	char problem[SECRET_FILE_ERROR_SIZE];
	if (!secret_file_read(verify->secret.path, &secret, problem)) {
		begin_line(reterr_text, &verify->secret);
		buf_printf(reterr_text, " %s\n", problem);
		return false;
	}
	*ret_keys = webhook_keys_create(
		webhooks_scheme(verify), secret_file_str(&secret), &error);
	secret_file_finish(&secret);
	if (*ret_keys)
		return true;
	begin_line(reterr_text, &verify->secret);
	if (error.line > 0)
		buf_printf(reterr_text, ":%zu", error.line);
	buf_printf(reterr_text, ": %s\n", error.text);
	return false;
}

struct webhooks *webhooks_create(const struct conf *conf, struct buf *reterr_text)
{
	struct webhooks *webhooks = calloc(
		1, sizeof(*webhooks) + conf->route_count * sizeof(webhooks->keys[0]));
	bool is_good = true;
	if (!webhooks) {
		buf_append_str(reterr_text, STR("out of memory\n"));
		return NULL;
	}
	webhooks->count = conf->route_count;
	for (size_t i = 0; i < conf->route_count; i++) {
		const struct conf_route *route = &conf->routes[i];
		if (route->action == CONF_PUBLISH && route->publish.has_verify)
			is_good &= load_route(
				&webhooks->keys[i], &route->publish.verify, reterr_text);
	}
	if (is_good)
		return webhooks;
	webhooks_destroy(webhooks);
	return NULL;
}

void webhooks_destroy(struct webhooks *webhooks)
{
	if (!webhooks)
		return;
	for (size_t i = 0; i < webhooks->count; i++)
		webhook_keys_destroy(webhooks->keys[i]);
	free(webhooks);
}

const struct webhook_keys *webhooks_keys(const struct webhooks *webhooks, size_t route)
{
	return webhooks->keys[route];
}
