// SPDX-License-Identifier: MIT
// `wherry proxy` is a configuration of a few lines.
#include "wherry/command/options.h"

// A double-quoted scalar: quotes and backslashes are escaped (YAML 1.1 section 5.7).
static void write_quoted(struct buf *out, const char *text)
{
	buf_append_str(out, STR("\""));
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buf_append_str(out, STR("\\"));
		buf_append(out, text, 1);
	}
	buf_append_str(out, STR("\""));
}

static void write_tls(const struct options *options, struct buf *out)
{
	if (options_has(options, "tls-self-signed")) {
		buf_append_str(out, STR("    tls: { self_signed: true }\n"));
		return;
	}
	if (!options_has(options, "tls-cert"))
		return;
	buf_append_str(out, STR("    tls:\n      certificates: [{ cert: "));
	write_quoted(out, options_text(options, "tls-cert"));
	buf_append_str(out, STR(", key: "));
	write_quoted(out, options_text(options, "tls-key"));
	buf_append_str(out, STR(" }]\n"));
}

void options_write_conf(const struct options *options, struct buf *out)
{
	buf_append_str(out, STR("listeners:\n  - address: "));
	write_quoted(out, options_text(options, "listen"));
	buf_append_str(out, STR("\n"));
	write_tls(options, out);
	buf_append_str(
		out, STR("routes: [{ match: { path: / }, websocket: {}, to: backend }]\n"
			 "upstreams: { backend: { servers: ["));
	write_quoted(out, options_text(options, "to"));
	buf_append_str(out, STR("] } }\n"));
}
