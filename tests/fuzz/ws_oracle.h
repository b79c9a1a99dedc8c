// SPDX-License-Identifier: MIT
// A naive reading of a whole WebSocket stream, to compare ws_check with: written from
// RFC 6455 and RFC 3629 alone, it keeps every byte and shares no code with Wherry.
#pragma once

#include "wherry/proto/ws_check.h"

#define WS_ORACLE_LEGAL CLOSE_REASON_COUNT

enum {
	WS_ORACLE_MAX_BYTES = 4096
};

struct ws_oracle_input {
	const struct ws_check_limits *limits;
	bool must_be_masked;
	bool allows_rsv1;
	const uint8_t *data;
	size_t size; // at most WS_ORACLE_MAX_BYTES
};

struct ws_oracle_verdict {
	enum close_reason error; // WS_ORACLE_LEGAL if none
	size_t taken;            // bytes before what is illegal or not complete
	uint64_t messages;
	uint64_t controls;
};

struct ws_oracle_verdict ws_oracle_judge(const struct ws_oracle_input *input);
