// SPDX-License-Identifier: MIT
// What is tested of rooms, slow subscribers and changes while messages are published, once
// more with the channels in Redis.

import { runOnRedis } from './support/brokers.mjs';

await runOnRedis('subscribe_limits', 'push_changes');
