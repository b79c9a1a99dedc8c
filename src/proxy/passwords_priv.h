// SPDX-License-Identifier: MIT
// The passwords as their two parts see them: passwords.c (files, asking) and
// passwords_thread.c (the queue and the thread).
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include "wherry/proto/http_basic.h"
#include "wherry/proxy/htpasswd.h"
#include "wherry/proxy/passwords.h"
#include "wherry/proxy/passwords_memory.h"

struct passwords_question {
	STAILQ_ENTRY(passwords_question) entry;
	struct loop *loop;
	passwords_done_cb done; // of the loop's thread alone; NULL: nobody waits any more
	void *arg;
	atomic_bool is_forgotten; // the same, for the helper thread
	enum passwords_answer answer;
	const char *hash;
	bool is_known; // else the hash is another user's, for the time it takes
	uint8_t tag[PASSWORDS_TAG_SIZE];
	uint8_t source[ADDR_SOURCE_KEY_SIZE];
	char password[HTTP_BASIC_PASSWORD_MAX + 1];
};

STAILQ_HEAD(passwords_queue, passwords_question);

struct passwords {
	struct htpasswd **files; // each once
	size_t file_count;
	size_t *file_of_route; // by the route's index
	pthread_mutex_t lock;  // of the members below
	pthread_cond_t changed;
	struct passwords_memory *memory;
	struct passwords_queue queue;
	size_t queue_length;
	bool is_stopping;
	bool has_thread;
	pthread_t thread; // not locked
};

// passwords_thread.c

// Takes the question if there is room; false if not.
MUST_CHECK bool passwords_thread_give(
	struct passwords *passwords, struct passwords_question *question);
// Wipes it.
void passwords_thread_free(struct passwords_question *question);
