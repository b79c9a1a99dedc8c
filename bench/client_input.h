// SPDX-License-Identifier: MIT
// What comes back on a load generator's connection: read, taken apart and compared.
#pragma once

#include "client.h"

// Reads once and handles all of it. Expects client->fd to be readable.
enum client_result client_input_read(struct client *client);
