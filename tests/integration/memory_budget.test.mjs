// SPDX-License-Identifier: MIT
// Memory that runs out: new connections are refused and load balancers told, idle ones are
// given up, WebSockets with 1013, and all is well again afterwards.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';

import { httpBackend, scriptedBackend, webSocketBackend } from './support/backends.mjs';
import { plainProgram } from './support/build.mjs';
import { eventually, pause, within } from './support/deadline.mjs';
import { exchange, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { residentMemory } from './support/process_stats.mjs';
import { parseMetrics } from './support/prometheus.mjs';
import { startWherry, temporaryDirectory } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

const MIB = 1024 * 1024;
// More than the kernel takes for a client that does not read.
const BODY = Buffer.alloc(24 * MIB);

const routes = (app, sockets, deaf = app) => `
routes:
  - { match: { path: /deaf }, to: deaf }
  - { match: { path: /ws }, websocket: { origins: any, ping: off }, to: sockets }
  - { to: app }
upstreams:
  app: { servers: [{ url: "${app.url}" }] }
  deaf: { servers: [{ url: "${deaf.url}" }] }
  sockets: { servers: [{ url: "${sockets.url}" }] }
`;

/** Sends without end. */
function flood(socket) {
  if (socket.readyState !== socket.OPEN) return;
  socket.send(Buffer.alloc(64 * 1024), () => setImmediate(flood, socket));
}

/** Starts Wherry with so much room above what it needs for itself. */
async function startConfined(t, text, room) {
  const start = (memory) => startWherry(t, ({ ports }) =>
    `status: 127.0.0.1:${ports[1]}\nlimits: { exempt: [127.0.0.0/8], memory: ${memory} }\n${text}`, { ports: 2, command: [plainProgram] });
  const free = await start('off');
  assert.equal((await ask(t, free, 0, '/')).status, 200);
  const own = residentMemory(free.pid);
  free.signal('SIGTERM');
  await free.ended();
  return start(`${Math.ceil((own + room) / MIB)}MiB`);
}

async function ask(t, wherry, port, path) {
  const peer = await connect(t, wherry.ports[port]);
  const response = await exchange(peer, requestText('GET', path, { Host: 'localhost', Connection: 'close' }));
  peer.destroy();
  return response;
}

const isShort = async (t, wherry) => (await ask(t, wherry, 1, '/ready')).status === 503;

async function assertRecovered(t, wherry) {
  await eventually(async () => !await isShort(t, wherry), 'ready again');
  assert.equal((await ask(t, wherry, 0, '/')).status, 200);
  assert.ok(wherry.stderr.split('\n').length < 100, 'few lines were logged');
}

const options = { skip: !plainProgram && 'with a sanitizer freed memory stays resident' };

test('beyond the budget new connections are refused', options, async (t) => {
  const app = await httpBackend(t, (_, response) => response.end(BODY));
  const wherry = await startConfined(t, routes(app, app), 8 * MIB);
  const inside = await connect(t, wherry.port);
  // From its first answer on it may be silent for longer than this takes.
  assert.equal((await exchange(inside, requestText('GET', '/'))).status, 200);
  // Clients that ask for much and do not read: each holds a queue.
  const hogs = [];
  while (!await isShort(t, wherry)) {
    const hog = await connect(t, wherry.port, { stalled: true });
    hogs.push(hog);
    await hog.send(requestText('GET', '/'));
    await pause(60); // longer than Wherry looks away, so that it does not come to shedding
    assert.ok(hogs.length < 1000, 'the budget is never used up');
  }
  const refused = await ask(t, wherry, 0, '/');
  assert.equal(refused.status, 503);
  assert.match(refused.headers.get('retry-after'), /^[1-9]\d*$/);
  assert.match(refused.body.toString(), /limits\.memory/);
  assert.equal((await exchange(inside, requestText('GET', '/'))).status, 200, 'those inside are served');
  await eventually(() => /memory: \d+ MiB in use of a budget of \d+ MiB/.test(wherry.stderr), 'the log says so');
  for (const hog of hogs) hog.destroy();
  await assertRecovered(t, wherry);
});

test('far beyond it, idle connections go, then silent WebSockets', options, async (t) => {
  // A UNIX socket's buffers are small: what it does not take, Wherry holds.
  const path = join(temporaryDirectory(t), 'deaf.sock');
  const deaf = await scriptedBackend(t, async (peer) => peer.stall(), { path });
  const app = await httpBackend(t);
  const sockets = await webSocketBackend(t);
  const wherry = await startConfined(t, routes(app, sockets, deaf), 8 * MIB);
  const hogs = [];
  for (let i = 0; i < 300; i++) hogs.push(await connect(t, wherry.port));
  const idle = await connect(t, wherry.port);
  assert.equal((await exchange(idle, requestText('GET', '/'))).status, 200);
  const silent = [];
  for (let i = 0; i < 3; i++) silent.push(await connectWebSocket(t, `${wherry.webSocketUrl}/ws`));

  // Uploads that the backend does not take: nobody's to give up, so others must go.
  for (const hog of hogs) {
    if (idle.isOver) break;
    hog.send(requestText('POST', '/deaf', { 'Content-Length': 100 * MIB }, 'x'.repeat(MIB))).catch(() => {});
    await pause(20);
  }
  await idle.over();
  for (const { code } of await Promise.all(silent.map((client) => client.closed()))) assert.equal(code, 1013);
  assert.equal((await wherry.accessLine({ close_code: 1013 })).reason, 'overload');
  const { samples } = parseMetrics((await ask(t, wherry, 1, '/metrics')).body.toString());
  assert.ok(samples.get('wherry_shed_total') >= 4);
  await eventually(() => /[1-9]\d* were given up/.test(wherry.stderr), 'the log says so');
  for (const peer of [...hogs, ...deaf.peers]) peer.destroy();
  await assertRecovered(t, wherry);
});

test('readers who have stopped go before silent WebSockets', options, async (t) => {
  const app = await httpBackend(t);
  const sockets = await webSocketBackend(t, (socket) => socket.on('message', () => flood(socket)));
  const wherry = await startConfined(t, routes(app, sockets), 8 * MIB);
  const silent = await connectWebSocket(t, `${wherry.webSocketUrl}/ws`);
  const hogs = [];
  for (let i = 0; i < 200; i++) hogs.push(await connectWebSocket(t, `${wherry.webSocketUrl}/ws`));
  for (const hog of hogs) {
    hog.socket.pause();
    await hog.send('more');
  }
  await eventually(() => /[1-9]\d* were given up/.test(wherry.stderr), 'some are given up');
  silent.socket.ping('still there?');
  await within(once(silent.socket, 'pong'), 'a pong');
  for (const hog of hogs) hog.socket.terminate();
  await assertRecovered(t, wherry);
});
