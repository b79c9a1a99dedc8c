// SPDX-License-Identifier: MIT
// A broker that any number of machines share through one Redis: it gives the ids and
// remembers what is published, and each machine subscribes to the channels in which it
// has subscribers. While it is away, publications wait for a moment, then fail; when it
// is back, nothing that it still remembers is missed or told twice.
#pragma once

#include "wherry/conf/conf.h"
#include "wherry/hub/broker.h"
#include "wherry/net/loop.h"

enum {
	BROKER_REDIS_ERROR_SIZE = 512
};

// To conf->hub; copied. Begins to connect once
// the loop runs. NULL with what is wrong, as the user that serves.
MUST_CHECK struct broker *broker_redis_create(struct loop *loop, const struct conf *conf,
	char reterr_text[BROKER_REDIS_ERROR_SIZE]);
