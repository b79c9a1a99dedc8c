// SPDX-License-Identifier: MIT
// Running and stopping, deferred work, work from other threads. What ran stands in a
// text.
#include "wherry/net/loop.h"

#include <pthread.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "wherry/base/buf.h"
#include "wherry/base/now.h"

enum {
	DEADLINE_MS = 10 * 1000,
	POSTS = 2000, // of each thread
	THREADS = 4,
};

// Work that notes its name when it is done.
struct work {
	struct loop *loop;
	struct buf *story;
	const char *name;
	struct loop_deferred deferred;
	struct work *next; // deferred by this one
};

static void note(void *arg)
{
	struct work *work = arg;

	buf_append_str(work->story, str_from(work->name));
	if (work->next)
		loop_defer(work->loop, &work->next->deferred, note, work->next);
}

static void note_loudly(void *arg)
{
	note(arg);
	buf_append_str(((struct work *)arg)->story, STR("!"));
}

static void defer(struct work *work)
{
	loop_defer(work->loop, &work->deferred, note, work);
}

static void turn(struct loop *loop)
{
	cr_assert_geq(event_base_loop(loop_base(loop), EVLOOP_ONCE | EVLOOP_NONBLOCK), 0);
}

static void expect_story(struct buf *story, struct str expected)
{
	cr_expect(str_equal(buf_str(story), expected), "%.*s, not %.*s",
		STR_ARG(buf_str(story)), STR_ARG(expected));
	buf_clear(story);
}

Test(loop, runs_deferred_work_in_order_at_the_end_of_the_turn)
{
	struct loop *loop = loop_create();
	struct buf story = BUF_INIT;
	struct work a = {.loop = loop, .story = &story, .name = "a"};
	struct work b = {.loop = loop, .story = &story, .name = "b"};
	struct work c = {.loop = loop, .story = &story, .name = "c"};

	defer(&b);
	defer(&a);
	defer(&c);
	expect_story(&story, STR(""));
	turn(loop);
	expect_story(&story, STR("bac"));
	turn(loop);
	expect_story(&story, STR(""));
	loop_destroy(loop);
	buf_finish(&story);
}

Test(loop, runs_the_later_choice_once_when_deferred_twice)
{
	struct loop *loop = loop_create();
	struct buf story = BUF_INIT;
	struct work a = {.loop = loop, .story = &story, .name = "a"};
	struct work b = {.loop = loop, .story = &story, .name = "b"};

	defer(&a);
	defer(&b);
	loop_defer(loop, &a.deferred, note_loudly, &a);
	turn(loop);
	expect_story(&story, STR("a!b")); // it keeps its place
	defer(&a);
	turn(loop);
	expect_story(&story, STR("a"));
	loop_destroy(loop);
	buf_finish(&story);
}

Test(loop, leaves_what_deferred_work_defers_to_the_next_turn)
{
	struct loop *loop = loop_create();
	struct buf story = BUF_INIT;
	struct work a = {.loop = loop, .story = &story, .name = "a"};
	struct work b = {.loop = loop, .story = &story, .name = "b"};

	a.next = &a; // again and again
	defer(&a);
	defer(&b);
	turn(loop);
	expect_story(&story, STR("ab"));
	turn(loop);
	turn(loop);
	a.next = NULL;
	turn(loop);
	expect_story(&story, STR("aaa"));
	loop_destroy(loop);
	buf_finish(&story);
}

Test(loop, settles_work_that_defers_more)
{
	struct loop *loop = loop_create();
	struct buf story = BUF_INIT;
	struct work a = {.loop = loop, .story = &story, .name = "a"};
	struct work b = {.loop = loop, .story = &story, .name = "b", .next = &a};
	struct work c = {.loop = loop, .story = &story, .name = "c", .next = &b};

	loop_settle(loop); // nothing to do
	defer(&c);
	loop_settle(loop);
	expect_story(&story, STR("cba"));
	turn(loop);
	expect_story(&story, STR(""));
	defer(&a); // works as before
	turn(loop);
	expect_story(&story, STR("a"));
	loop_destroy(loop);
	buf_finish(&story);
}

Test(loop, settles_before_it_is_destroyed)
{
	struct loop *loop = loop_create();
	struct buf story = BUF_INIT;
	struct work a = {.loop = loop, .story = &story, .name = "a"};
	struct work b = {.loop = loop, .story = &story, .name = "b", .next = &a};

	defer(&b);
	loop_destroy(loop);
	expect_story(&story, STR("ba"));
	buf_finish(&story);
}

static void stop(void *arg)
{
	loop_stop(arg);
}

Test(loop, finishes_the_turn_it_is_stopped_in)
{
	struct loop *loop = loop_create();
	struct buf story = BUF_INIT;
	struct work a = {.loop = loop, .story = &story, .name = "a"};
	struct loop_deferred first = {0};

	loop_defer(loop, &first, stop, loop);
	defer(&a);
	cr_assert(loop_run(loop));
	expect_story(&story, STR("a"));
	loop_destroy(loop);
	buf_finish(&story);
}

Test(loop, does_not_run_what_was_posted_after_its_end)
{
	struct loop *loop = loop_create();
	struct buf story = BUF_INIT;
	struct work a = {.loop = loop, .story = &story, .name = "a"};

	cr_assert(loop_post(loop, note, &a));
	cr_assert(loop_post(loop, note, &a));
	loop_destroy(loop);
	expect_story(&story, STR(""));
	buf_finish(&story);
}

// One thread's posts: numbers that must come in order.
struct poster {
	struct loop *loop;
	struct posters *all;
	uint64_t next; // on the loop's thread
};

struct posters {
	struct poster poster[THREADS];
	size_t arrived, disordered;
	pthread_t home;
};

struct post {
	struct poster *from;
	uint64_t number;
};

static void take_post(void *arg)
{
	struct post *post = arg;
	struct posters *all = post->from->all;

	if (post->number != post->from->next++ ||
		!pthread_equal(all->home, pthread_self()))
		all->disordered++;
	if (++all->arrived == (size_t)POSTS * THREADS)
		loop_stop(post->from->loop);
	free(post);
}

static void *post_all(void *arg)
{
	for (uint64_t i = 0; i < POSTS; i++) {
		struct post *post = malloc(sizeof(*post));

		if (!post)
			return NULL;
		*post = (struct post){.from = arg, .number = i};
		if (!loop_post(post->from->loop, take_post, post))
			free(post);
	}
	return NULL;
}

static void fail(void *arg)
{
	cr_assert_fail("nothing happened in time");
}

Test(loop, runs_what_other_threads_post_in_their_order)
{
	struct loop *loop = loop_create();
	struct posters all = {.home = pthread_self()};
	struct loop_timer deadline;
	pthread_t threads[THREADS];

	loop_timer_init(&deadline, loop, fail, NULL);
	loop_timer_set(&deadline, now_ms() + DEADLINE_MS);
	for (size_t i = 0; i < THREADS; i++) {
		all.poster[i] = (struct poster){.loop = loop, .all = &all};
		cr_assert_eq(
			pthread_create(&threads[i], NULL, post_all, &all.poster[i]), 0);
	}
	cr_assert(loop_run(loop));
	for (size_t i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_join(threads[i], NULL), 0);
	cr_expect_eq(all.arrived, (size_t)POSTS * THREADS);
	cr_expect_eq(all.disordered, 0);
	loop_timer_finish(&deadline);
	loop_destroy(loop);
}

struct chain {
	struct loop *loop;
	size_t left;
};

static void post_next(void *arg)
{
	struct chain *chain = arg;

	if (chain->left-- == 0)
		loop_stop(chain->loop);
	else
		cr_assert(loop_post(chain->loop, post_next, chain));
}

Test(loop, runs_what_posted_work_posts)
{
	struct chain chain = {.loop = loop_create(), .left = 100};

	post_next(&chain);
	cr_assert(loop_run(chain.loop));
	cr_expect_eq(chain.left, SIZE_MAX);
	loop_destroy(chain.loop);
}
