// SPDX-License-Identifier: MIT
#include "wherry/conf/conf.h"

#include <pthread.h>

#include <criterion/criterion.h>

#include "wherry/conf/conf_load.h"

static struct conf *load(void)
{
	struct conf_diag diag;
	conf_diag_init(&diag);
	struct conf *conf = conf_load_text("t",
		STR("{listeners: [{address: ':1'}], routes: [{redirect: {to: /}}]}"),
		&diag);
	cr_assert_not_null(conf);
	conf_diag_finish(&diag);
	return conf;
}

Test(conf, lives_until_the_last_reference_goes)
{
	struct conf *conf = load();
	cr_expect_eq(conf_ref(conf), conf);
	conf_unref(conf);
	cr_expect_str_eq(conf->listeners[0].name, ":1");
	conf_unref(conf);
}

Test(conf, takes_null)
{
	cr_expect_null(conf_ref(NULL));
	conf_unref(NULL);
}

enum {
	THREADS = 4,
	TURNS = 1000
};

static void *use(void *arg)
{
	for (int i = 0; i < TURNS; i++) {
		struct conf *conf = conf_ref(arg);
		if (conf->route_count != 1)
			return arg;
		conf_unref(conf);
	}
	conf_unref(arg);
	return NULL;
}

Test(conf, is_shared_by_threads)
{
	struct conf *conf = load();
	pthread_t threads[THREADS];
	for (size_t i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, use, conf_ref(conf)), 0);
	conf_unref(conf);
	for (size_t i = 0; i < THREADS; i++) {
		void *failure;
		cr_assert_eq(pthread_join(threads[i], &failure), 0);
		cr_expect_null(failure);
	}
}
