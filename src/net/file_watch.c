// SPDX-License-Identifier: MIT
// Events only say that it is worth looking; what counts is whether the files themselves
// differ from the last time. See the header.
#include "wherry/net/file_watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_watch_priv.h"

#include "wherry/base/now.h"

static const uint32_t wanted = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
			       IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;

// What tells one state of a file from another; all zero: it can't be reached.
struct look {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified, changed;
};

struct watched {
	struct watched *next;
	struct look look;
	char path[];
};

struct file_watch {
	struct loop *loop;
	int inotify;
	struct event *event;
	struct loop_timer timer;
	uint64_t first_ms; // of the events not looked at yet; 0 = none
	struct watched *files;
	file_watch_cb changed;
	void *arg;
};

static struct look look_at(const char *path)
{
	struct stat file;
	if (stat(path, &file) != 0)
		return (struct look){0};
	return (struct look){
		.device = file.st_dev,
		.inode = file.st_ino,
		.size = file.st_size,
		.modified = file.st_mtim,
		.changed = file.st_ctim,
	};
}

static bool is_same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool is_same(const struct look *a, const struct look *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       is_same_time(a->modified, b->modified) &&
	       is_same_time(a->changed, b->changed);
}

// Adding a folder again changes nothing. One that is missing is found by polling.
static void watch_folder(void *arg, const char *folder)
{
	struct file_watch *watch = arg;
	(void)inotify_add_watch(watch->inotify, folder, wanted | IN_ONLYDIR);
}

// Folders that are no longer on the way stay watched: their events cost one look.
static bool look_again(struct file_watch *watch)
{
	bool has_changed = false;
	for (struct watched *file = watch->files; file; file = file->next) {
		file_watch_walk(file->path, watch_folder, watch);
		struct look look = look_at(file->path);
		has_changed |= !is_same(&look, &file->look);
		file->look = look;
	}
	return has_changed;
}

static void on_timer(void *arg)
{
	struct file_watch *watch = arg;
	watch->first_ms = 0;
	loop_timer_set(&watch->timer, now_ms() + FILE_WATCH_POLL_MS);
	if (look_again(watch))
		watch->changed(watch->arg);
}

static void on_events(evutil_socket_t inotify, short what, void *arg)
{
	struct file_watch *watch = arg;
	char events[4096];
	uint64_t now = now_ms();
	while (read(inotify, events, sizeof(events)) > 0)
		; // which folder it was does not matter
	if (watch->first_ms == 0)
		watch->first_ms = now;
	uint64_t quiet = now + FILE_WATCH_QUIET_MS;
	uint64_t last = watch->first_ms + FILE_WATCH_PATIENCE_MS;
	loop_timer_set(&watch->timer, quiet < last ? quiet : last);
}

struct file_watch *file_watch_create(struct loop *loop, file_watch_cb changed, void *arg)
{
	struct file_watch *watch = calloc(1, sizeof(*watch));
	if (!watch)
		return NULL;
	watch->loop = loop;
	watch->changed = changed;
	watch->arg = arg;
	loop_timer_init(&watch->timer, loop, on_timer, watch);
	watch->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (watch->inotify >= 0)
		watch->event = event_new(loop_base(loop), watch->inotify,
			EV_READ | EV_PERSIST, on_events, watch);
	if (!watch->event || event_add(watch->event, NULL) != 0) {
		file_watch_destroy(watch);
		return NULL;
	}
	loop_timer_set(&watch->timer, now_ms() + FILE_WATCH_POLL_MS);
	return watch;
}

void file_watch_destroy(struct file_watch *watch)
{
	if (!watch)
		return;
	if (watch->event)
		event_free(watch->event);
	if (watch->inotify >= 0)
		(void)close(watch->inotify); // nothing was written
	loop_timer_finish(&watch->timer);
	while (watch->files) {
		struct watched *file = watch->files;
		watch->files = file->next;
		free(file);
	}
	free(watch);
}

// The watch comes first: what changes after the look is told.
bool file_watch_add(struct file_watch *watch, const char *path)
{
	size_t size = strlen(path) + 1;
	struct watched *file = calloc(1, sizeof(*file) + size);
	if (!file)
		return false;
	memcpy(file->path, path, size);
	file_watch_walk(path, watch_folder, watch);
	file->look = look_at(path);
	file->next = watch->files;
	watch->files = file;
	return true;
}
