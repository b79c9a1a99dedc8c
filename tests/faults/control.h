// SPDX-License-Identifier: MIT
// What is to fail, and what has failed: one page that the test and the program share, a
// file that both may change and read at any time. Numbers of the machine, 64 bits each;
// tests/integration/support/faults.mjs knows the same places.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

// Kinds of calls, each with rates and counts of its own.
enum control_call {
	CONTROL_ALLOC,  // malloc, calloc, realloc
	CONTROL_RECV,   // recv, recvmsg, read, readv of sockets
	CONTROL_SEND,   // send, sendmsg, write, writev of sockets
	CONTROL_ACCEPT, // accept4
	CONTROL_CONNECT,
	CONTROL_SOCKET,
	CONTROL_EPOLL,  // epoll_ctl, but for removals
	CONTROL_WAIT,   // epoll_wait
	CONTROL_IOCTL,  // of sockets
	CONTROL_OPTION, // setsockopt, getsockopt
	CONTROL_CALLS
};

struct control_rates {
	// Of 65536 calls: moves only a part, would block or is interrupted, fails.
	_Atomic uint64_t part, again, error;
	_Atomic uint64_t count; // calls while it was on
	_Atomic uint64_t
		injected; // of them, those that were made to fail or moved a part
};

struct control {
	_Atomic uint64_t is_on;
	_Atomic uint64_t seed;
	// One call made to fail: the nth of its kind (from 1; 0 = none), and span - 1
	// after it. error 0: it moves one byte.
	_Atomic uint64_t call, nth, span, error;
	_Atomic uint64_t traces; // where a call was made to fail is said on stderr
	// Allocations of libraries that crash in their first steps do not fail.
	_Atomic uint64_t spares_libraries;
	struct control_rates rates[CONTROL_CALLS];
};

struct control_fault {
	int error;       // errno; 0 = only a part is moved
	uint64_t random; // for how much
};

// Counts the call. False: it is to be made as it is.
bool control_decide(enum control_call call, struct control_fault *ret_fault);
// Is whoever returns to that place to be let alone?
bool control_is_spared(const void *caller);
