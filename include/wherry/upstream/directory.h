// SPDX-License-Identifier: MIT
// Which servers there are: those of the configuration, each wherever its name leads now.
// Makes the sets that connections choose from. Control thread only.
//
// A server or group lives across sets, also across those of other configurations, and so
// do its counts. It is freed by the first directory_build, or at the end, that finds no
// set with it and nothing reserved on it: a server is reserved only through a set, which
// is freed here after the last use of it, and upstream_release touches the server last.
// So nobody can reach it any more.
#pragma once

#include "wherry/base/buf.h"
#include "wherry/upstream/names.h"
#include "wherry/upstream/upstream.h"

struct directory;

// names outlive it. NULL when memory is short.
MUST_CHECK struct directory *directory_create(struct names *names);
// No set and no reservation is left. NULL is allowed.
void directory_destroy(struct directory *directory);

// Follows the names of conf's servers besides those that are followed already. False when
// memory is short.
MUST_CHECK bool directory_follow(struct directory *directory, const struct conf *conf);
// The set for conf as of now, with one reference; servers whose name is not resolved yet
// have no member in it. former is the set in force, NULL at first: TLS that it has for
// the same conf is shared, else loaded, which blocks on the disk; and servers that a name
// has left stay members, marked gone, while a connection may be on them. NULL, with one
// line for each problem, when a file can't be read or memory is short.
MUST_CHECK struct upstream_set *directory_build(struct directory *directory,
	struct conf *conf, const struct upstream_set *former, struct buf *ret_text);
// The set is in force: names that its conf does not need are forgotten. Not within an
// answer.
void directory_settle(struct directory *directory, const struct upstream_set *set);
// What was built or followed for another configuration comes to nothing: set stays in
// force, and with it what was changed of its servers. Not within an answer.
void directory_cancel(struct directory *directory, const struct upstream_set *set);
