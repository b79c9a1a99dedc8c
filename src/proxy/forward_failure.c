// SPDX-License-Identifier: MIT
// Failures of exchanges with backends, as clients are told of them.
#include "wherry/proxy/forward.h"

static const struct forward_failure failures[] = {
	[EXCHANGE_REFUSED] = {502, CLOSE_REASON_BACKEND_REFUSED,
		"no backend could be connected"},
	[EXCHANGE_UNRESOLVED] = {503, CLOSE_REASON_BACKEND_REFUSED,
		"the backend's name has no address"},
	[EXCHANGE_FULL] = {503, CLOSE_REASON_OVERLOAD,
		"all backends are at max_connections"},
	[EXCHANGE_CONNECT_TIMEOUT] = {504, CLOSE_REASON_BACKEND_TIMEOUT,
		"the backend did not accept the connection in time"},
	[EXCHANGE_TLS] = {502, CLOSE_REASON_BACKEND_TLS, "TLS with the backend failed"},
	[EXCHANGE_RESPONSE_TIMEOUT] = {504, CLOSE_REASON_BACKEND_TIMEOUT,
		"the backend gave no response in time"},
	[EXCHANGE_IDLE_TIMEOUT] = {504, CLOSE_REASON_BACKEND_TIMEOUT,
		"the backend fell silent inside its response"},
	[EXCHANGE_STALL] = {502, CLOSE_REASON_BACKEND_STALL,
		"the backend stopped taking the request"},
	[EXCHANGE_LOST] = {502, CLOSE_REASON_BACKEND_LOST,
		"the backend closed before its response was complete"},
	[EXCHANGE_BAD] = {502, CLOSE_REASON_BACKEND_BAD,
		"the backend's response broke HTTP"},
	[EXCHANGE_OVERLOAD] = {503, CLOSE_REASON_OVERLOAD,
		"the backend is asked no more for now"},
	[EXCHANGE_MEMORY] = {503, CLOSE_REASON_NO_MEMORY, "out of memory"},
};
_Static_assert(
	sizeof(failures) / sizeof(failures[0]) == EXCHANGE_MEMORY + 1, "a row each");

const struct forward_failure *forward_find_failure(enum exchange_failure failure)
{
	return &failures[failure];
}
