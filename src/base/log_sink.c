// SPDX-License-Identifier: MIT
// Two buffers that change places: threads fill one while the sink's thread writes the
// other, and the lock is held for a copy or a swap only.
#include "log_sink_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "log_output_priv.h"
#include "wherry/base/now.h"

enum {
	BUFFER_BYTES = 1 << 20,
	// The thread sleeps on after the first line, so that a busy proxy wakes it some
	// hundred times a second and not once a line.
	LINGER_MS = 5,
	LINGER_BYTES = BUFFER_BYTES / 4, // but not with more than this waiting
};

struct log_sink {
	log_sink_report_cb report;
	pthread_t thread;

	pthread_mutex_t mutex; // guards all up to the blank line
	pthread_cond_t work;   // for the thread: there is something to do
	pthread_cond_t end;    // for destroy: the thread has ended
	char *filling;
	size_t length;
	uint64_t dropped_count;
	uint64_t unreported_count;
	int drop_errno; // why the last ones were dropped; 0 = too slow
	bool is_reopening;
	size_t reopen_at; // what is filled up to here belongs to the old file
	bool is_stopping;
	bool is_abandoned; // destroy gave up waiting: the thread owns the sink
	bool is_ended;

	struct log_output output; // from here on the thread's own
	char *writing;
	bool is_failing; // the last write lost something
};

static struct timespec timespec_from(uint64_t time_ms)
{
	return (struct timespec){
		.tv_sec = (time_t)(time_ms / 1000),
		.tv_nsec = (long)(time_ms % 1000 * 1000000),
	};
}

static void count_drops(struct log_sink *sink, uint64_t count, int reason)
{
	sink->dropped_count += count;
	sink->unreported_count += count;
	sink->drop_errno = reason;
}

static void free_sink(struct log_sink *sink)
{
	log_output_close(&sink->output);
	(void)pthread_cond_destroy(&sink->end);
	(void)pthread_cond_destroy(&sink->work);
	(void)pthread_mutex_destroy(&sink->mutex);
	free(sink->filling);
	free(sink->writing);
	free(sink);
}

static void reopen(struct log_sink *sink)
{
	char message[512];

	if (log_output_reopen(&sink->output))
		return;
	(void)snprintf(message, sizeof(message),
		"can't open log %s again, going on with the old file: %s",
		sink->output.path, strerror(errno));
	sink->report(message);
}

static uint64_t count_lines(const char *data, size_t length)
{
	uint64_t count = 0;

	for (size_t i = 0; i < length; i++)
		count += data[i] == '\n';
	return count;
}

// Writes data, or counts what of it is lost.
static void write_lines(struct log_sink *sink, const char *data, size_t length)
{
	if (length == 0)
		return;
	size_t written = log_output_write(&sink->output, data, length);
	sink->is_failing = written < length;
	if (!sink->is_failing)
		return;
	int reason = errno;
	uint64_t lost = count_lines(data + written, length - written);
	(void)pthread_mutex_lock(&sink->mutex);
	count_drops(sink, lost, reason);
	(void)pthread_mutex_unlock(&sink->mutex);
}

static void report_drops(struct log_sink *sink)
{
	char message[256];

	// Or the loss of each report would cause the next one.
	if (sink->is_failing)
		return;
	(void)pthread_mutex_lock(&sink->mutex);
	uint64_t count = sink->unreported_count;
	int reason = sink->drop_errno;
	sink->unreported_count = 0;
	(void)pthread_mutex_unlock(&sink->mutex);
	if (count == 0)
		return;
	(void)snprintf(message, sizeof(message), "%" PRIu64 " log lines dropped: %s",
		count, reason == 0 ? "the output was too slow" : strerror(reason));
	sink->report(message);
}

static void wait_for_work(struct log_sink *sink)
{
	while (sink->length == 0 && !sink->is_reopening && !sink->is_stopping)
		(void)pthread_cond_wait(&sink->work, &sink->mutex);

	struct timespec linger = timespec_from(now_ms() + LINGER_MS);
	while (sink->length < LINGER_BYTES && !sink->is_reopening && !sink->is_stopping) {
		if (pthread_cond_timedwait(&sink->work, &sink->mutex, &linger) != 0)
			break;
	}
}

// One turn of the thread. False when it is to end.
static bool work(struct log_sink *sink)
{
	(void)pthread_mutex_lock(&sink->mutex);
	wait_for_work(sink);
	char *batch = sink->filling;
	size_t length = sink->length;
	bool is_reopening = sink->is_reopening;
	size_t reopen_at = is_reopening ? sink->reopen_at : length;
	bool has_more = length > 0 || is_reopening || !sink->is_stopping;
	sink->filling = sink->writing;
	sink->writing = batch;
	sink->length = 0;
	sink->is_reopening = false;
	(void)pthread_mutex_unlock(&sink->mutex);

	write_lines(sink, batch, reopen_at);
	if (is_reopening)
		reopen(sink);
	write_lines(sink, batch + reopen_at, length - reopen_at);
	report_drops(sink);
	return has_more;
}

static void *run(void *arg)
{
	struct log_sink *sink = arg;

	while (work(sink))
		;
	(void)pthread_mutex_lock(&sink->mutex);
	sink->is_ended = true;
	bool is_abandoned = sink->is_abandoned;
	(void)pthread_cond_signal(&sink->end);
	(void)pthread_mutex_unlock(&sink->mutex);
	if (is_abandoned)
		free_sink(sink);
	return NULL;
}

// Signals are for the main thread.
static int start_thread(struct log_sink *sink)
{
	sigset_t all, before;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before); // fails for a bad "how" only
	int failure = pthread_create(&sink->thread, NULL, run, sink);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return failure;
}

static void init_locks(struct log_sink *sink)
{
	pthread_condattr_t monotonic;

	// None of these allocates, nor can fail on Linux for these arguments.
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&sink->work, &monotonic);
	(void)pthread_cond_init(&sink->end, &monotonic);
	(void)pthread_mutex_init(&sink->mutex, NULL);
	(void)pthread_condattr_destroy(&monotonic);
}

struct log_sink *log_sink_create(const char *target, log_sink_report_cb report)
{
	struct log_sink *sink = calloc(1, sizeof(*sink));

	if (!sink)
		return NULL;
	init_locks(sink);
	sink->output.fd = -1;
	sink->report = report;
	sink->filling = malloc(BUFFER_BYTES);
	sink->writing = malloc(BUFFER_BYTES);
	int failure = ENOMEM;
	if (sink->filling && sink->writing)
		failure = log_output_open(&sink->output, target) ? 0 : errno;
	if (failure == 0)
		failure = start_thread(sink);
	if (failure == 0)
		return sink;
	free_sink(sink);
	errno = failure;
	return NULL;
}

void log_sink_destroy(struct log_sink *sink, uint64_t deadline_ms)
{
	struct timespec deadline = timespec_from(deadline_ms);

	if (!sink)
		return;
	(void)pthread_mutex_lock(&sink->mutex);
	sink->is_stopping = true;
	(void)pthread_cond_signal(&sink->work);
	while (!sink->is_ended) {
		if (pthread_cond_timedwait(&sink->end, &sink->mutex, &deadline) != 0)
			break;
	}
	bool is_abandoned = sink->is_abandoned = !sink->is_ended;
	if (is_abandoned)
		(void)pthread_detach(sink->thread);
	(void)pthread_mutex_unlock(&sink->mutex);
	if (is_abandoned)
		return; // the sink may be gone by now
	(void)pthread_join(sink->thread, NULL);
	free_sink(sink);
}

bool log_sink_is_same(const struct log_sink *a, const struct log_sink *b)
{
	return log_output_is_same(&a->output, &b->output);
}

void log_sink_put(struct log_sink *sink, struct str line)
{
	(void)pthread_mutex_lock(&sink->mutex);
	size_t before = sink->length;
	if (line.length >= BUFFER_BYTES - before) {
		count_drops(sink, 1, 0);
	} else {
		if (line.length > 0)
			memcpy(sink->filling + before, line.data, line.length);
		sink->filling[before + line.length] = '\n';
		sink->length = before + line.length + 1;
	}
	if (before == 0 || (before < LINGER_BYTES && sink->length >= LINGER_BYTES))
		(void)pthread_cond_signal(&sink->work);
	(void)pthread_mutex_unlock(&sink->mutex);
}

void log_sink_drop(struct log_sink *sink)
{
	(void)pthread_mutex_lock(&sink->mutex);
	count_drops(sink, 1, ENOMEM);
	(void)pthread_mutex_unlock(&sink->mutex);
}

void log_sink_reopen(struct log_sink *sink)
{
	(void)pthread_mutex_lock(&sink->mutex);
	sink->is_reopening = true;
	sink->reopen_at = sink->length;
	(void)pthread_cond_signal(&sink->work);
	(void)pthread_mutex_unlock(&sink->mutex);
}

uint64_t log_sink_dropped_count(struct log_sink *sink)
{
	(void)pthread_mutex_lock(&sink->mutex);
	uint64_t count = sink->dropped_count;
	(void)pthread_mutex_unlock(&sink->mutex);
	return count;
}
