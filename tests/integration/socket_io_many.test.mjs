// SPDX-License-Identifier: MIT
// Socket.IO's own clients and servers, many of them, without cookies, while the configuration
// changes and a server comes: each session goes on where it began, polling and upgrade alike.
// WHERRY_CLIENTS makes it a longer run.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { test } from 'node:test';

import { Server } from 'socket.io';
import { io } from 'socket.io-client';

import { cleanup } from './support/cleanup.mjs';
import { askControl } from './support/control.mjs';
import { eventually, within } from './support/deadline.mjs';
import { startWherry } from './support/wherry.mjs';

const CLIENTS = Number(process.env.WHERRY_CLIENTS ?? 60);
const AT_ONCE = 20;

async function socketIoServer(t, name, refused) {
  const server = http.createServer();
  const sockets = new Server(server, { cookie: false });
  sockets.on('connection', (socket) => socket.on('who', (number, reply) => reply([name, number])));
  sockets.engine.on('connection_error', ({ message }) => refused.push(message));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup(t, () => sockets.close());
  return `http://127.0.0.1:${server.address().port}`;
}

function site(urls, more = '') {
  return `
workers: 2
log: { format: json, access: off }
${more}
routes: [{ match: { path: / }, websocket: { origins: any }, to: app }]
upstreams:
  app:
    session: engine_io
    servers: [${urls.map((url) => `"${url}"`).join(', ')}]
`;
}

/** Connects; the first of every three polls for ever. */
async function connect(t, wherry, index) {
  const transports = index % 3 === 0 ? ['polling'] : ['polling', 'websocket'];
  const socket = io(wherry.url, { transports, forceNew: true, reconnection: false });
  cleanup(t, () => socket.close());
  const session = { index, socket, asked: 0, ends: [] };
  socket.on('disconnect', (reason) => session.ends.push(reason));
  socket.on('connect_error', (error) => session.ends.push(error.message));
  await within(once(socket, 'connect'), () => `session ${index} connects: ${session.ends}`);
  return session;
}

async function asks(session) {
  const number = session.asked++;
  const [name, echoed] = await within(session.socket.emitWithAck('who', number), `session ${session.index} is answered`);
  assert.equal(echoed, number);
  session.server ??= name;
  assert.equal(name, session.server, 'it stays where it began');
}

test('no session is unknown anywhere', async (t) => {
  const refused = [];
  const urls = [];
  for (const name of ['a', 'b', 'c', 'd']) urls.push(await socketIoServer(t, name, refused));
  const three = urls.slice(0, 3);
  const wherry = await startWherry(t, site(three), { descriptors: 8 * CLIENTS + 500 });
  const sessions = [];
  const changes = [site(three, 'timeouts: { idle: 30s }'), site(urls), site(urls, 'paths: { merge_slashes: true }')];
  while (sessions.length < CLIENTS) {
    const some = Array.from({ length: Math.min(AT_ONCE, CLIENTS - sessions.length) }, (_, i) => connect(t, wherry, sessions.length + i));
    sessions.push(...await Promise.all(some));
    await Promise.all(sessions.map(asks));
    if (changes.length > 0) {
      wherry.writeConfiguration(changes.shift());
      const answer = await askControl(t, wherry, { verb: 'reload' });
      assert.deepEqual([answer.ok, answer.draining], [true, 0], JSON.stringify(answer));
    }
  }
  const upgrading = sessions.filter(({ index }) => index % 3 !== 0);
  await eventually(() => upgrading.every(({ socket }) => socket.io.engine.transport.name === 'websocket'), 'all upgrade');
  await Promise.all(sessions.map(asks));
  assert.deepEqual(refused, [], 'Session ID unknown');
  assert.deepEqual(sessions.flatMap(({ ends }) => ends), []);
  const servers = new Set(sessions.map(({ server }) => server));
  assert.ok(servers.size >= 3, [...servers].join());
});
