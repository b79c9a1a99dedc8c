// SPDX-License-Identifier: MIT
// Reloads, one after the other, of all kinds of change, while WebSockets, some of them over
// TLS, exchange numbered messages and new ones knock without a pause (SECURITY S4): none is
// closed, none refused. WHERRY_CLIENTS and WHERRY_ROUNDS make it a longer run.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';

import WebSocket from 'ws';

import { cleanup } from './support/cleanup.mjs';
import { askControl } from './support/control.mjs';
import { eventually, settled } from './support/deadline.mjs';
import { numberedBackend, startFleet } from './support/fleet.mjs';
import { descriptorCount, residentMemory } from './support/process_stats.mjs';
import { startWherry } from './support/wherry.mjs';

const CLIENTS = Number(process.env.WHERRY_CLIENTS ?? 150);
const ROUNDS = Number(process.env.WHERRY_ROUNDS ?? 24);
const isLong = process.env.WHERRY_ROUNDS !== undefined;
const MEMORY_SLACK = 1.15;
const KNOCKS_PER_SECOND = 40;

/** What may change about the site; each has a default. */
function site(backends, { workers = 2, limit = '1MiB', level = 'info', more = '', idle = '60s', weights = [1, 1], listener = '', gone = false, window = '1s' } = {}) {
  const servers = backends.map(({ url }, i) => `{ url: "${url}", weight: ${weights[i] ?? 1} }`);
  return ({ ports }) => `
workers: ${workers}
log: { format: json, access: off, level: ${level} }
limits: { exempt: [127.0.0.0/8] }
drain: { window: 0s, timeout: 1s, reload: { window: ${window}, timeout: 20s } }
listeners:
  - address: 127.0.0.1:${ports[0]}
  - { address: "127.0.0.1:${ports[2]}", tls: { self_signed: true } }
${listener && `  - address: 127.0.0.1:${ports[1]}`}
routes:
${more}
${gone ? '' : '  - { match: { path: /second/ }, websocket: { origins: any }, to: app }'}
  - { match: { path: /first/ }, websocket: { origins: any, max_message: ${limit}, max_frame: ${limit} }, to: app }
upstreams:
  app: { servers: [${servers.join(', ')}], pool: { idle: ${idle} } }
`;
}

/** What each round changes; the last of them is how it began. */
const changes = [
  { more: '  - { match: { path: /new/ }, redirect: { to: /elsewhere } }' },
  { limit: '2MiB' },
  { level: 'warn' },
  { weights: [3, 1] },
  { workers: 4 },
  { workers: 1 },
  { listener: 'another' },
  { idle: '30s' },
  {},
];

/** New connections all the time: WebSockets that say one word, and requests. */
class Knocker {
  constructor(t, wherry) {
    Object.assign(this, { wherry, count: 0, failures: [], open: 0 });
    this.timer = setInterval(() => this.knock(), 1000 / KNOCKS_PER_SECOND);
    cleanup(t, () => clearInterval(this.timer));
  }

  knock() {
    const path = this.count++ % 2 === 0 ? '/first/knock' : '/second/knock';
    this.open++;
    if (this.count % 3 === 0) this.request(path);
    else this.webSocket(path);
  }

  fail(what) {
    this.failures.push(`${this.count}: ${what}`);
  }

  async request(path) {
    try {
      const response = await fetch(this.wherry.url + path, { headers: { Connection: 'close' } });
      if (response.status !== 200) this.fail(`status ${response.status}`);
      await response.text();
    } catch (error) {
      this.fail(error.cause ?? error);
    }
    this.open--;
  }

  webSocket(path) {
    const socket = new WebSocket(this.wherry.webSocketUrl + path, { perMessageDeflate: false });
    socket.on('error', (error) => this.fail(error.message));
    socket.on('open', () => socket.send('0'));
    socket.on('message', () => socket.close(1000));
    socket.on('close', (code) => {
      if (code !== 1000) this.fail(`closed with ${code}`);
      this.open--;
    });
  }

  async rests() {
    clearInterval(this.timer);
    await eventually(() => this.open === 0, 'whoever knocked has gone');
  }
}

async function reload(t, wherry, configuration) {
  wherry.writeConfiguration(configuration);
  const started = Date.now();
  const answer = await askControl(t, wherry, { verb: 'reload' });
  return { ...answer, took: Date.now() - started };
}

async function start(t) {
  const backends = [await numberedBackend(t, 'a'), await numberedBackend(t, 'b')];
  const wherry = await startWherry(t, site(backends, { listener: 'at first' }), { ports: 3, descriptors: 4 * CLIENTS + 500 });
  const place = (index) => (index % 3 === 0 ? `wss://127.0.0.1:${wherry.ports[2]}` : wherry.webSocketUrl);
  const url = (index) => `${place(index)}/${index % 10 === 0 ? 'second' : 'first'}/${index}`;
  const fleet = await startFleet(t, url, { count: CLIENTS, perSecond: 10, options: { rejectUnauthorized: false } });
  return { backends, wherry, fleet };
}

test('nobody notices that the configuration changes all the time', async (t) => {
  const { backends, wherry, fleet } = await start(t);
  const knocker = new Knocker(t, wherry);
  for (const change of changes) await reload(t, wherry, site(backends, change));
  const before = { descriptors: descriptorCount(wherry.pid), memory: residentMemory(wherry.pid) };
  let slowest = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const answer = await reload(t, wherry, site(backends, changes[round % changes.length]));
    assert.deepEqual([answer.ok, answer.changed, answer.draining], [true, true, 0], JSON.stringify(answer));
    assert.ok(answer.kept >= CLIENTS, JSON.stringify(answer));
    slowest = Math.max(slowest, answer.took);
    const messages = fleet.messages;
    await eventually(() => fleet.messages > messages + CLIENTS / 4, 'messages go on');
  }
  await reload(t, wherry, site(backends));
  await knocker.rests();
  await fleet.settles();
  assert.deepEqual([knocker.failures, fleet.report.closes], [[], {}]);
  const descriptors = await settled(() => descriptorCount(wherry.pid), 'descriptors');
  const memory = residentMemory(wherry.pid);
  if (isLong) t.diagnostic(JSON.stringify({ knocked: knocker.count, ...fleet.report, slowest, before, descriptors, memory }));
  assert.ok(descriptors <= before.descriptors + 10, `${before.descriptors} descriptors became ${descriptors}`);
  if (!process.env.WHERRY_SANITIZER)
    assert.ok(memory < before.memory * MEMORY_SLACK, `${before.memory} bytes became ${memory}`);
});

test('what is gone closes, at its pace, and nothing else; a bad file changes nothing', async (t) => {
  const { backends, wherry, fleet } = await start(t);
  writeFileSync(wherry.configPath, `${wherry.configText}\nroute: []\n`);
  assert.equal((await askControl(t, wherry, { verb: 'reload' })).ok, false);
  assert.equal((await reload(t, wherry, site(backends, { listener: 'at first' }))).changed, false);
  const second = fleet.clients.filter(({ index }) => index % 10 === 0);
  const times = [];
  fleet.comesBack = false;
  fleet.onClose = (client, code, reason) => times.push({ client, code, reason, at: Date.now() });
  const answer = await reload(t, wherry, site(backends, { gone: true, window: '3s' }));
  assert.deepEqual([answer.kept, answer.draining], [CLIENTS - second.length, second.length]);
  await eventually(() => times.length === second.length, 'those whose route is gone are told');
  assert.ok(times.every(({ client, code, reason }) => client.index % 10 === 0 && code === 1012 && reason === 'route_gone'));
  assert.ok(times.at(-1).at - times[0].at > 500, 'not all at once');
  assert.equal(fleet.open.length, CLIENTS - second.length);
  for (const { index } of second) fleet.clients[index].isAbsent = true;
  await fleet.settles();
});
