// SPDX-License-Identifier: MIT
// A request on its way to its answer; see control.h.
#include "control_call_priv.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

struct control_call *control_call_create(struct control_peer *peer, json_t *request)
{
	struct control_call *call = calloc(1, sizeof(*call));
	if (!call) {
		json_decref(request);
		return NULL;
	}
	*call = (struct control_call){.peer = peer, .request = request};
	return call;
}

void control_call_resume(struct control_call *call)
{
	if (call->ready)
		call->ready(call->arg);
}

void control_call_lose_peer(struct control_call *call)
{
	call->peer = NULL;
	control_call_resume(call);
}

bool control_call_unpack(struct control_call *call, const char *format, ...)
{
	json_error_t error;
	va_list arguments;
	va_start(arguments, format);
	int result =
		json_vunpack_ex(call->request, &error, JSON_STRICT, format, arguments);
	va_end(arguments);
	if (result != 0)
		control_call_refuse(call, "bad request: %s", error.text);
	return result == 0;
}

// Without memory for it, the connection ends without an answer.
static void send_line(struct control_call *call, const json_t *line)
{
	char *text = json_dumps(line, JSON_COMPACT);
	if (text) {
		stream_write(call->peer->stream, text, strlen(text));
		stream_write(call->peer->stream, "\n", 1);
	} else {
		call->peer->is_last = true;
	}
	free(text);
}

static void end(struct control_call *call, json_t *line)
{
	struct control_peer *peer = call->peer;
	if (peer) {
		send_line(call, line);
		control_end_call(peer);
	}
	json_decref(line);
	json_decref(call->request);
	free(call);
}

void control_call_answer(struct control_call *call, json_t *members)
{
	json_t *line = json_pack("{sb}", "ok", 1);
	if (members && line && json_object_update(line, members) != 0) {
		json_decref(line);
		line = NULL;
	}
	json_decref(members);
	end(call, line);
}

void control_call_refuse(struct control_call *call, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	json_t *text = json_vsprintf(format, arguments);
	va_end(arguments);
	end(call, json_pack("{sb so}", "ok", 0, "error", text));
}

bool control_call_write(struct control_call *call, struct str lines)
{
	if (control_call_is_gone(call))
		return true;
	stream_write(call->peer->stream, lines.data, lines.length);
	return !stream_is_full(call->peer->stream);
}

void control_call_set_ready(struct control_call *call, control_ready_cb ready, void *arg)
{
	call->ready = ready;
	call->arg = arg;
}

bool control_call_is_gone(const struct control_call *call)
{
	return !call->peer || stream_is_broken(call->peer->stream);
}

void control_call_keep_peer(struct control_call *call)
{
	if (call->peer)
		call->peer->is_kept = true;
}
