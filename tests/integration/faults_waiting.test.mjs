// SPDX-License-Identifier: MIT
// A call fails while requests wait in line, and servers are checked in each way (SECURITY
// S6, S7): only that request or check may fail, and no place stays taken.

import assert from 'node:assert/strict';

import { eventually, pause } from './support/deadline.mjs';
import { metrics } from './support/gauges.mjs';
import { torture } from './support/torture.mjs';
import { bodyTraffic, trafficBackend } from './support/traffic.mjs';
import { startWherry } from './support/wherry.mjs';

const KINDS = [
  ['alloc', 'ENOMEM'], ['recv', 'ECONNRESET'], ['send', 'EPIPE'], ['connect', 'ECONNREFUSED'],
  ['socket', 'EMFILE'], ['epoll', 'ENOMEM'], ['option', 'ENOBUFS'],
];
const CHECKS = ['tcp', 'http', 'websocket, path: /ws'];

async function start(t, options) {
  const { url } = await trafficBackend(t);
  const checked = CHECKS.map((type, i) =>
    `  checked${i}: { servers: ["${url}"], health_check: { type: ${type}, interval: 100ms } }`);
  return startWherry(t, ({ ports }) => `
status: 127.0.0.1:${ports[1]}
listeners: [{ address: "127.0.0.1:${ports[0]}" }]
routes:
${CHECKS.map((_, i) => `  - { match: { path: /${i}/ }, to: checked${i} }`).join('\n')}
  - { match: { path: / }, to: app }
upstreams:
${checked.join('\n')}
  app:
    pool: { size: 1 }
    queue: { size: 20, timeout: 10s } # a busy machine takes long
    ejection: { time: 100ms, max_time: 100ms }
    servers: [{ url: "${url}", max_connections: 2 }]
`, { ...options, ports: 2 });
}

const manyAtOnce = (wherry, seed) => Promise.all(Array.from({ length: 6 }, () => bodyTraffic(wherry, { seed, length: 3000 })));

async function serves(t, wherry, id) {
  const isServed = async () => (await manyAtOnce(wherry, id)).every(({ isIntact }) => isIntact);
  await eventually(isServed, 'all are served');
  await eventually(async () => {
    const samples = await metrics(t, wherry);
    const active = [...samples].filter(([name]) => name.startsWith('wherry_server_active'));
    return active.length > 0 && active.every(([, value]) => value === 0) && samples.get('wherry_backend_waiting') === 0;
  }, 'no place is taken');
  assert.equal(wherry.hasEnded(), false);
}

async function act(t, wherry, id) {
  await manyAtOnce(wherry, id);
  await pause(150); // in which each server is checked
}

torture('waiting', { kinds: KINDS, start, act, serves, sparse: 8 });
