// SPDX-License-Identifier: MIT
// Files, and questions about what is in them; see the header.
#include "wherry/proxy/passwords.h"

#include <stdlib.h>
#include <string.h>

#include "passwords_priv.h"
#include "wherry/base/now.h"
#include "wherry/base/secret_file.h"

static struct htpasswd *read_file(const struct conf_file *file, struct buf *errors)
{
	struct secret_file secret;
	char error[SECRET_FILE_ERROR_SIZE];
	if (!secret_file_read(file->path, &secret, error)) {
		buf_printf(errors, "%s: %s %s\n", file->named_at, file->path, error);
		return NULL;
	}
	struct htpasswd *users =
		htpasswd_parse(file->path, secret_file_str(&secret), errors);
	secret_file_finish(&secret);
	return users;
}

// Routes that name the same file share it, and what is remembered of it.
static bool is_read(struct passwords *passwords, const struct conf *conf, size_t route)
{
	const char *path = conf->routes[route].basic_auth.file.path;
	for (size_t i = 0; i < route; i++) {
		const struct conf_route *other = &conf->routes[i];
		if (!other->has_basic_auth ||
			strcmp(other->basic_auth.file.path, path) != 0)
			continue;
		passwords->file_of_route[route] = passwords->file_of_route[i];
		return true;
	}
	return false;
}

// Goes on after a mistake, so that all show at once.
static bool read_files(
	struct passwords *passwords, const struct conf *conf, struct buf *errors)
{
	bool is_good = true;
	for (size_t i = 0; i < conf->route_count; i++) {
		const struct conf_route *route = &conf->routes[i];
		if (!route->has_basic_auth || is_read(passwords, conf, i))
			continue;
		size_t index = passwords->file_count++;
		passwords->file_of_route[i] = index;
		passwords->files[index] = read_file(&route->basic_auth.file, errors);
		is_good &= passwords->files[index] != NULL;
	}
	return is_good;
}

struct passwords *passwords_create(const struct conf *conf, struct buf *reterr_text)
{
	struct passwords *passwords = calloc(1, sizeof(*passwords));
	if (!passwords) {
		buf_append_str(reterr_text, STR("out of memory\n"));
		return NULL;
	}
	pthread_mutex_init(&passwords->lock, NULL);
	pthread_cond_init(&passwords->changed, NULL);
	STAILQ_INIT(&passwords->queue);
	passwords->files = calloc(conf->route_count + 1, sizeof(struct htpasswd *));
	passwords->file_of_route = calloc(conf->route_count + 1, sizeof(size_t));
	passwords->memory = passwords_memory_create();
	if (!passwords->files || !passwords->file_of_route || !passwords->memory) {
		buf_append_str(reterr_text, STR("out of memory\n"));
		passwords_destroy(passwords);
		return NULL;
	}
	if (read_files(passwords, conf, reterr_text))
		return passwords;
	passwords_destroy(passwords);
	return NULL;
}

void passwords_destroy(struct passwords *passwords)
{
	if (!passwords)
		return;
	for (size_t i = 0; i < passwords->file_count; i++)
		htpasswd_destroy(passwords->files[i]);
	free(passwords->files);
	free(passwords->file_of_route);
	passwords_memory_destroy(passwords->memory);
	pthread_cond_destroy(&passwords->changed);
	pthread_mutex_destroy(&passwords->lock);
	free(passwords);
}

// An unknown user is compared with some user's hash, always the same one, so that one
// can't be told from the other by the time.
static bool find_hash(const struct passwords *passwords, size_t index,
	const struct passwords_request *request, struct passwords_question *question)
{
	const struct htpasswd *file = passwords->files[index];
	uint8_t tag[PASSWORDS_TAG_SIZE];
	uint32_t any;
	if (!passwords_memory_tag(passwords->memory, index, request->user, STR(""), tag))
		return false;
	memcpy(&any, tag, sizeof(any));
	question->hash = htpasswd_find(file, request->user);
	question->is_known = question->hash != NULL;
	if (!question->hash)
		question->hash = htpasswd_hash(file, any % htpasswd_count(file));
	return true;
}

static struct passwords_question *create_question(const struct passwords *passwords,
	size_t index, const struct passwords_request *request,
	const uint8_t tag[PASSWORDS_TAG_SIZE])
{
	struct passwords_question *question = calloc(1, sizeof(*question));
	if (!question)
		return NULL;
	question->loop = request->loop;
	question->done = request->done;
	question->arg = request->arg;
	atomic_init(&question->is_forgotten, false);
	memcpy(question->tag, tag, PASSWORDS_TAG_SIZE);
	addr_source_key(request->source, question->source);
	memcpy(question->password, request->password.data, request->password.length);
	if (find_hash(passwords, index, request, question))
		return question;
	passwords_thread_free(question);
	return NULL;
}

enum passwords_answer passwords_ask(struct passwords *passwords,
	const struct passwords_request *request, struct passwords_question **ret_question)
{
	size_t index = passwords->file_of_route[request->route];
	uint8_t tag[PASSWORDS_TAG_SIZE];
	*ret_question = NULL;
	if (request->password.length > HTTP_BASIC_PASSWORD_MAX)
		return PASSWORDS_WRONG;
	if (!passwords_memory_tag(
		    passwords->memory, index, request->user, request->password, tag))
		return PASSWORDS_BUSY;
	pthread_mutex_lock(&passwords->lock);
	bool is_right = passwords_memory_has(passwords->memory, tag, now_ms());
	pthread_mutex_unlock(&passwords->lock);
	if (is_right)
		return PASSWORDS_RIGHT;
	struct passwords_question *question =
		create_question(passwords, index, request, tag);
	if (!question)
		return PASSWORDS_BUSY;
	if (!passwords_thread_give(passwords, question)) {
		passwords_thread_free(question);
		return PASSWORDS_BUSY;
	}
	*ret_question = question; // the answer comes to this thread, so not yet
	return PASSWORDS_PENDING;
}

void passwords_forget(struct passwords_question *question)
{
	question->done = NULL;
	atomic_store(&question->is_forgotten, true);
}
