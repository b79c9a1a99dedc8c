// SPDX-License-Identifier: MIT
// The common part of subscriptions; see the header.
#include "push_subscription_priv.h"

#include "wherry/proxy/push_content.h"
#include "wherry/proxy/route.h"

static void take_values(
	struct push_subscription *subscription, const struct push_question *question)
{
	const struct conf_templates *channels = &subscription->rules->channels;
	for (size_t i = 0; i < channels->count; i++)
		push_values_take_head(&subscription->values, &channels->list[i],
			question->message, question->choice->path);
}

void push_subscription_take_token(struct push *push, const struct jwt *token)
{
	struct push_subscription *subscription = (struct push_subscription *)push;
	const struct conf_templates *channels = &subscription->rules->channels;
	for (size_t i = 0; i < channels->count; i++)
		push_values_take_claims(&subscription->values, &channels->list[i], token);
}

// "12", or W/"12" as caches make of it; else as it stands.
static struct str unquote(struct str tag)
{
	if (str_has_prefix(tag, STR("W/")))
		tag = (struct str){tag.data + 2, tag.length - 2};
	if (tag.length >= 2 && tag.data[0] == '"' && tag.data[tag.length - 1] == '"')
		return (struct str){tag.data + 1, tag.length - 2};
	return tag;
}

// An id that is none of ours was another server's: then anything may be missing, and all
// that there is comes behind a gap.
static void take_resume_point(struct push_subscription *subscription, struct str id)
{
	enum {
		LONG_AGO = 1
	};
	if (id.length == 0)
		return;
	subscription->resumes = true;
	if (!str_parse_u64(id, UINT64_MAX - 1, &subscription->after))
		subscription->after = LONG_AGO;
}

static void find_resume_point(
	struct push_subscription *subscription, const struct http_message *message)
{
	const struct http_field *field =
		http_message_find_name(message, STR("Last-Event-ID"));
	const struct http_field *tag =
		http_message_find_name(message, STR("If-None-Match"));
	struct buf id = BUF_INIT;
	subscription->after =
		subscription->rules->starts_with_history ? 0 : SUBSCRIBER_FROM_NOW;
	if (push_values_read_parameter(message->query, STR("last_event_id"), &id))
		take_resume_point(subscription, buf_str(&id));
	if (tag)
		take_resume_point(subscription, unquote(tag->value));
	if (field) // what a browser says, not what its page once did
		take_resume_point(subscription, field->value);
	buf_finish(&id);
}

bool push_subscription_init(struct push_subscription *subscription,
	const struct push_methods *methods, const struct push_question *question)
{
	struct buf ignored = BUF_INIT;
	push_init(&subscription->push, methods, question);
	subscription->rules = &question->request->route->subscribe;
	subscription->wants_envelope = push_values_read_parameter(
		question->message->query, STR("envelope"), &ignored);
	buf_finish(&ignored);
	take_values(subscription, question);
	find_resume_point(subscription, question->message);
	if (!subscription->values.entries.is_failed)
		return true;
	push_subscription_finish(subscription);
	return false;
}

void push_subscription_follow(struct push_subscription *subscription,
	struct live_entry *entry, bool wants_patches)
{
	live_reader_init(&subscription->live, entry);
	subscription->live.wants_patches = wants_patches;
}

void push_subscription_resume(struct push_subscription *subscription)
{
	if (subscription->live.entry)
		live_reader_resume(&subscription->live);
	else
		subscriber_resume(&subscription->subscriber);
}

void push_subscription_stop(struct push_subscription *subscription)
{
	live_reader_finish(&subscription->live);
	subscriber_finish(&subscription->subscriber);
}

void push_subscription_finish(struct push_subscription *subscription)
{
	push_subscription_stop(subscription);
	push_values_finish(&subscription->values);
	buf_finish(&subscription->names);
	buf_finish(&subscription->head);
}

const struct subscriber *push_subscription_find(const struct push *push)
{
	return &((const struct push_subscription *)push)->subscriber;
}

bool push_subscription_find_line(
	const struct push *push, size_t index, struct push_line *ret_line)
{
	const struct push_subscription *subscription =
		(const struct push_subscription *)push;
	bool is_live = subscription->live.entry != NULL;
	if (index >= (is_live ? 1 : subscription->subscriber.place_count))
		return false;
	*ret_line = (struct push_line){
		.name = is_live ? live_entry_url(subscription->live.entry)
				: subscriber_channel(&subscription->subscriber, index),
		.is_url = is_live,
	};
	return true;
}

static bool is_same_list(const struct conf_templates *a, const struct conf_templates *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (!str_equal(a->list[i].text, b->list[i].text))
			return false;
	}
	return true;
}

bool push_subscription_renew(
	struct push *push, struct edition *edition, const struct conf_route *route)
{
	struct push_subscription *subscription = (struct push_subscription *)push;
	if (!is_same_list(&subscription->rules->channels, &route->subscribe.channels))
		return false;
	if (subscription->live.entry &&
		!live_entry_follow_route(subscription->live.entry, edition, route))
		return false;
	subscription->rules = &route->subscribe;
	return true;
}

struct str push_subscription_find_channel(
	const struct push_subscription *subscription, struct str name)
{
	const struct buf *names = &subscription->names;
	for (size_t at = 0; at < names->length;) {
		struct str channel = str_from(names->data + at);
		if (name.length == 0 || str_equal(channel, name))
			return channel;
		at += channel.length + 1;
	}
	return (struct str){NULL, 0};
}

// Two templates may come to the same.
static void add_name(struct push_subscription *subscription, struct str name)
{
	struct buf *names = &subscription->names;
	if (push_subscription_find_channel(subscription, name).data)
		return;
	buf_append_str(names, name);
	buf_append(names, "", 1);
}

static bool expand_all(struct push_subscription *subscription, struct reply *reply)
{
	const struct conf_templates *channels = &subscription->rules->channels;
	struct push_content content = {.values = &subscription->values};
	struct push_content_error error;
	enum push_content_result result = PUSH_CONTENT_OK;
	struct buf name = BUF_INIT;
	for (size_t i = 0; i < channels->count && result == PUSH_CONTENT_OK; i++) {
		buf_clear(&name);
		result = push_content_name(&content, &channels->list[i], &name, &error);
		if (result == PUSH_CONTENT_OK)
			add_name(subscription, buf_str(&name));
	}
	buf_finish(&name);
	push_values_finish(&subscription->values);
	if (subscription->names.is_failed)
		return reply_refuse(reply, 503, "out of memory");
	if (result == PUSH_CONTENT_OK)
		return true;
	buf_clear(&subscription->head);
	*reply = push_content_refusal(result, &error, &subscription->head);
	return false;
}

static size_t list_names(const struct push_subscription *subscription,
	struct str channels[SUBSCRIBER_MAX_CHANNELS])
{
	const struct buf *names = &subscription->names;
	size_t count = 0;
	for (size_t at = 0; at < names->length && count < SUBSCRIBER_MAX_CHANNELS;
		count++) {
		channels[count] = str_from(names->data + at);
		at += channels[count].length + 1;
	}
	return count;
}

static bool begin(struct push_subscription *subscription,
	const struct subscriber_handler *handler, struct reply *ret_reply)
{
	struct push *push = &subscription->push;
	struct str channels[SUBSCRIBER_MAX_CHANNELS];
	if (subscription->live.entry) {
		live_reader_start(&subscription->live,
			subscription->resumes ? subscription->after : 0, handler,
			subscription);
		return true;
	}
	if (!expand_all(subscription, ret_reply))
		return false;
	struct subscriber_options options = {
		.channels = channels,
		.channel_count = list_names(subscription, channels),
		.rules = &subscription->rules->channel,
		.after = subscription->after,
		.member = str_from(push->request->user ? push->request->user : ""),
	};
	bool is_started = subscriber_start(&subscription->subscriber, push->site->feeds,
		&options, handler, subscription);
	if (!subscription->rules->may_publish)
		buf_finish(&subscription->names);
	return is_started || reply_refuse(ret_reply, 503, "out of memory");
}

bool push_subscription_start(
	struct push_subscription *subscription, const struct subscriber_handler *handler)
{
	struct push *push = &subscription->push;
	struct reply reply;
	if (begin(subscription, handler, &reply))
		return true;
	push->handler->on_reply(push->arg, &reply,
		reply.status >= 500 ? CLOSE_REASON_NO_MEMORY : CLOSE_REASON_REFUSED);
	return false;
}

void push_subscription_gather(void *arg, bool is_on)
{
	struct push_subscription *subscription = arg;
	if (is_on)
		stream_cork(subscription->push.client);
	else
		stream_uncork(subscription->push.client);
}

uint64_t push_subscription_expires_ms(const struct push_subscription *subscription)
{
	uint64_t expires_ms = subscription->push.request->expires_ms;
	return expires_ms != 0 ? expires_ms : UINT64_MAX;
}
