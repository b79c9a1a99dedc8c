// SPDX-License-Identifier: MIT
// Passwords: answers come to the loop that asked, once, and what is right is remembered.
#include "wherry/proxy/passwords.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "conf_text.h"
#include "fake_clock.h"
#include "wherry/proxy/passwords_memory.h"

#define ANN "ann:$2y$05$GONWI6jANTAPXLX8Jl3Deudsdyb2JAT/VRkdKNf36.txC4mfZMrkm\n" // "x"

static char path[] = "/tmp/wherry-passwords-XXXXXX";
static struct conf *conf;
static struct passwords *passwords;
static struct loop *loop;
static enum passwords_answer last;
static size_t answer_count;

static void start(void)
{
	char text[512];
	struct buf errors = BUF_INIT;
	int fd = mkstemp(path);
	cr_assert(write(fd, ANN, sizeof(ANN) - 1) == sizeof(ANN) - 1);
	close(fd);
	(void)snprintf(text, sizeof(text),
		"listeners: [{ address: 127.0.0.1:0 }]\n"
		"upstreams: { app: { servers: [http://10.0.0.9:9000] } }\n"
		"routes:\n"
		"  - { match: { path: /a }, basic_auth: { file: %s }, to: app }\n"
		"  - { match: { path: /b }, to: app }\n"
		"  - { match: { path: /c }, basic_auth: { file: %s }, to: app }\n",
		path, path);
	conf = conf_text_load(text);
	passwords = passwords_create(conf, &errors);
	cr_assert_not_null(passwords, "%.*s", (int)errors.length, errors.data);
	loop = loop_create();
	cr_assert_not_null(loop);
}

static void finish(void)
{
	passwords_stop(passwords);
	loop_settle(loop);
	passwords_destroy(passwords);
	loop_destroy(loop);
	conf_unref(conf);
	unlink(path);
}

TestSuite(passwords, .init = start, .fini = finish);

static void on_answer(void *arg, enum passwords_answer answer)
{
	last = answer;
	answer_count++;
	loop_stop(loop);
}

static enum passwords_answer ask(size_t route, const char *user, const char *password,
	const char *source, struct passwords_question **ret_question)
{
	struct addr addr;
	cr_assert(addr_parse_ip(str_from(source), 0, &addr));
	struct passwords_request request = {
		.route = route,
		.user = str_from(user),
		.password = str_from(password),
		.source = &addr,
		.loop = loop,
		.done = on_answer,
	};
	return passwords_ask(passwords, &request, ret_question);
}

static enum passwords_answer ask_and_wait(
	size_t route, const char *user, const char *password)
{
	struct passwords_question *question;
	enum passwords_answer answer = ask(route, user, password, "10.0.0.1", &question);
	if (answer != PASSWORDS_PENDING)
		return answer;
	cr_assert_not_null(question);
	cr_assert(loop_run(loop));
	return last;
}

static enum passwords_answer ask_at_once(
	size_t route, const char *user, const char *password)
{
	struct passwords_question *question;
	enum passwords_answer answer = ask(route, user, password, "10.0.0.1", &question);
	if (answer == PASSWORDS_PENDING)
		passwords_forget(question);
	return answer;
}

Test(passwords, are_right_or_wrong)
{
	cr_assert(passwords_start(passwords));
	cr_expect_eq(ask_and_wait(0, "ann", "x"), PASSWORDS_RIGHT);
	cr_expect_eq(ask_and_wait(0, "ann", "y"), PASSWORDS_WRONG);
	cr_expect_eq(ask_and_wait(0, "ann", ""), PASSWORDS_WRONG);
	cr_expect_eq(ask_and_wait(0, "bob", "x"), PASSWORDS_WRONG);
}

Test(passwords, are_remembered_for_a_minute_if_right)
{
	fake_clock_stop();
	cr_assert(passwords_start(passwords));
	cr_expect_eq(ask_and_wait(0, "ann", "x"), PASSWORDS_RIGHT);
	cr_expect_eq(answer_count, 1);
	cr_expect_eq(ask_at_once(0, "ann", "x"), PASSWORDS_RIGHT);
	cr_expect_eq(ask_at_once(2, "ann", "x"), PASSWORDS_RIGHT, "the same file");
	cr_expect_eq(ask_at_once(0, "ann", "y"), PASSWORDS_PENDING);
	cr_expect_eq(ask_at_once(0, "annx", ""), PASSWORDS_PENDING);
	fake_clock_advance(PASSWORDS_REMEMBERED_MS - 1);
	cr_expect_eq(ask_at_once(0, "ann", "x"), PASSWORDS_RIGHT);
	fake_clock_advance(1);
	cr_expect_eq(ask_at_once(0, "ann", "x"), PASSWORDS_PENDING);
}

Test(passwords, that_are_wrong_are_not_remembered)
{
	cr_assert(passwords_start(passwords));
	cr_expect_eq(ask_and_wait(0, "ann", "y"), PASSWORDS_WRONG);
	cr_expect_eq(ask_at_once(0, "ann", "y"), PASSWORDS_PENDING);
}

Test(passwords, are_bounded_for_each_source_and_in_all)
{
	struct passwords_question *question;
	for (int i = 0; i < PASSWORDS_SOURCE_MAX; i++)
		cr_expect_eq(ask(0, "ann", "x", "10.0.0.1", &question), PASSWORDS_PENDING,
			"%d", i);
	cr_expect_eq(ask(0, "ann", "x", "10.0.0.1", &question), PASSWORDS_BUSY);
	cr_expect_null(question);
	for (int i = PASSWORDS_SOURCE_MAX; i < PASSWORDS_QUEUE_MAX; i++) {
		char source[32];
		(void)snprintf(source, sizeof(source), "10.0.1.%d", i % 250);
		cr_expect_eq(ask(0, "ann", "x", source, &question), PASSWORDS_PENDING,
			"%d", i);
	}
	cr_expect_eq(ask(0, "ann", "x", "10.0.0.9", &question), PASSWORDS_BUSY);
	passwords_stop(passwords);
	loop_settle(loop);
	cr_expect_eq(answer_count, PASSWORDS_QUEUE_MAX, "all are told at the end");
	cr_expect_eq(last, PASSWORDS_BUSY);
	cr_expect_eq(ask(0, "ann", "x", "10.0.0.1", &question), PASSWORDS_BUSY);
}

Test(passwords, that_are_forgotten_are_not_told)
{
	struct passwords_question *question;
	cr_expect_eq(ask(0, "ann", "x", "10.0.0.1", &question), PASSWORDS_PENDING);
	passwords_forget(question);
	cr_assert(passwords_start(passwords));
	cr_expect_eq(ask_and_wait(0, "ann", "y"), PASSWORDS_WRONG);
	cr_expect_eq(answer_count, 1);
}

Test(passwords_memory, is_bounded_and_forgets_the_oldest)
{
	struct passwords_memory *memory = passwords_memory_create();
	uint8_t first[PASSWORDS_TAG_SIZE], tag[PASSWORDS_TAG_SIZE];
	cr_assert_not_null(memory);
	cr_assert(passwords_memory_tag(memory, 0, STR("ann"), STR("x"), first));
	passwords_memory_add(memory, first, 100);
	cr_expect(passwords_memory_has(memory, first, 99));
	cr_expect_not(passwords_memory_has(memory, first, 100));
	for (uint64_t i = 0; i < 100000; i++) {
		struct str user = {(const char *)&i, sizeof(i)};
		cr_assert(passwords_memory_tag(memory, 0, user, STR("x"), tag));
		passwords_memory_add(memory, tag, 200 + i);
		cr_assert(passwords_memory_has(memory, tag, 150));
	}
	cr_expect_not(passwords_memory_has(memory, first, 50));
	passwords_memory_destroy(memory);
}

Test(passwords_memory, tells_pairs_apart)
{
	struct passwords_memory *memory = passwords_memory_create();
	struct passwords_memory *other = passwords_memory_create();
	uint8_t tags[5][PASSWORDS_TAG_SIZE];
	cr_assert(passwords_memory_tag(memory, 0, STR("ab"), STR("c"), tags[0]));
	cr_assert(passwords_memory_tag(memory, 0, STR("a"), STR("bc"), tags[1]));
	cr_assert(passwords_memory_tag(memory, 1, STR("ab"), STR("c"), tags[2]));
	cr_assert(passwords_memory_tag(memory, 0, STR("abc"), STR(""), tags[3]));
	cr_assert(passwords_memory_tag(other, 0, STR("ab"), STR("c"), tags[4]));
	for (size_t i = 1; i < 5; i++)
		cr_expect_arr_neq(tags[0], tags[i], PASSWORDS_TAG_SIZE, "%zu", i);
	passwords_memory_destroy(memory);
	passwords_memory_destroy(other);
}
