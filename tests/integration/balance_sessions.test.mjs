// SPDX-License-Identifier: MIT
// Sessions of the servers' own stay on one server, without cookies and from every worker: those
// of the real Socket.IO, and those of SignalR and SockJS by their requests.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { cleanup } from './support/cleanup.mjs';
import { eventually, within } from './support/deadline.mjs';
import { groupOf, namedServers, whoAnswers } from './support/groups.mjs';
import { exchange, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { startWherry } from './support/wherry.mjs';

const socketIo = await import('socket.io').catch(() => null);
const socketIoClient = await import('socket.io-client').catch(() => null);
const skip = !socketIo || !socketIoClient ? 'socket.io is not installed' : false;

/** A Socket.IO server that answers "who" with its index, and counts refused polls. */
async function socketIoServer(t, index, refused) {
  const server = http.createServer();
  const io = new socketIo.Server(server, { cookie: false });
  io.on('connection', (socket) => socket.on('who', (reply) => reply(index)));
  io.engine.on('connection_error', ({ code, message }) => refused.push({ code, message }));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup(t, () => io.close());
  return { url: `http://127.0.0.1:${server.address().port}`, io };
}

async function socketIoClientOf(t, wherry, transports) {
  const socket = socketIoClient.io(wherry.url, { transports, forceNew: true, reconnection: false });
  cleanup(t, () => socket.close());
  // Says why, where an answer that does not come would only say that it is over.
  socket.on('disconnect', (reason, details) => {
    if (details) t.diagnostic(`lost: ${reason}, ${details.description}, ${details.context?.responseText}`);
  });
  const failed = once(socket, 'connect_error').then(([error]) => { throw error; });
  failed.catch(() => {});
  await within(Promise.race([once(socket, 'connect'), failed]), 'Socket.IO connects');
  return socket;
}

test('Socket.IO polls and then upgrades on one server of three, without cookies', { skip }, async (t) => {
  const refused = [];
  const servers = await Promise.all([0, 1, 2].map((index) => socketIoServer(t, index, refused)));
  const wherry = await startWherry(t, groupOf(servers, { group: 'session: engine_io', top: 'workers: 2' }));
  const sockets = await Promise.all(Array.from({ length: 30 }, () =>
    socketIoClientOf(t, wherry, ['polling', 'websocket'])));
  await eventually(() => sockets.every(({ io }) => io.engine.transport.name === 'websocket'), 'all upgrade');
  const counts = [0, 0, 0];
  for (const socket of sockets) counts[await within(socket.emitWithAck('who'), 'an answer')]++;
  assert.deepEqual(refused, [], 'Session ID unknown');
  assert.ok(counts.every((count) => count >= 5), `${counts}`);
});

test('Socket.IO by polling alone keeps its server', { skip }, async (t) => {
  const refused = [];
  const servers = await Promise.all([0, 1, 2].map((index) => socketIoServer(t, index, refused)));
  const wherry = await startWherry(t, groupOf(servers, { group: 'session: engine_io', top: 'workers: 2' }));
  const sockets = await Promise.all(Array.from({ length: 9 }, () => socketIoClientOf(t, wherry, ['polling'])));
  for (const socket of sockets) {
    const index = await within(socket.emitWithAck('who'), 'an answer');
    for (let i = 0; i < 5; i++) assert.equal(await within(socket.emitWithAck('who'), 'an answer'), index);
  }
  assert.deepEqual(refused, []);
});

test('SignalR connects where it negotiated', async (t) => {
  let next = 0;
  const servers = await namedServers(t, 3, (request, response) => {
    const connectionToken = `token+${++next}=`;
    const answer = request.method === 'POST' && request.url.startsWith('/chat/negotiate')
      ? JSON.stringify({ negotiateVersion: 1, connectionId: `id-${next}`, connectionToken }) : '';
    if (!/gzip/.test(request.headers['accept-encoding'])) response.end(answer);
    else response.setHeader('Content-Encoding', 'gzip').end(gzipSync(answer));
  });
  const wherry = await startWherry(t, groupOf(servers, { group: 'session: signalr', top: 'workers: 2' }));
  const peer = await connect(t, wherry.port);
  for (let i = 0; i < 9; i++) {
    const answer = await exchange(peer, requestText('POST', '/chat/negotiate?negotiateVersion=1', {
      'Content-Length': '0', 'Accept-Encoding': 'gzip, br',
    }));
    const { connectionToken } = JSON.parse(answer.body);
    const { server } = await whoAnswers(t, wherry, `/chat?id=${encodeURIComponent(connectionToken)}`);
    assert.equal(server, Number(answer.headers.get('x-server')));
  }
});

for (const [session, path] of [
  ['sockjs', (i, round) => `/echo/${100 + i}/s${i}/${['xhr', 'xhr_send', 'eventsource'][round]}`],
  ['query=room', (i, round) => `/${round}?room=r${i}`],
]) {
  test(`session: ${session} goes on where it was first`, async (t) => {
    const servers = await namedServers(t, 3);
    const wherry = await startWherry(t, groupOf(servers, { group: `session: ${session}`, top: 'workers: 2' }));
    const first = [];
    for (let i = 0; i < 12; i++) first.push((await whoAnswers(t, wherry, path(i, 0))).server);
    assert.equal(new Set(first).size, 3);
    for (let round = 1; round < 3; round++) {
      for (let i = 0; i < 12; i++) assert.equal((await whoAnswers(t, wherry, path(i, round))).server, first[i]);
    }
  });
}
