// SPDX-License-Identifier: MIT
// What is published in a channel, once: payload and what it needs on its way, shared by
// all who get it, in every thread. Immutable from when it has its id.
#pragma once

#include <stdatomic.h>

#include "wherry/base/attributes.h"
#include "wherry/base/str.h"

enum message_kind {
	MESSAGE_DATA,
	MESSAGE_PATCH,    // what changed since the message before (RFC 7396)
	MESSAGE_STATUS,   // of the channel itself: its backend is down, or there again
	MESSAGE_PRESENCE, // who came or went
	MESSAGE_GAP,      // what was asked for is not remembered any more
};

// The ways in which it is written to subscribers; each is made once, when first needed.
enum message_encoding {
	MESSAGE_FRAME,          // a WebSocket frame of the payload
	MESSAGE_ENVELOPE_FRAME, // a WebSocket frame of its wherry.v1 envelope
	MESSAGE_EVENT,          // an event of text/event-stream
	MESSAGE_ENVELOPE_EVENT, // the same, of the envelope
	MESSAGE_ENVELOPE,       // the envelope's JSON alone
	MESSAGE_ENCODING_COUNT  // how many there are, not one
};

struct message_text; // one encoding of it

struct message {
	_Atomic size_t references;
	uint64_t id; // of all channels, ascending: microseconds of the calendar, or more
	enum message_kind kind;
	bool is_text;              // the payload is UTF-8
	struct str channel;        // its name
	struct str payload;        // at most UINT32_MAX bytes
	struct str key;            // what it is the newest of (CONF_SLOW_LATEST)
	struct str content_type;   // of the payload; may be empty
	uint64_t at_ms;            // now_ms when it was made, for its age
	_Atomic uint64_t *charged; // counts its size; NULL until message_charge
	_Atomic(struct message_text *) texts[MESSAGE_ENCODING_COUNT];
};

// What a message is made of; all is copied.
struct message_parts {
	enum message_kind kind;
	uint64_t id; // 0: the broker gives it one
	struct str channel, payload, key, content_type;
};

// With one reference. NULL when memory is short.
MUST_CHECK struct message *message_create(const struct message_parts *parts);
// Any thread. NULL is allowed for unref.
struct message *message_ref(struct message *message);
void message_unref(struct message *message);

// Its bytes for the wire, which live as long as it does. Empty when memory is short.
// Any thread.
struct str message_encode(struct message *message, enum message_encoding encoding);
// What it takes of memory, but for encodings.
size_t message_size(const struct message *message);
// Adds its size and that of its encodings to a count of bytes, which outlives it, until
// it is freed. Once, while nobody shares it.
void message_charge(struct message *message, _Atomic uint64_t *bytes);
