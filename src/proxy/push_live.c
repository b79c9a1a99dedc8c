// SPDX-License-Identifier: MIT
// What a request to a live URL asks for; see the header.
#include "push_live_priv.h"

#include <openssl/ssl.h>

#include "push_subscription_priv.h"
#include "wherry/proxy/live_rules.h"
#include "wherry/proxy/push_subscribe.h"
#include "wherry/proxy/push_values.h"
#include "wherry/proxy/push_wait.h"

static bool read_number(struct str query, struct str name, uint64_t *ret_number)
{
	struct buf value = BUF_INIT;
	bool is_read = push_values_read_parameter(query, name, &value) &&
		       str_parse_u64(buf_str(&value), UINT64_MAX, ret_number);
	buf_finish(&value);
	return is_read;
}

// By the request's If-None-Match, too, but that is any poll's.
static struct push_live_wait find_wait(const struct push_question *question)
{
	const struct http_message *message = question->message;
	uint64_t max_ms = question->request->route->live.wait_ms;
	struct push_live_wait wait = {0};
	if (!http_message_is_method(message, "GET") ||
		!push_wait_read(message, &wait.wait_ms))
		return wait;
	if (wait.wait_ms > max_ms)
		wait.wait_ms = max_ms;
	if (wait.wait_ms != 0 &&
		!read_number(message->query, STR("last_event_id"), &wait.after))
		wait.after = 0;
	return wait;
}

// NULL: it may be shared.
static const char *find_own(const struct push_question *question)
{
	const SSL *ssl = stream_tls(question->client);
	bool has_certificate = ssl && SSL_get0_peer_certificate(ssl) != NULL;
	return live_rules_find_own(
		question->request->route, question->message, has_certificate);
}

static struct live_entry *find_entry(
	const struct push_question *question, bool is_ours, bool is_pushed)
{
	struct live_key_question key = {
		.conf = question->edition->conf,
		.choice = question->choice,
		.request = question->request,
		.message = question->message,
		.is_ours = is_ours,
		.is_pushed = is_pushed,
	};
	return live_entry_find(question->site->lives, question->edition, &key);
}

// Who is passed through asks, too: as long as somebody does, it is looked at again.
static bool is_passed(struct live_entry *entry)
{
	return live_entry_look(entry) == LIVE_LOOK_PASS &&
	       live_entry_ask(entry) == LIVE_LOOK_PASS;
}

static enum push_creation create_poll(
	const struct push_question *question, struct push **ret_push)
{
	struct push_live_wait wait = find_wait(question);
	struct live_entry *entry = find_entry(question, wait.wait_ms != 0, false);
	if (!entry)
		return PUSH_MEMORY;
	if (!is_passed(entry))
		return push_live_poll_create(question, entry, &wait, ret_push);
	live_entry_release(entry);
	return PUSH_NONE;
}

static enum push_creation refuse(struct reply *reply, const char *detail)
{
	*reply = (struct reply){.status = 403, .detail = detail};
	return PUSH_REFUSED;
}

// Raw WebSocket messages would not tell what is a patch.
static bool wants_patches(const struct push_question *question,
	const struct push_subscription *subscription)
{
	struct buf value = BUF_INIT;
	bool is_asked = push_values_read_parameter(
				question->message->query, STR("patch"), &value) &&
			str_equal(buf_str(&value), STR("merge"));
	buf_finish(&value);
	return is_asked &&
	       (!question->message->is_websocket_upgrade || subscription->wants_envelope);
}

enum push_creation push_live_find(const struct push_question *question, bool is_ours,
	struct live_entry **ret_entry, struct reply *ret_reply)
{
	const char *own = find_own(question);
	if (own)
		return refuse(ret_reply, own);
	*ret_entry = find_entry(question, is_ours, true);
	if (!*ret_entry)
		return PUSH_MEMORY;
	if (!is_passed(*ret_entry))
		return PUSH_MADE;
	live_entry_release(*ret_entry);
	return refuse(ret_reply, "what this URL says is not for sharing");
}

static enum push_creation create_subscription(const struct push_question *question,
	struct push **ret_push, struct reply *ret_reply)
{
	struct live_entry *entry;
	enum push_creation creation = push_live_find(question, true, &entry, ret_reply);
	if (creation != PUSH_MADE)
		return creation;
	creation = push_subscribe_create(question, ret_push, ret_reply);
	if (creation != PUSH_MADE) {
		live_entry_release(entry);
		return creation;
	}
	struct push_subscription *subscription = (struct push_subscription *)*ret_push;
	push_subscription_follow(
		subscription, entry, wants_patches(question, subscription));
	return PUSH_MADE;
}

enum push_creation push_live_create(const struct push_question *question,
	struct push **ret_push, struct reply *ret_reply)
{
	const struct http_message *message = question->message;
	if (message->is_websocket_upgrade ||
		(http_message_is_method(message, "GET") &&
			http_message_accepts(message, STR("text/event-stream"))))
		return create_subscription(question, ret_push, ret_reply);
	return find_own(question) ? PUSH_NONE : create_poll(question, ret_push);
}
