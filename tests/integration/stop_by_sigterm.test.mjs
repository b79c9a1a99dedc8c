// SPDX-License-Identifier: MIT
// SIGTERM under load: no new connection, Close 1001 for every client where a frame may stand,
// what is in flight is finished, and the exit code is 0.

import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';

import { httpBackend, scriptedBackend } from './support/backends.mjs';
import { eventually, pause } from './support/deadline.mjs';
import { acceptWebSocket, closeFrame, frame, OPCODE, openPair, openWebSocket, readFrame } from './support/frames.mjs';
import { exchange, readRequest, readResponse, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

const CLIENTS = 50;

test('clients that talk all the time', async (t) => {
  // Messages in many small frames and pieces, so that a boundary is not found by luck.
  const backend = await scriptedBackend(t, async (peer) => {
    await acceptWebSocket(peer);
    let isOpen = true;
    const talk = async () => {
      const message = Buffer.concat([
        frame(OPCODE.text, 'a'.repeat(5000), { fin: false }), frame(OPCODE.continuation, 'b'.repeat(700)),
      ]);
      for (let at = 0; isOpen || at > 0; at = at >= message.length ? 0 : at + 1000) {
        await peer.send(message.subarray(at, at + 1000));
        await pause(1);
      }
    };
    const talking = talk();
    for (;;) {
      const seen = await readFrame(peer).catch(() => null);
      if (seen?.opcode === OPCODE.ping) continue;
      if (seen && seen.opcode !== OPCODE.close) continue;
      isOpen = false;
      await talking;
      if (seen) peer.socket.end(closeFrame(seen.code));
      return seen?.code;
    }
  });
  const wherry = await startWherry(t, `drain: { window: 500ms, timeout: 30s }\n${forwardTo(backend)}`);
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => connectWebSocket(t, wherry.webSocketUrl)));
  await Promise.all(clients.map((client) => client.message()));
  wherry.signal('SIGTERM');
  const ends = await Promise.all(clients.map((client) => client.closed()));
  assert.deepEqual([...new Set(ends.map((end) => end.code))], [1001], 'each was told');
  for (const client of clients) {
    assert.equal(client.error, undefined, 'no frame was cut');
    for (const { data } of client.messages) assert.equal(data.length, 5700);
  }
  await wherry.ended();
  const lines = () => wherry.accessLines.filter((line) => line.status === 101);
  await eventually(() => lines().length === CLIENTS, 'each has its line');
  for (const line of lines()) assert.deepEqual([line.reason, line.close_code], ['shutdown', 1001]);
});

test('a backend is told as well', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, forwardTo(backend));
  const { client, server } = await openPair(t, wherry, backend);
  wherry.signal('SIGTERM');
  assert.equal((await readFrame(client)).code, 1001);
  assert.equal((await readFrame(server)).code, 1001);
  await client.send(closeFrame(1001, '', { mask: true }));
  await server.send(closeFrame(1001));
  await wherry.ended();
});

test('a WebSocket whose handshake was under way is told, too', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, `drain: { window: 0s, timeout: 60s }\n${forwardTo(backend)}`);
  const opening = openWebSocket(t, wherry);
  const server = await backend.peer(0);
  wherry.signal('SIGTERM');
  await pause(200); // the order has reached the worker
  await acceptWebSocket(server);
  const client = await opening;
  assert.equal((await readFrame(client)).code, 1001);
  assert.equal((await readFrame(server)).code, 1001);
  await client.send(closeFrame(1001, '', { mask: true }));
  await server.send(closeFrame(1001));
  await wherry.ended();
});

test('the end does not wait longer than drain.timeout', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, `drain: { window: 0s, timeout: 500ms }\n${forwardTo(backend)}`);
  const { client } = await openPair(t, wherry, backend);
  const slow = await connect(t, wherry.port);
  await slow.send(requestText('GET', '/never'));
  await backend.peer(1);
  const since = Date.now();
  wherry.signal('SIGTERM');
  await wherry.ended();
  assert.ok(Date.now() - since >= 400, 'but it waits');
  assert.equal((await readFrame(client)).code, 1001);
});

test('Close frames are spread over drain.window', async (t) => {
  const backend = await scriptedBackend(t, async (peer) => {
    await acceptWebSocket(peer);
    const { code } = await readFrame(peer);
    peer.socket.end(closeFrame(code));
  });
  const wherry = await startWherry(t, `drain: { window: 3s, timeout: 60s }\n${forwardTo(backend)}`);
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => connectWebSocket(t, wherry.webSocketUrl)));
  wherry.signal('SIGTERM');
  const times = await Promise.all(clients.map(async (client) => {
    assert.equal((await client.closed()).code, 1001);
    return Date.now();
  }));
  await wherry.ended();
  assert.ok(Math.max(...times) - Math.min(...times) > 500, 'not all at once');
});

test('HTTP', async (t) => {
  const answers = [];
  const backend = await httpBackend(t, (request, response) => {
    if (request.url === '/slow') answers.push(response);
    else response.end('ok');
  });
  const wherry = await startWherry(t, `drain: { window: 0s, timeout: 30s }\n${forwardTo(backend)}`);
  const idle = await connect(t, wherry.port);
  await exchange(idle, requestText('GET', '/'));
  const busy = await connect(t, wherry.port);
  await busy.send(requestText('GET', '/slow'));
  await eventually(() => answers.length === 1, 'the request is at the backend');

  wherry.signal('SIGTERM');
  await idle.over(); // an idle kept-alive connection is closed
  idle.end();
  await eventually(() => new Promise((resolve) => {
    const socket = net.connect(wherry.port, '127.0.0.1');
    socket.on('connect', () => socket.destroy()).on('error', () => {});
    socket.on('close', (hadError) => resolve(hadError));
  }), 'nothing new is accepted');
  answers[0].end('in flight');
  const response = await readResponse(busy);
  assert.equal(response.body.toString(), 'in flight', 'what was asked is answered');
  assert.equal(response.headers.get('connection'), 'close');
  await busy.over();
  busy.end();
  await wherry.ended();
});

test('an upload in flight is finished', async (t) => {
  const backend = await scriptedBackend(t, async (peer) => {
    const request = await readRequest(peer);
    await peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${request.body.length}\r\n\r\n${request.body}`);
  });
  const wherry = await startWherry(t, `drain: { window: 0s, timeout: 30s }\n${forwardTo(backend)}`);
  const peer = await connect(t, wherry.port);
  await peer.send(requestText('POST', '/', { 'Content-Length': 6 }, 'abc'));
  await backend.peer();
  wherry.signal('SIGTERM');
  await pause(200);
  await peer.send('def');
  assert.equal((await readResponse(peer)).body.toString(), 'abcdef');
  peer.end();
  await wherry.ended();
});
