// SPDX-License-Identifier: MIT
// Where requests belong; see the header.
#include "wherry/proxy/affinity.h"

#include "wherry/base/now.h"
#include "wherry/proxy/request_key.h"
#include "wherry/proxy/token_place.h"
#include "wherry/upstream/session_table.h"

static uint64_t find_cookie_server(
	const struct upstream *upstream, const struct http_message *message)
{
	struct conf_token_place place = {
		.kind = CONF_TOKEN_COOKIE, .name = upstream->conf->sticky.cookie};
	struct str shown;
	if (token_place_find(&place, message, &shown) == 0)
		return 0;
	for (size_t i = 0; i < upstream->member_count; i++) {
		if (sticky_is_equal(&upstream->tokens[i], shown))
			return upstream->members[i].server->id;
	}
	return 0;
}

// A session is worth more than a cookie, for its server alone knows it.
static void find_session(struct affinity *affinity, const struct request_key *key)
{
	struct session_table *sessions = affinity->upstream->sessions;
	affinity->is_opening = key->session == REQUEST_SESSION_OPENED;
	if (affinity->is_opening)
		request_key_start_finder(
			affinity->upstream->conf->session.kind, &affinity->finder);
	if (affinity->is_opening || key->session == REQUEST_SESSION_NONE)
		return;
	uint64_t session =
		session_table_key(sessions, (struct str){key->id, key->id_length});
	uint64_t server_id = session_table_find(sessions, session, now_ms());
	if (server_id != 0) {
		affinity->key.server_id = server_id;
		affinity->key.is_bound = true;
	}
	if (key->session == REQUEST_SESSION_CHOSEN)
		affinity->session = session;
}

void affinity_init(struct affinity *affinity, const struct upstream *upstream,
	const struct http_message *message, struct str client)
{
	struct request_key key;
	affinity->upstream = upstream;
	affinity->key = (struct upstream_key){0};
	affinity->cookie_server = affinity->session = 0;
	affinity->is_opening = false;
	if (upstream->conf->balance == CONF_BALANCE_HASH || upstream->sessions) {
		request_key_read(upstream->conf, message, client, &key);
		affinity->key.hash = key.hash;
		affinity->key.has_hash = key.has_hash;
	}
	if (upstream->tokens) {
		affinity->cookie_server = find_cookie_server(upstream, message);
		affinity->key.server_id = affinity->cookie_server;
	}
	if (upstream->sessions)
		find_session(affinity, &key);
}

// A server that refuses does not have the session.
void affinity_note_head(struct affinity *affinity, const struct upstream_server *server,
	const struct http_message *answer)
{
	bool is_known = affinity->key.is_bound && affinity->key.server_id == server->id;
	affinity->is_opening &= answer->status == 200;
	if (affinity->session != 0 && !is_known && answer->status < 400)
		session_table_put(affinity->upstream->sessions, affinity->session,
			server->id, now_ms());
}

void affinity_note_body(
	struct affinity *affinity, const struct upstream_server *server, struct str piece)
{
	struct session_table *sessions = affinity->upstream->sessions;
	struct str id;
	while (affinity->is_opening) {
		switch (session_id_feed(&affinity->finder, &piece, &id)) {
		case SESSION_ID_FOUND:
			session_table_put(sessions, session_table_key(sessions, id),
				server->id, now_ms());
			break;
		case SESSION_ID_MORE:
			return;
		case SESSION_ID_END:
			affinity->is_opening = false;
			break;
		}
	}
}

static const struct sticky_token *find_token(
	const struct upstream *upstream, const struct upstream_server *server)
{
	const struct upstream_member *member = upstream_find_member(upstream, server);
	return member ? &upstream->tokens[member - upstream->members] : NULL;
}

void affinity_write_cookie(const struct affinity *affinity,
	const struct upstream_server *server, bool is_https, struct buf *out)
{
	static const char *const same_site[] = {
		[CONF_SAME_SITE_LAX] = "Lax",
		[CONF_SAME_SITE_STRICT] = "Strict",
		[CONF_SAME_SITE_NONE] = "None",
	};
	const struct conf_sticky *conf = &affinity->upstream->conf->sticky;
	if (!affinity->upstream->tokens || affinity->cookie_server == server->id)
		return;
	const struct sticky_token *token = find_token(affinity->upstream, server);
	if (!token)
		return;
	buf_printf(out, "Set-Cookie: %s=%.*s; Path=/", conf->cookie, STICKY_TOKEN_LENGTH,
		token->text);
	if (conf->max_age_ms != CONF_OFF)
		buf_printf(out, "; Max-Age=%llu",
			(unsigned long long)(conf->max_age_ms / 1000));
	buf_printf(out, "; HttpOnly; SameSite=%s%s\r\n", same_site[conf->same_site],
		is_https ? "; Secure" : "");
}
