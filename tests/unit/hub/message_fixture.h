// SPDX-License-Identifier: MIT
// Messages for the tests of the hub.
#pragma once

#include "wherry/hub/message.h"

// Of the channel "c", as old as now_ms says.
struct message *message_fixture_make(uint64_t id, const char *key, const char *payload);
// The same, as if made then.
struct message *message_fixture_make_at(uint64_t id, const char *payload, uint64_t at_ms);
