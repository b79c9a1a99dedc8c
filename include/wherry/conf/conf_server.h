// SPDX-License-Identifier: MIT
// Entries of groups of servers one by one: made without a file, and compared.
#pragma once

#include "wherry/base/buf.h"
#include "wherry/conf/conf.h"

// A configuration of one group with one server, upstreams[0].servers[0], which but for
// URL and weight is as if nothing was written. NULL with what is wrong.
MUST_CHECK struct conf *conf_server_create(
	struct str url, uint64_t weight, struct buf *ret_error);
// False with what is wrong, if weight is beyond what a file may say.
MUST_CHECK bool conf_server_check_weight(uint64_t weight, struct buf *ret_error);
// How many servers a group may have.
uint64_t conf_server_max_count(void);

// Do both say the same of a server? NULL is a server that is not there.
bool conf_server_equal(const struct conf_server *a, const struct conf_server *b);
// Do both lead to the same place, however they are written?
bool conf_server_is_same_url(const struct url *a, const struct url *b);
