// SPDX-License-Identifier: MIT
// The helper thread: takes one password after the other, hashes it, and posts the answer
// to the loop that asked.
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <crypt.h>
#include <openssl/crypto.h>

#include "passwords_priv.h"
#include "wherry/base/now.h"

void passwords_thread_free(struct passwords_question *question)
{
	if (question)
		OPENSSL_cleanse(question, sizeof(*question));
	free(question);
}

// On the loop's thread.
static void deliver(void *arg)
{
	struct passwords_question *question = arg;
	passwords_done_cb done = question->done;
	void *whom = question->arg;
	enum passwords_answer answer = question->answer;
	passwords_thread_free(question);
	if (done)
		done(whom, answer);
}

// Who asked waits: there is nothing to be done but to try again.
static void post(struct passwords_question *question)
{
	struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
	while (!loop_post(question->loop, deliver, question))
		(void)nanosleep(&pause, NULL); // a shorter one does as well
}

// The time that takes must not depend on whether there is such a user.
static bool is_right(
	const struct passwords_question *question, struct crypt_data *workspace)
{
	const char *found = crypt_rn(
		question->password, question->hash, workspace, (int)sizeof(*workspace));
	size_t length = strlen(question->hash);
	return found && strlen(found) == length &&
	       CRYPTO_memcmp(found, question->hash, length) == 0 && question->is_known;
}

// A browser's first page asks several times at once: one of them is hashed.
static void answer(struct passwords *passwords, struct passwords_question *question,
	struct crypt_data *workspace)
{
	if (atomic_load(&question->is_forgotten))
		return;
	pthread_mutex_lock(&passwords->lock);
	bool is_remembered =
		passwords_memory_has(passwords->memory, question->tag, now_ms());
	pthread_mutex_unlock(&passwords->lock);
	question->answer = PASSWORDS_RIGHT;
	if (is_remembered)
		return;
	if (!is_right(question, workspace)) {
		question->answer = PASSWORDS_WRONG;
		return;
	}
	pthread_mutex_lock(&passwords->lock);
	passwords_memory_add(
		passwords->memory, question->tag, now_ms() + PASSWORDS_REMEMBERED_MS);
	pthread_mutex_unlock(&passwords->lock);
}

// NULL: it is time to end.
static struct passwords_question *wait(struct passwords *passwords)
{
	struct passwords_question *question = NULL;
	pthread_mutex_lock(&passwords->lock);
	while (!passwords->is_stopping && STAILQ_EMPTY(&passwords->queue))
		pthread_cond_wait(&passwords->changed, &passwords->lock);
	if (!passwords->is_stopping) {
		question = STAILQ_FIRST(&passwords->queue);
		STAILQ_REMOVE_HEAD(&passwords->queue, entry);
		passwords->queue_length--;
	}
	pthread_mutex_unlock(&passwords->lock);
	return question;
}

static void *run(void *arg)
{
	struct passwords *passwords = arg;
	struct passwords_question *question;
	struct crypt_data *workspace = calloc(1, sizeof(*workspace));
	if (!workspace)
		return NULL; // everybody is told BUSY once the queue is full
	while ((question = wait(passwords)) != NULL) {
		answer(passwords, question, workspace);
		OPENSSL_cleanse(question->password, sizeof(question->password));
		post(question);
	}
	OPENSSL_cleanse(workspace, sizeof(*workspace));
	free(workspace);
	return NULL;
}

bool passwords_start(struct passwords *passwords)
{
	if (passwords->file_count == 0)
		return true; // nobody will ask
	passwords->has_thread =
		pthread_create(&passwords->thread, NULL, run, passwords) == 0;
	return passwords->has_thread;
}

void passwords_stop(struct passwords *passwords)
{
	pthread_mutex_lock(&passwords->lock);
	passwords->is_stopping = true;
	pthread_cond_signal(&passwords->changed);
	pthread_mutex_unlock(&passwords->lock);
	if (passwords->has_thread)
		(void)pthread_join(passwords->thread, NULL); // fails only for no thread
	passwords->has_thread = false;
	while (!STAILQ_EMPTY(&passwords->queue)) {
		struct passwords_question *question = STAILQ_FIRST(&passwords->queue);
		STAILQ_REMOVE_HEAD(&passwords->queue, entry);
		question->answer = PASSWORDS_BUSY;
		post(question);
	}
}

static size_t count_source(
	const struct passwords *passwords, const uint8_t source[ADDR_SOURCE_KEY_SIZE])
{
	const struct passwords_question *each;
	size_t count = 0;
	STAILQ_FOREACH (each, &passwords->queue, entry)
		count += memcmp(each->source, source, ADDR_SOURCE_KEY_SIZE) == 0;
	return count;
}

bool passwords_thread_give(
	struct passwords *passwords, struct passwords_question *question)
{
	pthread_mutex_lock(&passwords->lock);
	bool has_room = !passwords->is_stopping &&
			passwords->queue_length < PASSWORDS_QUEUE_MAX &&
			count_source(passwords, question->source) < PASSWORDS_SOURCE_MAX;
	if (has_room) {
		STAILQ_INSERT_TAIL(&passwords->queue, question, entry);
		passwords->queue_length++;
		pthread_cond_signal(&passwords->changed);
	}
	pthread_mutex_unlock(&passwords->lock);
	return has_room;
}
