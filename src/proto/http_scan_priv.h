// SPDX-License-Identifier: MIT
// How the parts of the strict gate refuse: http_scan's lines, http_start_line's grammar,
// http_rules' checks across fields.
#pragma once

#include "wherry/proto/http_scan.h"

// Notes why; of a response the status is 502 whatever was wrong. Always false, for the
// caller to return.
bool http_scan_refuse(struct http_scan *scan, unsigned status, const char *error);
