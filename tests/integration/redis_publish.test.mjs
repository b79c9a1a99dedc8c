// SPDX-License-Identifier: MIT
// What is tested of publishing, once more with the channels in Redis.

import { runOnRedis } from './support/brokers.mjs';

await runOnRedis('publish', 'webhooks');
