// SPDX-License-Identifier: MIT
// Publications on their way into Redis, in order. One whose answer was lost with the
// connection is sent again: its nonce tells whether it came through before.
#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "broker_redis_priv.h"
#include "broker_redis_record_priv.h"

#include "wherry/base/now.h"
#include "wherry/proto/resp.h"

enum {
	WAIT_MS = 5000, // for an answer, or for Redis to come back
	WAITING_MAX = 10000,
	WAITING_MAX_BYTES = 64 << 20,
};

struct redis_publication {
	TAILQ_ENTRY(redis_publication) beside;
	struct broker_redis *redis;
	broker_published_cb done; // NULL: was answered
	void *arg;
	struct publication_options options; // claim and messages are its own
	uint64_t nonce;
	uint64_t after; // not 0: was sent before, when this was the newest id
	uint64_t give_up_ms;
	uint64_t bytes;
	bool is_under_way;
	char claim[];
};

static uint64_t bytes_of(const struct publication_options *options)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < options->count; i++)
		bytes += message_size(options->messages[i]);
	return bytes;
}

static bool copy_messages(struct publication_options *options)
{
	struct message **copy = malloc(options->count * sizeof(struct message *));
	if (!copy)
		return false;
	for (size_t i = 0; i < options->count; i++)
		copy[i] = message_ref(options->messages[i]);
	options->messages = copy;
	return true;
}

static struct redis_publication *create(
	struct broker_redis *redis, const struct publication_options *options)
{
	struct redis_publication *publication =
		calloc(1, sizeof(*publication) + options->claim.length);
	if (!publication)
		return NULL;
	publication->redis = redis;
	publication->options = *options;
	publication->bytes = bytes_of(options);
	for (size_t i = 0; i < options->count; i++)
		broker_redis_channel_widen(redis, options->messages[i]->channel,
			&publication->options.history);
	publication->options.claim.data = publication->claim;
	if (options->claim.length > 0)
		memcpy(publication->claim, options->claim.data, options->claim.length);
	if (!copy_messages(&publication->options)) {
		free(publication);
		return NULL;
	}
	return publication;
}

// Nobody waits for it any more, and Redis does not have it under way.
static void destroy(struct redis_publication *publication)
{
	struct broker_redis *redis = publication->redis;
	TAILQ_REMOVE(&redis->publications, publication, beside);
	redis->waiting_count--;
	redis->waiting_bytes -= publication->bytes;
	for (size_t i = 0; i < publication->options.count; i++)
		message_unref(publication->options.messages[i]);
	free((void *)publication->options.messages);
	free(publication);
}

// What is under way is freed when its answer comes.
static void answer(struct redis_publication *publication, enum publication_result result,
	const struct publication_receipt *receipts)
{
	broker_published_cb done = publication->done;
	void *arg = publication->arg;
	publication->done = NULL;
	if (!publication->is_under_way)
		destroy(publication);
	if (done)
		done(arg, result, receipts);
}

static void write_call(struct redis_publication *publication, struct buf *command)
{
	enum {
		WORDS = 8 // besides those of messages
	};
	struct broker_redis *redis = publication->redis;
	const struct publication_options *options = &publication->options;
	struct buf record = BUF_INIT;

	broker_redis_begin_call(
		redis, command, BROKER_REDIS_PUBLISH, WORDS + 2 * options->count);
	resp_add_u64(command, publication->nonce);
	if (publication->after == 0)
		resp_add(command, STR(""));
	else
		resp_add_u64(command, publication->after);
	resp_add(command, options->claim);
	broker_redis_add_limit(command, options->claim_ms);
	broker_redis_add_limits(command, &options->history);
	resp_add(command, str_from(redis->machine));
	for (size_t i = 0; i < options->count; i++) {
		buf_clear(&record);
		broker_redis_record_write(&record, options->messages[i]);
		resp_add(command, options->messages[i]->channel);
		resp_add(command, buf_str(&record));
		command->is_failed |= record.is_failed;
	}
	buf_finish(&record);
}

// [id of the first, subscribers of each on other machines], or [0]
static void give_receipts(
	struct redis_publication *publication, const struct redisReply *reply)
{
	size_t count = publication->options.count;
	uint64_t first = (uint64_t)reply->element[0]->integer;
	if (reply->elements == 1) {
		answer(publication, PUBLICATION_DUPLICATE, NULL);
		return;
	}
	struct publication_receipt *receipts = calloc(count, sizeof(*receipts));
	if (!receipts) {
		answer(publication, PUBLICATION_MEMORY, NULL);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		receipts[i].id = first + i;
		receipts[i].subscribers = (size_t)reply->element[i + 1]->integer;
	}
	broker_redis_see(publication->redis, first + count - 1);
	answer(publication, PUBLICATION_DONE, receipts);
	free(receipts);
}

static void on_reply(void *arg, const struct redisReply *reply)
{
	struct redis_publication *publication = arg;
	struct broker_redis *redis = publication->redis;
	bool is_good = broker_redis_is_good(redis, reply);

	publication->is_under_way = false;
	if (!publication->done)
		destroy(publication);
	else if (is_good && reply->type == REDIS_REPLY_ARRAY &&
		 (reply->elements == publication->options.count + 1 ||
			 reply->elements == 1))
		give_receipts(publication, reply);
	else if (reply && redis->is_ready)
		answer(publication, PUBLICATION_AWAY, NULL);
	// Else it waits for the next connection.
}

static void send_call(struct redis_publication *publication)
{
	struct broker_redis *redis = publication->redis;
	struct buf command = BUF_INIT;
	write_call(publication, &command);
	publication->is_under_way =
		link_redis_send(redis->commands, &command, on_reply, publication);
	buf_finish(&command);
	if (publication->is_under_way)
		publication->after = redis->seen > 0 ? redis->seen : 1;
	else
		answer(publication, PUBLICATION_MEMORY, NULL);
}

void broker_redis_publish_resume(struct broker_redis *redis)
{
	struct redis_publication *publication, *next;
	for (publication = TAILQ_FIRST(&redis->publications); publication;
		publication = next) {
		next = TAILQ_NEXT(publication, beside);
		if (!publication->is_under_way)
			send_call(publication);
	}
}

// A claim can only be made in Redis.
static bool may_stay_here(const struct publication_options *options)
{
	return options->is_local_allowed && options->claim.length == 0;
}

static void publish_here(struct broker_redis *redis,
	const struct publication_options *options, broker_published_cb done, void *arg)
{
	struct publication_receipt *receipts = calloc(options->count, sizeof(*receipts));
	if (!receipts) {
		done(arg, PUBLICATION_MEMORY, NULL);
		return;
	}
	for (size_t i = 0; i < options->count; i++) {
		struct message *message = options->messages[i];
		message->id = broker_redis_local_id(redis);
		receipts[i].id = message->id;
		broker_redis_channel_tell(redis, message);
	}
	done(arg, PUBLICATION_DONE, receipts);
	free(receipts);
}

void broker_redis_publish_local(struct broker_redis *redis)
{
	struct redis_publication *publication, *next;
	for (publication = TAILQ_FIRST(&redis->publications); publication;
		publication = next) {
		next = TAILQ_NEXT(publication, beside);
		if (publication->after != 0 || !may_stay_here(&publication->options))
			continue;
		publish_here(redis, &publication->options, publication->done,
			publication->arg);
		destroy(publication);
	}
}

static void on_timer(void *arg)
{
	struct broker_redis *redis = arg;
	struct redis_publication *publication, *next;
	uint64_t now = now_ms();
	for (publication = TAILQ_FIRST(&redis->publications); publication;
		publication = next) {
		next = TAILQ_NEXT(publication, beside);
		if (publication->give_up_ms > now) {
			loop_timer_set(
				&redis->publication_timer, publication->give_up_ms);
			return;
		}
		if (publication->done)
			answer(publication, PUBLICATION_AWAY, NULL);
	}
}

static void queue(struct broker_redis *redis, struct redis_publication *publication)
{
	publication->nonce = redis->next_nonce;
	redis->next_nonce += publication->options.count;
	publication->give_up_ms = now_ms() + WAIT_MS;
	if (redis->publication_timer.at_ms == 0)
		loop_timer_set(&redis->publication_timer, publication->give_up_ms);
	TAILQ_INSERT_TAIL(&redis->publications, publication, beside);
	redis->waiting_count++;
	redis->waiting_bytes += publication->bytes;
	if (redis->is_ready)
		send_call(publication);
}

void broker_redis_publish(struct broker *broker,
	const struct publication_options *options, broker_published_cb done, void *arg)
{
	struct broker_redis *redis = (struct broker_redis *)broker;
	if (!redis->is_ready && may_stay_here(options)) {
		publish_here(redis, options, done, arg);
		return;
	}
	if (redis->goes_on || redis->waiting_count >= WAITING_MAX ||
		redis->waiting_bytes >= WAITING_MAX_BYTES) {
		done(arg, PUBLICATION_AWAY, NULL);
		return;
	}
	struct redis_publication *publication = create(redis, options);
	if (!publication) {
		done(arg, PUBLICATION_MEMORY, NULL);
		return;
	}
	publication->done = done;
	publication->arg = arg;
	queue(redis, publication);
}

void broker_redis_publish_init(struct broker_redis *redis)
{
	TAILQ_INIT(&redis->publications);
	loop_timer_init(&redis->publication_timer, redis->loop, on_timer, redis);
}

void broker_redis_publish_finish(struct broker_redis *redis)
{
	while (!TAILQ_EMPTY(&redis->publications))
		answer(TAILQ_FIRST(&redis->publications), PUBLICATION_AWAY, NULL);
	loop_timer_finish(&redis->publication_timer);
}
