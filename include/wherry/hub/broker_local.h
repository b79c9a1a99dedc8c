// SPDX-License-Identifier: MIT
// A broker of this process alone: what is published is remembered here, and gone with it.
#pragma once

#include "wherry/hub/broker.h"
#include "wherry/net/loop.h"

// NULL when memory is short.
MUST_CHECK struct broker *broker_local_create(struct loop *loop);
