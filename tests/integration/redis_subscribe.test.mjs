// SPDX-License-Identifier: MIT
// All that is tested of channels, once more with their home in Redis: each Wherry has a
// prefix of its own there.

import { after, before } from 'node:test';

import { skip, startRedis } from './support/redis.mjs';
import { addDefault } from './support/wherry.mjs';

let redis;
let count = 0;
const undone = [];

if (!skip) {
  before(async () => { redis = await startRedis({ after: (undo) => undone.push(undo) }); });
  after(() => Promise.all(undone.map((undo) => undo())));
  addDefault('hub', () => `hub: { broker: redis, url: "unix:${redis.socket}", prefix: test${++count} }`);
  await import('./subscribe_websocket.test.mjs');
  await import('./subscribe_sse.test.mjs');
  await import('./subscribe_ends.test.mjs');
}
