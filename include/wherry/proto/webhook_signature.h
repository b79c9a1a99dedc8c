// SPDX-License-Identifier: MIT
// Whether a webhook is from who it says (SECURITY T32): its signature, over the raw body,
// in constant time, and when it was sent. Fails closed: what is not proved is refused.
// That it comes for the first time is not known here.
#pragma once

#include "wherry/proto/webhook_keys.h"

enum {
	WEBHOOK_SIGNATURE_MAX = 8, // signatures in one field
	WEBHOOK_SIGNATURE_MAX_ID = 255,
};

// What a request says; what a scheme does not look at may be empty.
struct webhook_delivery {
	struct str signature; // the value of the field
	struct str id;        // webhook-id
	struct str timestamp; // webhook-timestamp
	struct str body;      // as it came
};

enum webhook_signature_result {
	WEBHOOK_SIGNATURE_OK = 0,
	WEBHOOK_SIGNATURE_MISSING, // the signature, or what else is to be signed
	WEBHOOK_SIGNATURE_BAD,     // it can't be read
	WEBHOOK_SIGNATURE_STALE,   // sent too long ago, or in the future
	WEBHOOK_SIGNATURE_WRONG,   // none of its signatures is of any key
	WEBHOOK_SIGNATURE_MEMORY,
};

// The names of the scheme's fields, in lower case; NULL: it has none.
const char *webhook_signature_field(enum webhook_scheme scheme);
const char *webhook_signature_id_field(enum webhook_scheme scheme);
const char *webhook_signature_timestamp_field(enum webhook_scheme scheme);

// Any thread. now_ms is now_calendar_ms. Takes as long for a signature that is nearly
// right as for any other.
MUST_CHECK enum webhook_signature_result webhook_signature_verify(
	const struct webhook_keys *keys, const struct webhook_delivery *delivery,
	uint64_t now_ms, uint64_t tolerance_ms);
// What was wrong, as words for an answer; of OK "".
const char *webhook_signature_text(enum webhook_signature_result result);
