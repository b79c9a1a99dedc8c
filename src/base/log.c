// SPDX-License-Identifier: MIT
// The two outputs of the log. The only mutable globals of the program besides signal
// flags live here.
#include "wherry/base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log_line_priv.h"
#include "log_sink_priv.h"
#include "wherry/base/now.h"

enum {
	MESSAGE_SIZE = 2048,
	STOP_ACCESS_MS = 1000, // leaves the events as much
	STOP_MS = 2000,
};

static struct {
	pthread_mutex_t guard; // of the two pointers; what they point to locks by itself
	struct log_sink *events;
	struct log_sink *access; // may be the same
	_Atomic enum log_level level;
	_Atomic enum log_format format;
	atomic_bool access_is_on;
} state = {.guard = PTHREAD_MUTEX_INITIALIZER, .level = LOG_LEVEL_INFO};

// False if the log is not running.
static bool put_event(const struct buf *line)
{
	(void)pthread_mutex_lock(&state.guard);
	struct log_sink *sink = state.events;
	if (sink && line->is_failed)
		log_sink_drop(sink);
	else if (sink)
		log_sink_put(sink, buf_str(line));
	(void)pthread_mutex_unlock(&state.guard);
	return sink != NULL;
}

static void write_event(enum log_level level, const char *format, va_list arguments)
	PRINTF_LIKE(2, 0);

static void write_event(enum log_level level, const char *format, va_list arguments)
{
	char message[MESSAGE_SIZE];
	struct buf line = BUF_INIT;

	if (level > atomic_load_explicit(&state.level, memory_order_relaxed))
		return;
	if (vsnprintf(message, sizeof(message), format, arguments) < 0)
		return;
	log_line_event(&line, log_current_format(), level, str_from(message));
	if (!put_event(&line)) {
		buf_append_str(&line, STR("\n"));
		// There is nobody left to tell of a failure.
		ssize_t ignored = write(STDERR_FILENO, line.data, line.length);
		(void)ignored;
	}
	buf_finish(&line);
}

void log_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_event(LOG_LEVEL_ERROR, format, arguments);
	va_end(arguments);
}

void log_warn(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_event(LOG_LEVEL_WARN, format, arguments);
	va_end(arguments);
}

void log_info(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_event(LOG_LEVEL_INFO, format, arguments);
	va_end(arguments);
}

void log_debug(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_event(LOG_LEVEL_DEBUG, format, arguments);
	va_end(arguments);
}

void log_access(struct str line)
{
	(void)pthread_mutex_lock(&state.guard);
	if (state.access)
		log_sink_put(state.access, line);
	(void)pthread_mutex_unlock(&state.guard);
}

void log_access_lost(void)
{
	(void)pthread_mutex_lock(&state.guard);
	if (state.access)
		log_sink_drop(state.access);
	(void)pthread_mutex_unlock(&state.guard);
}

static void report(const char *message)
{
	log_warn("%s", message);
}

// Gives NULL for "off". False with errno.
static bool open_access(
	const char *target, struct log_sink *events, struct log_sink **ret_access)
{
	*ret_access = NULL;
	if (strcmp(target, "off") == 0)
		return true;
	struct log_sink *access = log_sink_create(target, report);
	if (!access)
		return false;
	if (log_sink_is_same(access, events)) {
		log_sink_destroy(access, now_ms() + STOP_MS);
		access = events;
	}
	*ret_access = access;
	return true;
}

void log_adjust(const struct log_options *options)
{
	state.level = options->level;
	state.format = options->format;
}

static void close_both(struct log_sink *events, struct log_sink *access, uint64_t now)
{
	// The access lines first: their thread may still have something to report.
	if (access != events)
		log_sink_destroy(access, now + STOP_ACCESS_MS);
	log_sink_destroy(events, now + STOP_MS);
}

bool log_start(const struct log_options *options)
{
	struct log_sink *access;

	struct log_sink *events = log_sink_create(options->events, report);
	if (!events)
		return false;
	if (!open_access(options->access, events, &access)) {
		int failure = errno;
		log_sink_destroy(events, now_ms() + STOP_MS);
		errno = failure;
		return false;
	}
	(void)pthread_mutex_lock(&state.guard);
	struct log_sink *former_events = state.events, *former_access = state.access;
	state.events = events;
	state.access = access;
	(void)pthread_mutex_unlock(&state.guard);
	state.access_is_on = access != NULL;
	log_adjust(options);
	close_both(former_events, former_access, now_ms());
	return true;
}

// Takes the sinks' pointer away from all writers before it is destroyed.
static struct log_sink *take_sink(struct log_sink **sink)
{
	(void)pthread_mutex_lock(&state.guard);
	struct log_sink *taken = *sink;
	*sink = NULL;
	(void)pthread_mutex_unlock(&state.guard);
	return taken;
}

void log_stop(void)
{
	uint64_t start = now_ms();

	// The access lines first: their thread may still have something to report.
	state.access_is_on = false;
	struct log_sink *access = take_sink(&state.access);
	if (access != state.events)
		log_sink_destroy(access, start + STOP_ACCESS_MS);
	log_sink_destroy(take_sink(&state.events), start + STOP_MS);
	state.format = LOG_FORMAT_TEXT;
}

void log_reopen(void)
{
	(void)pthread_mutex_lock(&state.guard);
	if (state.events)
		log_sink_reopen(state.events);
	if (state.access && state.access != state.events)
		log_sink_reopen(state.access);
	(void)pthread_mutex_unlock(&state.guard);
}

bool log_access_is_on(void)
{
	return atomic_load_explicit(&state.access_is_on, memory_order_relaxed);
}

enum log_format log_current_format(void)
{
	return atomic_load_explicit(&state.format, memory_order_relaxed);
}

uint64_t log_dropped_count(void)
{
	uint64_t count = 0;

	(void)pthread_mutex_lock(&state.guard);
	if (state.events)
		count += log_sink_dropped_count(state.events);
	if (state.access && state.access != state.events)
		count += log_sink_dropped_count(state.access);
	(void)pthread_mutex_unlock(&state.guard);
	return count;
}
