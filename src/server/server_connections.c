// SPDX-License-Identifier: MIT
// The verbs `connections` and `kill`: one worker after the other walks its connections,
// on its own thread, and what it found travels back in pieces, at the pace at which the
// peer takes them.
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "server_control_priv.h"
#include "wherry/admin/connection_json.h"
#include "wherry/base/now.h"
#include "wherry/conf/conf_complaint.h"
#include "wherry/proto/ws_check.h"
#include "wherry/proxy/conn.h"
#include "wherry/proxy/conn_walk.h"

enum {
	PIECE_BYTES = 32 * 1024, // of lines; then the walk waits for the peer
	RETRY_MS = 100,          // of what there was no memory for
	TEXT_MAX = 123           // of a Close frame (RFC 6455 section 5.5)
};

// Belongs to the control loop, or to the worker that walks: one at a time.
struct look {
	struct server *server;
	struct control_call *call;
	struct conn_facts_filter filter; // its texts are the call's
	bool kills;
	uint16_t code;
	const char *text;    // in Close frames; the call's
	size_t index;        // of the worker
	worker_call_cb next; // for the worker
	struct conn_walk walk;
	struct loop *walker; // the worker's, which has the walk
	struct loop_timer retry;
	struct buf lines;
	uint64_t found, count; // count: that are listed, or killed now
	bool is_walk_over;
	bool is_waiting; // for room; then it is the control loop's
};

static void on_piece(void *arg);

// There was no memory to tell the other thread.
static void try_later(struct look *look, struct loop *loop, loop_timer_cb again)
{
	loop_timer_init(&look->retry, loop, again, look);
	loop_timer_set(&look->retry, now_ms() + RETRY_MS);
}

// On the worker's thread, as the next six.
static void send_piece(void *arg)
{
	struct look *look = arg;
	if (!loop_post(look->server->loop, on_piece, look))
		try_later(look, look->walker, send_piece);
}

static void kill_one(struct look *look, struct conn *conn)
{
	if (conn_kill_lines(conn, &look->filter, look->text) ||
		conn_kill(conn, look->code, look->text))
		look->count++;
}

static void visit(void *arg, struct conn *conn)
{
	struct look *look = arg;
	struct conn_facts facts;
	conn_facts_read(conn, now_ms(), &facts);
	if (!conn_facts_match(&facts, &look->filter))
		return;
	look->found++;
	if (look->kills) {
		kill_one(look, conn);
		return;
	}
	connection_json_write(&look->lines, &facts);
	look->count++;
	if (look->lines.length < PIECE_BYTES && !look->lines.is_failed)
		return;
	conn_walk_pause(&look->walk);
	send_piece(look);
}

static void on_walk_over(void *arg)
{
	struct look *look = arg;
	conn_walk_finish(&look->walk);
	look->is_walk_over = true;
	send_piece(look);
}

static void start_walk(void *arg, struct proxy *proxy)
{
	struct look *look = arg;
	look->walker = proxy_site(proxy)->loop;
	conn_walk_init(&look->walk, proxy_site(proxy), visit, on_walk_over, look);
	conn_walk_start(&look->walk);
}

static void resume_walk(void *arg, struct proxy *proxy)
{
	struct look *look = arg;
	conn_walk_resume(&look->walk);
}

static void abandon_walk(void *arg, struct proxy *proxy)
{
	on_walk_over(arg);
}

static bool has_route(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->route_count; i++) {
		if (strcmp(conf->routes[i].name, name) == 0)
			return true;
	}
	return false;
}

static void refuse_route(const struct look *look)
{
	const struct conf *conf = look->server->conf;
	struct conf_complaint complaint;
	struct buf error = BUF_INIT;
	conf_complaint_init(&complaint, str_from(look->filter.route));
	for (size_t i = 0; i < conf->route_count; i++)
		conf_complaint_offer(&complaint, conf->routes[i].name);
	conf_complaint_write(&complaint, "route", &error);
	control_call_refuse(look->call, "%.*s", STR_ARG(buf_str(&error)));
	buf_finish(&error);
}

// False: none was found, and none could be, since nothing bears the id or name.
// Connections of an earlier edition may be on a route that is no more.
static bool is_sensible(const struct look *look)
{
	const struct conn_facts_filter *filter = &look->filter;
	if (look->found > 0)
		return true;
	if (look->kills && filter->id != 0) {
		control_call_refuse(look->call, "there is no connection %llu",
			(unsigned long long)filter->id);
		return false;
	}
	if (filter->route && !has_route(look->server->conf, filter->route)) {
		refuse_route(look);
		return false;
	}
	return !filter->upstream ||
	       server_control_find_group(look->server, look->call, filter->upstream);
}

static void conclude(struct look *look)
{
	const char *what = look->kills ? "killed" : "count";
	if (is_sensible(look))
		control_call_answer(
			look->call, json_pack("{sI}", what, (json_int_t)look->count));
	buf_finish(&look->lines);
	free(look);
}

static void call_worker(void *arg)
{
	struct look *look = arg;
	struct server *server = look->server;
	if (!worker_call(server->workers[look->index], look->next, look))
		try_later(look, server->loop, call_worker);
}

// With the walk that waits, with the next worker, or to the end.
static void go_on(struct look *look)
{
	bool is_gone = control_call_is_gone(look->call);
	look->next = is_gone ? abandon_walk : resume_walk;
	if (look->is_walk_over) {
		look->is_walk_over = false;
		look->index++;
		look->next = start_walk;
		if (is_gone || look->index >= look->server->worker_count) {
			conclude(look);
			return;
		}
	}
	call_worker(look);
}

static void on_ready(void *arg)
{
	struct look *look = arg;
	if (!look->is_waiting)
		return;
	look->is_waiting = false;
	go_on(look);
}

static void on_piece(void *arg)
{
	struct look *look = arg;
	bool has_room = control_call_write(look->call, buf_str(&look->lines));
	buf_clear(&look->lines);
	look->is_waiting = !has_room;
	if (has_room)
		go_on(look);
}

static void start(struct look *look)
{
	struct server *server = look->server;
	control_call_set_ready(look->call, on_ready, look);
	if (worker_call(server->workers[0], start_walk, look))
		return;
	control_call_refuse(look->call, "out of memory");
	free(look);
}

// NULL, or what is wrong.
static const char *check_kill(const struct look *look, json_int_t code, int is_all)
{
	static const struct conn_facts_filter everything;
	if (!ws_check_is_close_code((uint64_t)code))
		return "code may not be sent (expected 1000 to 1003, 1007 to 1014, or "
		       "3000 to "
		       "4999)";
	if (strlen(look->text) > TEXT_MAX)
		return "reason is longer than the 123 bytes of a Close frame";
	bool is_everything = memcmp(&look->filter, &everything, sizeof(everything)) == 0;
	if (is_everything && !is_all)
		return "that would end all connections (expected an id, a filter, or "
		       "all)";
	return NULL;
}

// False: it was refused.
static bool read_request(struct look *look)
{
	struct connection_json_choice choice = {0};
	struct conn_facts_filter *filter = &look->filter;
	json_int_t id = 0, code = close_reason_code(CLOSE_REASON_KILLED);
	int is_all = 0;
	const char *format =
		look->kills ? "{s?I s?s s?s s?s s?s s?s s?s s?s s?s s?s s?s s?s "
			      "s?I s?s s?b}"
			    : "{s?I s?s s?s s?s s?s s?s s?s s?s s?s s?s s?s s?s}";
	if (!control_call_unpack(look->call, format, "id", &id, "route", &filter->route,
		    "upstream", &filter->upstream, "server", &filter->server, "listener",
		    &filter->listener, "user", &filter->user, "channel", &filter->channel,
		    "kind", &choice.kind, "source", &choice.source, "age", &choice.age,
		    "idle", &choice.idle, "bytes", &choice.bytes, "code", &code, "reason",
		    &look->text, "all", &is_all))
		return false;
	filter->id = (uint64_t)id;
	const char *error = connection_json_read(&choice, filter);
	if (!error && look->kills)
		error = check_kill(look, code, is_all);
	look->code = (uint16_t)code;
	if (error)
		control_call_refuse(look->call, "%s", error);
	return !error;
}

static void look_at_all(struct server *server, struct control_call *call, bool kills)
{
	struct look *look = calloc(1, sizeof(*look));
	if (!look) {
		control_call_refuse(call, "out of memory");
		return;
	}
	look->server = server;
	look->call = call;
	look->kills = kills;
	look->text = "";
	if (read_request(look))
		start(look);
	else
		free(look);
}

void server_control_connections(void *arg, struct control_call *call)
{
	look_at_all(arg, call, false);
}

void server_control_kill(void *arg, struct control_call *call)
{
	look_at_all(arg, call, true);
}
