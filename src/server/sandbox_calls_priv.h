// SPDX-License-Identifier: MIT
// The lists behind the filter of system calls.
#pragma once

// Numbers of libseccomp, which knows those that this machine lacks; each ends with
// SANDBOX_CALLS_END.
extern const int sandbox_calls_allowed[];
extern const int sandbox_calls_refused[];
extern const int sandbox_calls_sanitizer[]; // allowed as well, in a build with one

enum {
	SANDBOX_CALLS_END = -30000
};
