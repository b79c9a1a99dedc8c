// SPDX-License-Identifier: MIT
// A status server on the loop of the test, and a client that waits for its answers.
#pragma once

#include "wherry/admin/status.h"

struct fixture {
	struct loop *loop;
	struct status *status;
	struct addr address; // it listens on
	struct loop_timer deadline;
	bool is_draining;
	size_t page_length; // of /metrics
	size_t page_count;  // written
};

// address as addr_parse reads it.
void fixture_start(struct fixture *fixture, struct str address);
void fixture_finish(struct fixture *fixture);

int fixture_connect(const struct fixture *fixture);
void fixture_send(int fd, const char *text);
// Runs the loop until the server closes, and closes fd; the caller frees the text. A
// reset is an end as well: the server need not read what is behind a last request.
char *fixture_read_all(struct fixture *fixture, int fd);
char *fixture_fetch(struct fixture *fixture, const char *request);

struct fixture_row {
	const char *name;
	const char *request;
	const char *status;   // how the answer begins
	const char *contains; // or NULL
};

void fixture_expect(
	struct fixture *fixture, const struct fixture_row *rows, size_t count);
