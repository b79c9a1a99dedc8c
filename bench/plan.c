// SPDX-License-Identifier: MIT
// What a load generator's connections send and expect.
#include "plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY "dGhlIHNhbXBsZSBub25jZQ=="

static bool init_requests(struct plan *plan)
{
	plan->requests = calloc(PATTERN_WINDOWS, sizeof(*plan->requests));
	if (plan->requests == NULL)
		return false;
	for (size_t i = 0; i < PATTERN_WINDOWS; i++)
		(void)snprintf(plan->requests[i], PLAN_REQUEST_MAX,
			"GET /bytes/%zu HTTP/1.1\r\nHost: bench.test\r\n\r\n",
			i * PATTERN_STEP);
	return true;
}

static bool init_upgrade(struct plan *plan, const char *headers)
{
	int length = snprintf(plan->upgrade, sizeof(plan->upgrade),
		"GET /ws HTTP/1.1\r\nHost: bench.test\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: " KEY "\r\n%s\r\n",
		headers);
	plan->upgrade_length = (size_t)length;
	return length < PLAN_UPGRADE_MAX &&
	       wire_accept(KEY, sizeof(KEY) - 1, plan->accept);
}

bool plan_init(struct plan *plan, bool is_http, size_t message_bytes, const char *headers)
{
	memset(plan, 0, sizeof(*plan));
	plan->is_http = is_http;
	plan->message_bytes = message_bytes;
	plan->frame_header_length = wire_header_write(
		plan->frame_header, WIRE_FIN | WIRE_BINARY, message_bytes, pattern_mask);
	if (!pattern_init(&plan->pattern, message_bytes))
		return false;
	return init_upgrade(plan, headers) && init_requests(plan);
}

void plan_finish(struct plan *plan)
{
	pattern_finish(&plan->pattern);
	free(plan->requests);
}

static const char *request_of(const struct plan *plan, uint32_t id, uint64_t message)
{
	return plan->requests[pattern_offset(id, message) / PATTERN_STEP];
}

size_t plan_sent_length(const struct plan *plan, uint32_t id, uint64_t message)
{
	if (plan->is_http)
		return strlen(request_of(plan, id, message));
	return plan->frame_header_length + plan->message_bytes;
}

size_t plan_pieces(const struct plan *plan, uint32_t id, uint64_t message, size_t skip,
	struct iovec pieces[PLAN_PIECES_PER_MESSAGE])
{
	if (plan->is_http) {
		const char *request = request_of(plan, id, message) + skip;
		pieces[0] = (struct iovec){(void *)request, strlen(request)};
		return 1;
	}
	const uint8_t *payload = plan->pattern.masked + pattern_offset(id, message);
	size_t header_length = plan->frame_header_length;
	if (skip >= header_length) {
		size_t gone = skip - header_length;
		pieces[0] = (struct iovec){
			(void *)(payload + gone), plan->message_bytes - gone};
		return 1;
	}
	pieces[0] =
		(struct iovec){(void *)(plan->frame_header + skip), header_length - skip};
	pieces[1] = (struct iovec){(void *)payload, plan->message_bytes};
	return 2;
}

const uint8_t *plan_expected(const struct plan *plan, uint32_t id, uint64_t message)
{
	return plan->pattern.plain + pattern_offset(id, message);
}
