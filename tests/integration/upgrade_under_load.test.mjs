// SPDX-License-Identifier: MIT
// Binary upgrades under live WebSockets that exchange numbered messages: all are told 1012 at
// a pace, come back to the new process, and miss nothing. WHERRY_CLIENTS and WHERRY_ROUNDS
// make it a longer run.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from './support/deadline.mjs';
import { numberedBackend, startFleet } from './support/fleet.mjs';
import { upgrade } from './support/upgrade.mjs';
import { startWherry } from './support/wherry.mjs';

const CLIENTS = Number(process.env.WHERRY_CLIENTS ?? 100);
const ROUNDS = Number(process.env.WHERRY_ROUNDS ?? 2);
const isLong = process.env.WHERRY_ROUNDS !== undefined;

function site(backends) {
  return `
workers: 2
log: { format: json, access: off }
drain: { window: 1s, timeout: 20s }
routes: [{ match: { path: / }, websocket: { origins: any }, to: app }]
upstreams:
  app: { servers: [${backends.map(({ url }) => `"${url}"`).join(', ')}] }
`;
}

test('each client is told once for each upgrade, and finds the new one', async (t) => {
  const backends = [await numberedBackend(t, 'a'), await numberedBackend(t, 'b')];
  let wherry = await startWherry(t, site(backends), { descriptors: 4 * CLIENTS + 500 });
  const fleet = await startFleet(t, wherry.webSocketUrl, { count: CLIENTS, perSecond: 10 });
  for (let round = 1; round <= ROUNDS; round++) {
    const old = wherry;
    wherry = await upgrade(t, old);
    await old.ended();
    // The process may be seen to end before the last connection to it.
    const areBack = () => fleet.closed(/^1012 /) >= round * CLIENTS && fleet.open.length === CLIENTS;
    await eventually(areBack, () => `all are told and back: ${JSON.stringify(fleet.report)}`);
    assert.equal(fleet.closed(/^1012 /), round * CLIENTS, JSON.stringify(fleet.report));
  }
  await fleet.settles();
  if (isLong) t.diagnostic(JSON.stringify(fleet.report));
  assert.equal(fleet.closed(/./), ROUNDS * CLIENTS, JSON.stringify([fleet.report, fleet.lastRefusal]));
});
