// SPDX-License-Identifier: MIT
// The connections of the control socket, and the calls that come over them; see the
// header. A call outlives its connection, for its verb may be waiting for another thread.
#include "wherry/admin/control.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "control_call_priv.h"
#include "wherry/admin/control_request.h"
#include "wherry/base/log.h"
#include "wherry/base/now.h"
#include "wherry/net/listener.h"

enum {
	PEERS_MAX = 32,
	REQUEST_MS = 60 * 1000, // for a whole request, from the end of the last one
	STALL_MS = 10 * 1000,
	LINGER_MS = 2 * 1000, // for the peer to close after our FIN
};

LIST_HEAD(peer_list, control_peer);

struct control {
	struct loop *loop;
	const struct control_verb *verbs;
	void *arg;
	struct listener *listener;
	struct peer_list peers;
	size_t peer_count;
};

static void destroy_peer(struct control_peer *peer)
{
	struct control_call *call = peer->call;
	LIST_REMOVE(peer, entry);
	peer->control->peer_count--;
	loop_timer_finish(&peer->deadline);
	stream_destroy(peer->stream);
	free(peer);
	if (call)
		control_call_lose_peer(call);
}

static void on_deadline(void *arg)
{
	destroy_peer(arg);
}

// A close with bytes unread would be a reset, which may overtake the answer.
static void close_gently(struct control_peer *peer)
{
	peer->is_closing = true;
	stream_shutdown(peer->stream);
	loop_timer_set(&peer->deadline, now_ms() + LINGER_MS);
}

void control_end_call(struct control_peer *peer)
{
	peer->call = NULL;
	if (peer->is_last) {
		close_gently(peer);
		return;
	}
	if (peer->is_kept)
		loop_timer_clear(&peer->deadline);
	else
		loop_timer_set(&peer->deadline, now_ms() + REQUEST_MS);
	stream_resume(peer->stream);
}

int control_call_take_connection(struct control_call *call)
{
	struct control_peer *peer = call->peer;
	int fd = peer ? fcntl(stream_socket(peer->stream), F_DUPFD_CLOEXEC, 0) : -1;
	if (fd < 0) {
		control_call_refuse(call, "out of descriptors");
		return -1;
	}
	destroy_peer(peer);
	control_call_answer(call, NULL); // to nobody
	return fd;
}

static const struct control_verb *find_verb(
	const struct control *control, const char *name)
{
	const struct control_verb *verb = control->verbs;
	while (verb->name && strcmp(verb->name, name) != 0)
		verb++;
	return verb->name ? verb : NULL;
}

static void run(struct control_peer *peer, struct json_t *request)
{
	struct control *control = peer->control;
	const char *name = control_request_verb(request);
	const struct control_verb *verb = find_verb(control, name);
	struct control_call *call = control_call_create(peer, request);
	if (!call) {
		destroy_peer(peer);
		return;
	}
	peer->call = call;
	loop_timer_clear(&peer->deadline); // the verb may take its time
	if (!verb) {
		control_call_refuse(call, "there is no verb \"%s\"", name);
		return;
	}
	if (verb->effect == CONTROL_CHANGES)
		log_info("control: %s, by user %u, process %d", name,
			peer->credentials.user, peer->credentials.process);
	(void)json_object_del(request, "verb"); // what is left is the verb's
	verb->run(control->arg, call);
}

static void refuse_input(struct control_peer *peer, const char *text)
{
	peer->is_last = true;
	peer->call = control_call_create(peer, NULL);
	if (peer->call)
		control_call_refuse(peer->call, "%s", text);
	else
		close_gently(peer);
}

static size_t on_data(void *arg, const uint8_t *data, size_t length)
{
	struct control_peer *peer = arg;
	struct json_t *request;
	const char *error;
	size_t used = 0;
	if (peer->is_closing)
		return length;
	if (peer->call) { // what it pipelines waits
		stream_pause(peer->stream);
		return 0;
	}
	switch (control_request_read(
		(struct str){(const char *)data, length}, &request, &used, &error)) {
	case CONTROL_REQUEST_OK:
		// The bytes are taken before the verb runs, for the peer may be gone
		// then.
		run(peer, request);
		return used;
	case CONTROL_REQUEST_MORE:
		return used;
	case CONTROL_REQUEST_BAD:
		refuse_input(peer, error);
		return length;
	}
	return length;
}

static void on_drain(void *arg)
{
	struct control_peer *peer = arg;
	if (stream_is_broken(peer->stream))
		destroy_peer(peer);
	else if (peer->call)
		control_call_resume(peer->call);
}

static void on_end(void *arg, enum stream_end how)
{
	struct control_peer *peer = arg;
	// The peer may close its side and still wait for its answer.
	if (how == STREAM_END_EOF && peer->call)
		peer->is_last = true;
	else if (how == STREAM_END_EOF && stream_queued_length(peer->stream) > 0)
		close_gently(peer);
	else
		destroy_peer(peer);
}

static struct control_peer *create_peer(struct control *control, int socket)
{
	static const struct stream_handler handler = {
		.on_data = on_data, .on_drain = on_drain, .on_end = on_end};
	struct control_peer *peer = calloc(1, sizeof(*peer));
	struct stream *stream =
		stream_create(control->loop, socket, STREAM_CONNECTED, STALL_MS);
	if (!peer || !stream) {
		stream_destroy(stream);
		free(peer);
		return NULL;
	}
	peer->control = control;
	peer->stream = stream;
	LIST_INSERT_HEAD(&control->peers, peer, entry);
	control->peer_count++;
	loop_timer_init(&peer->deadline, control->loop, on_deadline, peer);
	loop_timer_set(&peer->deadline, now_ms() + REQUEST_MS);
	stream_set_handler(stream, &handler, peer);
	return peer;
}

static void refuse_peer(int socket, const char *why)
{
	char line[128];
	int length =
		snprintf(line, sizeof(line), "{\"ok\":false,\"error\":\"%s\"}\n", why);
	// A new socket has room for it.
	(void)send(socket, line, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(socket);
}

// The mode of a socket's file may be changed, its folder may be anybody's: the kernel
// knows better who has connected.
static bool is_allowed(int socket, struct control_credentials *ret_credentials)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
		return false;
	*ret_credentials = (struct control_credentials){peer.uid, peer.pid};
	return peer.uid == 0 || peer.uid == geteuid();
}

static void on_accept(void *arg, int socket, const struct addr *address)
{
	struct control *control = arg;
	struct control_credentials credentials = {0};
	if (!is_allowed(socket, &credentials)) {
		log_warn("control: user %u was refused (expected root or user %u)",
			credentials.user, (unsigned)geteuid());
		refuse_peer(socket, "this user may not ask");
		return;
	}
	if (control->peer_count == PEERS_MAX) {
		refuse_peer(socket, "too many connections to the control socket");
		return;
	}
	struct control_peer *peer = create_peer(control, socket);
	if (!peer)
		return;
	peer->credentials = credentials;
	stream_resume(peer->stream);
}

struct control *control_create(
	struct loop *loop, int socket, const struct control_verb *verbs, void *arg)
{
	struct control *control = calloc(1, sizeof(*control));
	if (!control) {
		close(socket);
		return NULL;
	}
	*control = (struct control){.loop = loop, .verbs = verbs, .arg = arg};
	LIST_INIT(&control->peers);
	control->listener = listener_create(loop, socket, on_accept, control);
	if (control->listener)
		return control;
	close(socket);
	free(control);
	return NULL;
}

void control_destroy(struct control *control)
{
	if (!control)
		return;
	listener_leave(control->listener);
	while (!LIST_EMPTY(&control->peers))
		destroy_peer(LIST_FIRST(&control->peers));
	free(control);
}
