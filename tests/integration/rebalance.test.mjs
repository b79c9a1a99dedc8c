// SPDX-License-Identifier: MIT
// WebSockets move to a server that has too few: only the excess, the silent ones first, at a
// rate, and no client twice.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { webSocketBackend } from './support/backends.mjs';
import { sanitizer } from './support/build.mjs';
import { askControl } from './support/control.mjs';
import { eventually, pause, settled } from './support/deadline.mjs';
import { runToEnd, startWherry } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

const CLIENTS = sanitizer === 'none' ? 300 : 150;
const EXCESS = CLIENTS / 3; // when a third server joins two

/** down: indices of those that take nothing new. */
function group(servers, { rebalance = '', down = [], balance = 'least_connections' } = {}) {
  const list = servers.map(({ url }, i) => `{ url: "${url}"${down.includes(i) ? ', down: true' : ''} }`);
  return `
workers: 2
drain: { window: 0s, timeout: 300ms, server: { timeout: 60s } }
routes: [{ websocket: { origins: any }, to: app }]
upstreams:
  app:
    balance: ${balance}
    rebalance: { tolerance: 0 ${rebalance && `, ${rebalance}`} }
    servers: [${list.join(', ')}]
`;
}

/** A client that comes again whenever it is closed, as real ones do. */
class Returning {
  constructor(t, wherry) {
    Object.assign(this, { t, wherry, closes: [], isBusy: false });
  }

  async start() {
    this.client = await connectWebSocket(this.t, this.wherry.webSocketUrl);
    this.client.socket.once('close', (code, reason) => {
      if (this.isOver) return;
      this.closes.push({ code, reason: reason.toString(), at: Date.now(), isBusy: this.isBusy });
      this.start().catch(() => {});
    });
  }

  stop() {
    this.isOver = true;
    this.client.socket.terminate();
  }
}

async function startClients(t, wherry, count) {
  const clients = Array.from({ length: count }, () => new Returning(t, wherry));
  // One after the other: two workers that choose at the same time choose the same server.
  for (const client of clients) await client.start();
  return clients;
}

const threeBackends = (t) => Promise.all([0, 1, 2].map(() => webSocketBackend(t)));
const counts = (servers) => servers.map((server) => server.clients.size);
const closesOf = (clients) => clients.flatMap((client) => client.closes);

function assertEven(servers, total) {
  for (const size of counts(servers)) {
    assert.ok(Math.abs(size - total / servers.length) <= 0.05 * total / servers.length + 1, String(counts(servers)));
  }
}

async function reload(t, wherry, text) {
  wherry.writeConfiguration(text);
  const answer = await askControl(t, wherry, { verb: 'reload' });
  assert.equal(answer.ok, true, answer.error);
}

/** Until as many are there as before, and stay where they are. */
async function whenSettled(servers, total) {
  await settled(() => counts(servers).join(), 'nobody moves');
  await eventually(() => counts(servers).reduce((a, b) => a + b) === total, 'all are back');
}

test('by the command: silent ones first, the excess only, nobody twice', async (t) => {
  const servers = await threeBackends(t);
  const wherry = await startWherry(t, group(servers, { down: [2] }));
  const clients = await startClients(t, wherry, CLIENTS);
  assert.deepEqual(counts(servers), [CLIENTS / 2, CLIENTS / 2, 0]);
  const busy = clients.filter((_, i) => i % 3 === 0);
  for (const client of busy) client.isBusy = true;
  const talking = setInterval(() => busy.forEach(({ client }) => client.socket.send('busy')), 200);
  t.after(() => clearInterval(talking));
  await pause(2500); // the others are silent for that long
  await reload(t, wherry, group(servers));

  const dry = await askControl(t, wherry, { verb: 'rebalance', group: 'app', dry_run: true });
  assert.deepEqual([dry.ok, dry.dry_run, dry.moves], [true, true, EXCESS]);
  assert.deepEqual(dry.servers.map(({ websockets, moves }) => [websockets, moves]),
    [[CLIENTS / 2, EXCESS / 2], [CLIENTS / 2, EXCESS / 2], [0, 0]]);
  await pause(300);
  assert.equal(closesOf(clients).length, 0, 'a dry run closes nothing');

  const rate = EXCESS / 2;
  const answer = await askControl(t, wherry, { verb: 'rebalance', group: 'app', rate: `${rate}/s` });
  assert.deepEqual([answer.ok, answer.moves, answer.rate], [true, EXCESS, rate]);
  await eventually(() => closesOf(clients).length >= EXCESS, 'the excess moves');
  await whenSettled(servers, CLIENTS);
  const closes = closesOf(clients);
  assert.ok(closes.length <= EXCESS * 1.05, `${closes.length} closes`);
  assertEven(servers, CLIENTS);
  const texts = new Set(closes.map(({ code, reason }) => `${code} ${reason}`));
  assert.deepEqual([...texts], ['1012 rebalanced']);
  const times = closes.map(({ at }) => at);
  assert.ok(Math.max(...times) - Math.min(...times) > 500, 'at the rate');
  assert.equal(closes.filter(({ isBusy }) => isBusy).length, 0, 'those that talk stay');
  assert.ok(clients.every((client) => client.closes.length <= 1), 'nobody moves twice');

  // Whoever moved is left alone for the cooldown: now the new server has too many.
  await reload(t, wherry, group(servers, { down: [0, 1] }));
  const none = await askControl(t, wherry, { verb: 'rebalance', group: 'app' });
  assert.equal(none.moves, 0);
  for (const client of clients) client.stop();
});

test('when a server joins, and not when it flaps', async (t) => {
  const servers = await threeBackends(t);
  const rebalance = 'after: join, settle: 4s, rate: 1000, cooldown: 1h';
  const wherry = await startWherry(t, group(servers, { rebalance, down: [2] }));
  const clients = await startClients(t, wherry, 60);
  await pause(1500); // it has looked at the servers once
  for (let i = 0; i < 10; i++) {
    await reload(t, wherry, group(servers, { rebalance }));
    await pause(100);
    await reload(t, wherry, group(servers, { rebalance, down: [2] }));
  }
  assert.equal(closesOf(clients).length, 0, 'a server that flaps moves nobody');
  await reload(t, wherry, group(servers, { rebalance }));
  await eventually(() => closesOf(clients).length >= 20, 'the excess moves');
  await whenSettled(servers, 60);
  assertEven(servers, 60);
  assert.ok(closesOf(clients).length <= 21);

  // It comes back once more, empty, within the rest of the group.
  for (const socket of servers[2].clients) socket.terminate();
  await reload(t, wherry, group(servers, { rebalance, down: [2] }));
  await whenSettled(servers, 60);
  const before = closesOf(clients).length;
  await reload(t, wherry, group(servers, { rebalance }));
  await pause(5500);
  assert.equal(closesOf(clients).length, before, 'the group rests');
  for (const client of clients) client.stop();
});

test('is refused', async (t) => {
  const servers = await threeBackends(t);
  const wherry = await startWherry(t, group(servers, { balance: 'sticky' }));
  for (const [request, error] of [
    [{}, /group/],
    [{ group: 'none' }, /unknown upstream "none".*expected one of/],
    [{ group: 'app' }, /app: its clients would come back/],
    [{ group: 'app', rate: 'fast' }, /rate: "fast"/],
    [{ group: 'app', rate: '1/h' }, /rate: "1\/h"/],
  ]) {
    const answer = await askControl(t, wherry, { verb: 'rebalance', ...request });
    assert.equal(answer.ok, false);
    assert.match(answer.error, error);
  }
  await reload(t, wherry, group(servers));
  const { code, stdout } = await runToEnd(t, ['rebalance', 'app', '--dry-run', '--control', wherry.controlPath]);
  assert.equal(code, 0);
  assert.match(stdout, /moves +0\n/);
});
