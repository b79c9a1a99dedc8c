// SPDX-License-Identifier: MIT
// What fields mean together: framing, Connection's options, Host, Upgrade, Expect. Their
// lines are well-formed already.
#pragma once

#include "wherry/proto/http_scan.h"

// Fills what the fields decide (body, host, keep-alive, ...). False: refused.
MUST_CHECK bool http_rules_apply(struct http_scan *scan, struct http_message *message);
