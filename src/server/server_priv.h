// SPDX-License-Identifier: MIT
// The process as its parts see it: server.c (start and end), server_listen.c (sockets),
// server_memory.c (the budget), server_names.c (where servers are), server_passwords.c
// (htpasswd files), server_tls.c (certificates) and server_signals.c.
#pragma once

#include "wherry/admin/status.h"
#include "wherry/base/memory_use.h"
#include "wherry/net/file_watch.h"
#include "wherry/net/resolver.h"
#include "wherry/net/tls_tickets.h"
#include "wherry/server/sandbox.h"
#include "wherry/server/server.h"
#include "wherry/server/worker.h"

struct server;

enum {
	SERVER_SIGNALS = 4,
	SERVER_WORKERS_MAX = 256
};

// What a name's answers are for.
struct server_name {
	struct server *server;
	size_t server_index;
	bool is_answered;
};

struct server_memory {
	struct memory_use use;
	uint64_t budget;
	struct loop_timer timer;
	enum limits_memory level, told_level;
	uint64_t told_shed, told_ms;
	uint64_t trimmed_ms;
};

struct server {
	struct conf *conf;
	struct loop *loop; // the control loop
	struct upstream_set *upstreams;
	struct limits *limits;
	struct passwords *passwords;
	struct tokens *tokens;
	struct worker **workers;
	size_t worker_count;
	size_t workers_running;
	struct resolver *resolver;
	struct server_name *names;
	size_t names_waited_for;
	struct loop_timer names_timer;
	struct tls_tickets *tickets; // NULL: no listener speaks TLS
	struct tls_set *early_set;   // of the one listener; taken by server_tls_start
	struct file_watch *certificate_watch;
	struct loop_timer tickets_timer;
	struct server_memory memory;
	struct status *status;
	struct event *signals[SERVER_SIGNALS];
	uint64_t started_ms;
	struct sandbox sandbox;
	bool is_draining;
	bool is_stopping; // the second signal came
	bool has_started;
	bool has_failed; // a worker could not be started
};

// Before the workers are made. False, logged, if something is wrong with a file.
MUST_CHECK bool server_passwords_start(struct server *server);
// Watches how much memory is used, from now on.
void server_memory_start(struct server *server);
void server_memory_stop(struct server *server);
// Reads the key sets of routes that ask for tokens. False, logged, if one is wrong.
MUST_CHECK bool server_tokens_load(struct server *server);
// Opens every listener for every worker. False, logged, if one can't be.
MUST_CHECK bool server_listen(struct server *server);
// Opens the status address if there is one. False, logged.
MUST_CHECK bool server_status_start(struct server *server);
// What TLS to the backends needs. False, logged.
MUST_CHECK bool server_tls_load_backends(struct server *server);
// Without a configuration file: reads the key that root named on the command line while
// root may still do so, instead of asking that another user can. False, logged.
MUST_CHECK bool server_tls_load_early(struct server *server);
// Loads what listeners need for TLS, gives it to the workers, and watches the files. Not
// before the workers are made, and not after they are started. False, logged, if
// something is wrong.
MUST_CHECK bool server_tls_start(struct server *server);
// Loads all again, each listener's for itself: what is wrong leaves the old one serving.
void server_tls_reload(struct server *server);
void server_tls_stop(struct server *server);
// Tells the workers where the servers are, and follows names; then server_start_workers
// is called, once all names have an answer or it has taken too long.
MUST_CHECK bool server_names_start(struct server *server);
MUST_CHECK bool server_signals_start(struct server *server);
void server_signals_stop(struct server *server);

// Called back by the parts above.
void server_start_workers(struct server *server);
void server_drain(struct server *server, uint64_t window_ms, uint64_t timeout_ms);
void server_reopen_logs(struct server *server);
