// SPDX-License-Identifier: MIT
// The process as its parts see it: server.c (start and end), server_workers.c,
// server_place.c and server_listen.c (who listens where), server_takeover.c and
// server_handover.c (binary upgrade), server_control.c (how it is steered),
// server_drain.c (how connections are closed), server_memory.c (the budget),
// server_names.c (where servers are), server_snapshot.c (what workers go by),
// server_tls.c (certificates) and server_signals.c.
#pragma once

#include <sys/queue.h>

#include "server_place_priv.h"
#include "server_rebalance_priv.h"
#include "wherry/admin/control.h"
#include "wherry/admin/status.h"
#include "wherry/base/memory_use.h"
#include "wherry/net/file_watch.h"
#include "wherry/net/tls_tickets.h"
#include "wherry/proxy/drain_plan.h"
#include "wherry/server/inherited.h"
#include "wherry/server/notify.h"
#include "wherry/server/sandbox.h"
#include "wherry/server/server.h"
#include "wherry/server/worker.h"
#include "wherry/upstream/directory.h"
#include "wherry/upstream/health_checker.h"

struct server;

enum {
	SERVER_SIGNALS = 4,
	SERVER_DRAIN_TEXT_SIZE = 128,
	SERVER_WORKERS_MAX = 256
};

// A drain that is under way.
struct server_drain {
	LIST_ENTRY(server_drain) entry;
	struct drain_plan *plan; // a reference
	char what[SERVER_DRAIN_TEXT_SIZE];
	uint64_t started_ms;
	struct control_call *call; // that is answered when it is over; NULL = none
};
LIST_HEAD(server_drain_list, server_drain);

struct server_memory {
	struct memory_use use;
	uint64_t budget;
	struct loop_timer timer;
	enum limits_memory level, told_level;
	uint64_t told_shed, told_ms;
	uint64_t trimmed_ms;
};

enum {
	SERVER_RATES = 3, // connections, requests, WebSockets
	SERVER_RATES_SAMPLES = 10
};

struct server_sample {
	uint64_t at_ms;
	uint64_t totals[SERVER_RATES];
};

struct server_rates {
	struct loop_timer timer;
	struct server_sample samples[SERVER_RATES_SAMPLES];
	size_t count; // taken so far
};

struct server {
	const struct conf *started_conf;
	struct conf *conf;         // of the newest snapshot
	struct loop *loop;         // the control loop
	struct snapshot *snapshot; // the newest; older ones that are in use follow it
	uint64_t edition;          // its number
	struct loop_timer sweep_timer;
	struct health_checker *checker;
	struct hub *hub;
	struct live *live;
	struct limits *limits;
	struct worker *workers[SERVER_WORKERS_MAX]; // all that were ever made
	size_t worker_count;
	size_t workers_running;
	_Atomic size_t workers_active; // the first ones, which get new connections; the
				       // others keep those that they have
	struct server_places places;
	struct loop_timer spread_timer; // where a worker could not be told to listen
	uint64_t closed_ms;             // when the last listener went
	struct inherited inherited;
	struct names *names;
	struct directory *directory;
	struct loop_timer names_timer; // how long the start waits for their first answers
	struct loop_timer rebuild_timer; // after an answer about one
	uint64_t names_rebuilt_ms;
	struct tls_tickets *tickets; // NULL: no listener speaks TLS
	struct tls_set *early_set;   // of the one listener; taken by server_tls_load
	struct file_watch *certificate_watch;
	struct loop_timer tickets_timer;
	struct server_memory memory;
	struct server_rates rates;
	struct server_drain_list drains;
	struct loop_timer drains_timer;
	struct server_rebalancing rebalancing;
	struct server_reload *reload;      // under way; NULL = none is
	bool is_reload_wanted;             // again, once that is over
	struct server_place *status_place; // NULL: there is none
	struct status *status;
	struct addr control_address; // of length 0: there is no place for it, or none
	struct server_place *control_place; // NULL: it has none
	struct control *control;
	struct event *signals[SERVER_SIGNALS];
	uint64_t started_ms;
	struct sandbox sandbox;
	bool is_waiting_for_names;
	struct notify notify;
	int predecessor; // connection to the Wherry whose sockets these are as well, and
			 // who serves as long as it is there; -1 = there is none
	int ready_fd;    // gets a byte when this process serves; -1 = none
	struct server_handover *handover; // to a new process; NULL: none is under way
	bool is_succeeded;                // by that
	bool is_draining;
	bool is_told_to_stop;
	bool is_stopping; // the second signal came
	bool has_started;
	bool has_failed; // a worker could not be started
};

void server_snapshot_init(struct server *server);
// Makes a snapshot of these, which is the newest from then on, and gives it to the
// workers. tls has one place for each listener of the rules' configuration; adopt, which
// may be NULL, says what becomes of live connections, and its snapshot is not looked at.
// False when memory is short: nothing has changed.
MUST_CHECK bool server_publish(struct server *server, struct rules *rules,
	struct upstream_set *upstreams, struct tls_set *const *tls,
	const struct proxy_adopt_options *adopt);
// Once the workers have ended: what they wait for is answered now or never.
void server_snapshot_stop(struct server *server);
// Once the workers are gone.
void server_snapshot_finish(struct server *server);
// One event for each line.
void server_log_lines(struct str text, bool is_bad);
// Has the log go where the configuration says, which is not in force yet. False: a line
// says why not.
MUST_CHECK bool server_log_apply(
	const struct server *server, const struct conf *conf, struct buf *reterr_text);
// Watches how much memory is used, from now on.
void server_memory_start(struct server *server);
void server_memory_stop(struct server *server);
// Why it should get no new connections; NULL: it should.
const char *server_name_hindrance(const struct server *server);
// What the status address and `wherry status` tell, as JSON; NULL without memory.
MUST_CHECK struct json_t *server_report(const struct server *server);
// Watches how fast the counters that it tells of grow.
void server_report_start(struct server *server);
void server_report_stop(struct server *server);
// Makes the hub, with the broker that conf wants. False: memory is short, or the broker
// can't be set up, which is logged.
MUST_CHECK bool server_hub_create(struct server *server);
// Its limits are conf's from now on.
void server_hub_apply(struct server *server);
void server_hub_destroy(struct server *server);
MUST_CHECK struct json_t *server_hub_report(const struct server *server);
// Finds the control socket's place, before the sandbox closes the way there.
void server_control_prepare(struct server *server);
// Opens it. False, logged, if the configuration names a place and it can't be there; no
// other one is needed to serve.
MUST_CHECK bool server_control_start(struct server *server);
// Answers there, which waits until the Wherry before does no more. False: memory or
// descriptors are short.
MUST_CHECK bool server_control_serve(struct server *server);
void server_control_finish(struct server *server);
// Makes as many workers as conf wants if there are less; before server_start_workers they
// do not run yet. False, with the reason, if one can't be made: the others stay idle.
MUST_CHECK bool server_workers_prepare(
	struct server *server, const struct conf *conf, struct buf *reterr_text);
// As many as conf wants get new connections, with the next server_listen_commit.
void server_workers_commit(struct server *server, const struct conf *conf);
// Runs those that were made. False, logged, if one does not.
MUST_CHECK bool server_workers_start(struct server *server);
// Waits for their threads' ends.
void server_workers_join(struct server *server);
void server_workers_destroy(struct server *server);

// What a reload changes, for its reply: arrays of addresses.
struct server_listen_changes {
	struct json_t *added, *removed;
};

// When there is a loop.
void server_listen_init(struct server *server);
// Opens what conf listens on and this process does not yet. False, with the reason, if an
// address can't be had: then nothing has changed.
MUST_CHECK bool server_listen_prepare(
	struct server *server, const struct conf *conf, struct buf *reterr_text);
// Closes what was opened for nothing.
void server_listen_cancel(struct server *server);
// Once conf's snapshot is published, and the workers run: listens on what was prepared,
// and no longer on what conf lacks, with the workers that are active now. changes may be
// NULL.
void server_listen_commit(struct server *server, struct server_listen_changes *changes);
// Is the configuration's every address listened at? Not one that was closed.
bool server_listen_is_complete(const struct server *server);
// Stops listening at this address of the configuration's, until the next one is served.
void server_listen_close(struct server *server, const struct addr *address);
// For the last time; what waits in a queue is accepted.
void server_listen_stop(struct server *server);
// Moves the status address to where conf wants it. False, with the reason: it stays.
MUST_CHECK bool server_status_apply(
	struct server *server, const struct conf *conf, struct buf *reterr_text);
// The same as server_control_serve.
MUST_CHECK bool server_status_serve(struct server *server);
void server_status_stop(struct server *server);
// Without a configuration file: reads the key that root named on the command line while
// root may still do so, instead of asking that another user can. False, logged.
MUST_CHECK bool server_tls_load_early(struct server *server);
// Loads what conf's listeners need for TLS, and watches the files. ret_sets has a place
// for each of them; the caller unrefs what is put there, also on failure. False, with a
// line for each mistake, if one is missing.
MUST_CHECK bool server_tls_load(struct server *server, const struct conf *conf,
	struct tls_set **ret_sets, struct buf *ret_errors);
void server_tls_stop(struct server *server);
// The directory of servers. False when memory is short.
MUST_CHECK bool server_names_create(struct server *server);
// Follows the names of servers; server_start_workers is called once all have an answer or
// it has taken too long. Whatever they lead to becomes a snapshot.
MUST_CHECK bool server_names_start(struct server *server);
// A snapshot with the servers as they are now. False, with the reason.
MUST_CHECK bool server_names_publish(struct server *server, struct buf *reterr_text);
void server_names_stop(struct server *server);
// Once no snapshot is left.
void server_names_finish(struct server *server);
// Takes the configuration's file anew; call, which may be NULL, is told how it went.
void server_reload(struct server *server, struct control_call *call);
// A name of a server has its first answer.
void server_reload_names_changed(struct server *server);
// Once the workers are gone.
void server_reload_finish(struct server *server);
MUST_CHECK bool server_signals_start(struct server *server);
void server_signals_stop(struct server *server);

// Drains all, and ends the process.
void server_drain(struct server *server, uint64_t window_ms, uint64_t timeout_ms);
// The same with words of its own; only once. NULL when memory is short.
MUST_CHECK struct server_drain *server_drain_all(
	struct server *server, const struct drain_plan_options *options);
// Has each worker do its share of a plan, which is made of options (but for shares), and
// watches it. what: how the log calls it. NULL when memory is short.
MUST_CHECK struct server_drain *server_drain_run(struct server *server,
	const struct drain_plan_options *options, const char *what);
// Follows a plan that the workers know of already, until it is over. NULL when memory is
// short: then it goes on without a word.
struct server_drain *server_drain_watch(
	struct server *server, struct drain_plan *plan, const char *what);
// Of each that is under way, for the status; NULL without memory.
MUST_CHECK struct json_t *server_drain_report(const struct server *server);
void server_drain_start(struct server *server);
void server_drain_stop(struct server *server);

enum server_stop {
	SERVER_STOP_DRAIN, // as the configuration says; at once if it drains already
	SERVER_STOP_QUICK, // within 2 s; the same
	SERVER_STOP_NOW,
};
void server_stop(struct server *server, enum server_stop how);

// Asks the Wherry that runs for its sockets. False, logged, if there is none, or it gives
// none.
MUST_CHECK bool server_takeover_begin(struct server *server);
// Ready to listen: has it stop that. False, logged: it goes on, and this process must not
// begin.
MUST_CHECK bool server_takeover_end(struct server *server);
void server_handover_stop(struct server *server);
// Tells the service manager that all is as it should be.
void server_notify_ready(const struct server *server);
// Closes all connections, as the process that has taken over now serves.
void server_drain_succeeded(struct server *server);

// Called back by the parts above.
void server_start_workers(struct server *server);
void server_reopen_logs(struct server *server);
