// SPDX-License-Identifier: MIT
// Two connected sockets that do not block.
#pragma once

// Of UNIX sockets: what one sends is there for the other at once.
void socket_pair_unix(int pair[2]);
// A TCP connection over loopback, which knows resets; pair[0] connected.
void socket_pair_tcp(int pair[2]);
// RST instead of FIN, TCP only.
void socket_pair_reset(int socket);
