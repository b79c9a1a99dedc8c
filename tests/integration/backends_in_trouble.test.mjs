// SPDX-License-Identifier: MIT
// Backends that are killed, frozen and started again under live WebSockets (SECURITY S3):
// whoever was there is told and comes back to another one; nothing is lost, doubled or moved
// between the two. WHERRY_CLIENTS and WHERRY_ROUNDS make it a longer run.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from './support/deadline.mjs';
import { numberedBackend, startFleet } from './support/fleet.mjs';
import { startWherry } from './support/wherry.mjs';

const CLIENTS = Number(process.env.WHERRY_CLIENTS ?? 120);
const ROUNDS = Number(process.env.WHERRY_ROUNDS ?? 4);
const isLong = process.env.WHERRY_ROUNDS !== undefined;

function site(backends, { websocket = '', response = '60s', group = '' }) {
  return `
workers: 2
log: { format: json, access: off }
timeouts: { connect: 1s, response: ${response} }
routes:
  - match: { path: / }
    websocket: { origins: any, ${websocket} }
    to: app
upstreams:
  app:
    balance: least_connections
    servers: [${backends.map(({ url }) => `"${url}"`).join(', ')}]
    ejection: { time: 200ms, max_time: 400ms }
${group}
`;
}

async function start(t, options = {}) {
  const backends = [await numberedBackend(t, 'a'), await numberedBackend(t, 'b')];
  const wherry = await startWherry(t, site(backends, options), { descriptors: 4 * CLIENTS + 200 });
  const fleet = await startFleet(t, wherry.webSocketUrl, { count: CLIENTS });
  await eventually(() => Object.keys(fleet.servers()).length === 2, 'both servers are used');
  return { backends, wherry, fleet };
}

/** Takes a server away and waits until everybody is at the other one. Gives the times. */
async function lose(fleet, victim, takeAway) {
  const there = fleet.servers()[victim.name] ?? 0;
  const toldBefore = fleet.closed(/^101[24]/);
  const started = Date.now();
  takeAway();
  await eventually(() => fleet.closed(/^101[24]/) - toldBefore >= there, () => `${there} clients are told: ${JSON.stringify(fleet.report)}`);
  const told = Date.now() - started;
  await eventually(() => fleet.open.length === CLIENTS && !fleet.servers()[victim.name], 'all are back, elsewhere');
  return { told, back: Date.now() - started };
}

async function gain(fleet, name, started = Date.now()) {
  await fleet.reaches(name);
  return Date.now() - started;
}

async function assertCalm(t, fleet, times, expected = /^101[24] /) {
  await fleet.settles();
  const bad = [...fleet.closes].filter(([key]) => !expected.test(key));
  if (isLong) t.diagnostic(`${JSON.stringify(times)} ${JSON.stringify(fleet.report)}`);
  assert.deepEqual(bad, [], fleet.lastRefusal);
}

function worst(times) {
  const most = {};
  for (const each of times) {
    for (const [name, value] of Object.entries(each)) most[name] = Math.max(most[name] ?? 0, value);
  }
  return most;
}

test('a server is killed and started again, again and again', async (t) => {
  const { backends, fleet } = await start(t);
  const times = [];
  for (let round = 0; round < ROUNDS; round++) {
    const index = round % 2;
    const lost = await lose(fleet, backends[index], () => backends[index].child.kill('SIGKILL'));
    backends[index] = await numberedBackend(t, backends[index].name, backends[index].port);
    times.push({ ...lost, recovered: await gain(fleet, backends[index].name) });
  }
  await assertCalm(t, fleet, worst(times));
});

// Who knocks before it is known waits for nothing: that is what the response timeout ends.
test('a server freezes, and thaws', async (t) => {
  const { backends, fleet } = await start(t, {
    websocket: 'ping: 500ms, ping_timeout: 3s', // in which a client answers on any machine
    response: '3s',
    group: '    health_check: { type: websocket, interval: 1s, timeout: 1s, fall: 2, rise: 1 }',
  });
  const times = [];
  for (let round = 0; round < ROUNDS / 2; round++) {
    const { child, name } = backends[round % 2];
    const lost = await lose(fleet, backends[round % 2], () => child.kill('SIGSTOP'));
    child.kill('SIGCONT');
    times.push({ ...lost, recovered: await gain(fleet, name) });
  }
  await assertCalm(t, fleet, worst(times), /^(101[24] |refused)/);
});

test('all servers are killed, and come back', async (t) => {
  const { backends, fleet } = await start(t);
  for (const { child } of backends) child.kill('SIGKILL');
  await eventually(() => fleet.open.length === 0, 'nobody is connected');
  await eventually(() => fleet.closed(/^refused/) > 0, 'handshakes are refused');
  assert.match(fleet.lastRefusal, /50[23]/);
  for (const [i, { name, port }] of backends.entries()) backends[i] = await numberedBackend(t, name, port);
  await eventually(() => fleet.open.length === CLIENTS, 'everybody is back');
  for (const { name } of backends) await fleet.reaches(name);
  await fleet.settles();
});
