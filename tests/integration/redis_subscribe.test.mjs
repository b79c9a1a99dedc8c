// SPDX-License-Identifier: MIT
// What is tested of subscribers, once more with the channels in Redis.

import { runOnRedis } from './support/brokers.mjs';

await runOnRedis('subscribe_websocket', 'subscribe_sse', 'subscribe_long_poll', 'subscribe_ends', 'subscribe_access');
