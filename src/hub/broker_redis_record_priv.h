// SPDX-License-Identifier: MIT
// What goes through Redis as text: messages in streams, and what is pushed to a machine.
// Pure functions.
//
//     record    KEY-LENGTH TYPE-LENGTH KEY CONTENT-TYPE PAYLOAD, the last three unparted
//     pushed to a channel
//               ID data NONCE first|again RECORD
//               crowd
//     to a machine
//               ID beat
//               ID crowd NAME-LENGTH NAME COUNT MEMBERS, the first two unparted
//     members   LENGTH:NAME, unparted
#pragma once

#include "wherry/base/buf.h"
#include "wherry/hub/message.h"

void broker_redis_record_write(struct buf *out, const struct message *message);
// Slices of the text; kind, id and channel are left alone. False for what is no record.
MUST_CHECK bool broker_redis_record_read(
	struct str text, struct message_parts *ret_parts);

enum broker_redis_push_kind {
	BROKER_REDIS_PUSH_DATA,
	BROKER_REDIS_PUSH_STIR,  // "crowd": someone came or went
	BROKER_REDIS_PUSH_BEAT,  // one of this machine's own
	BROKER_REDIS_PUSH_CROWD, // who is in a channel, as this machine has asked
};

struct broker_redis_push {
	enum broker_redis_push_kind kind;
	uint64_t id; // 0 of STIR
	// Of DATA: its nonce, which no other message has; whether it may have come before
	// under another id; the record.
	uint64_t nonce;
	bool is_again;
	struct str record;
	// Of CROWD
	struct str channel, members;
	uint64_t count;
};

// False for what is no push.
MUST_CHECK bool broker_redis_record_push(
	struct str text, struct broker_redis_push *ret_push);
// Cuts the next name off. False at the end, or for what is none.
MUST_CHECK bool broker_redis_record_next_member(
	struct str *members, struct str *ret_name);
