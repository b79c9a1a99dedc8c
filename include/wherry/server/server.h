// SPDX-License-Identifier: MIT
// The process: workers, control loop, signals, status address, and the way down.
#pragma once

#include "wherry/conf/conf.h"

enum server_result {
	SERVER_OK = 0,
	SERVER_NOT_STARTED, // what stood in the way is in the log
};

struct server_options {
	struct conf *conf;
	bool takes_over; // from the Wherry that runs, which has the control socket
	int ready_fd;    // gets a byte when this one serves; -1 = nobody waits for that
};

// Serves this configuration until a signal ends it (SIGTERM drains, SIGINT quickly, a
// second one at once). Once a process.
MUST_CHECK enum server_result server_run(const struct server_options *options);
