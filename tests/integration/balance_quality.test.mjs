// SPDX-License-Identifier: MIT
// How evenly each method spreads WebSockets over two servers, and what it takes to make it
// even over three: who is moved, by whom, and how many. WHERRY_CLIENTS=999 is the run that
// prints for people.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { askControl } from './support/control.mjs';
import { eventually } from './support/deadline.mjs';
import { numberedBackend, startFleet } from './support/fleet.mjs';
import { startWherry } from './support/wherry.mjs';

const CLIENTS = Number(process.env.WHERRY_CLIENTS ?? 150);
const isLong = process.env.WHERRY_CLIENTS !== undefined;

function site(servers, balance) {
  return `
workers: 2
drain: { window: 0s, timeout: 300ms, server: { timeout: 60s } }
log: { format: json, access: off }
routes: [{ match: { path: / }, websocket: { origins: any }, to: app }]
upstreams:
  app:
    balance: "${balance}"
    rebalance: { rate: 500, tolerance: 2 }
    servers: [${servers.map(({ url }) => `"${url}"`).join(', ')}]
`;
}

async function start(t, balance) {
  const backends = [];
  for (const name of ['a', 'b', 'c']) backends.push(await numberedBackend(t, name));
  const wherry = await startWherry(t, site(backends.slice(0, 2), balance), { descriptors: 4 * CLIENTS + 500 });
  const fleet = await startFleet(t, (index) => `${wherry.webSocketUrl}/?id=${index}`, { count: CLIENTS, perSecond: 2 });
  await everybodyTalks(fleet);
  const two = fleet.servers();
  const answer = await askControl(t, wherry, { verb: 'server_add', upstream: 'app', url: backends[2].url });
  assert.equal(answer.ok, true, answer.error);
  return { wherry, fleet, two };
}

const sum = (servers) => Object.values(servers).reduce((all, count) => all + count, 0);
const everybodyTalks = (fleet) => eventually(() => sum(fleet.servers()) === CLIENTS, 'everybody has an answer');

/** The farthest from the mean, as a part of it. */
function unevenness(servers, count) {
  const mean = CLIENTS / count;
  return Math.max(...Object.values(servers).map((each) => Math.abs(each - mean))) / mean;
}

function report(t, numbers) {
  if (isLong) t.diagnostic(JSON.stringify(numbers));
}

// Only some methods send who comes again to the server that has too few: of three, round_robin
// sends two elsewhere.
for (const [balance, bound, share] of [
  ['least_connections', 0.05, 0.95], ['random_two', 0.1, 0.5], ['round_robin', 0.05, 0.2],
]) {
  test(`${balance}: a server joins, and only the excess moves`, async (t) => {
    const { wherry, fleet, two } = await start(t, balance);
    assert.ok(unevenness(two, 2) <= bound, JSON.stringify(two));
    const answer = await askControl(t, wherry, { verb: 'rebalance', group: 'app' });
    assert.equal(answer.ok, true, answer.error);
    const moved = () => fleet.closed(/^1012 rebalanced$/);
    await eventually(() => moved() >= 0.95 * CLIENTS / 3, () => `a third is told: ${JSON.stringify({ ...fleet.report, ...answer })}`);
    await fleet.settles();
    const three = fleet.servers();
    report(t, { balance, two, three, moved: moved(), excess: CLIENTS / 3 });
    assert.equal(fleet.closed(/./), moved(), 'no other reason');
    assert.ok(moved() <= 1.05 * CLIENTS / 3 + 2, `${moved()} were moved`);
    assert.ok(three.c >= share * CLIENTS / 3, JSON.stringify(three));
  });
}

test('hash: a server joins, and takes its share of the keys from both', async (t) => {
  const { fleet, two } = await start(t, 'hash:query=id');
  const before = fleet.clients.map(({ server }) => server);
  const openings = fleet.clients.map((client) => client.openings);
  for (const client of fleet.clients) client.leaves();
  await eventually(() => fleet.clients.every((client, i) => client.openings > openings[i]), 'all come again');
  await everybodyTalks(fleet);
  await fleet.settles();
  const changed = fleet.clients.filter(({ server }, i) => server !== before[i]);
  report(t, { balance: 'hash', two, three: fleet.servers(), moved: changed.length, share: CLIENTS / 3 });
  assert.ok(unevenness(two, 2) < 0.35 && unevenness(fleet.servers(), 3) < 0.5, JSON.stringify([two, fleet.servers()]));
  assert.ok(changed.every(({ server }) => server === 'c'), 'nobody moves between the others');
  assert.ok(Math.abs(changed.length - CLIENTS / 3) < CLIENTS / 6, `${changed.length}`);
});
