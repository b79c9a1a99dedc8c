// SPDX-License-Identifier: MIT
// `wherry drain`: each client is told, spread over the window, between messages; what is in
// flight is finished, and cut only at the deadline.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { httpBackend, scriptedBackend, webSocketBackend } from './support/backends.mjs';
import { askControl, connectControl } from './support/control.mjs';
import { eventually, pause } from './support/deadline.mjs';
import { closeFrame, frame, OPCODE, openPair, readFrame } from './support/frames.mjs';
import { readResponse, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { forwardTo, runToEnd, startWherry } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

const CLIENTS = 40;

function balanced(servers, more = '') {
  return `
workers: 2
${more}
routes: [{ websocket: { origins: any }, to: app }]
upstreams:
  app: { balance: least_connections, servers: [${servers.map(({ url }) => `"${url}"`).join(', ')}] }
`;
}

/** Numbers out and back without a pause, until it is closed; gives how that was. */
async function talk(client) {
  let isOver = false;
  const ending = client.closed().then((end) => {
    isOver = true;
    return { ...end, at: performance.now() };
  });
  for (let i = 0; !isOver; i++) {
    await client.send(String(i)).catch(() => {});
    await Promise.race([pause(5), ending]);
  }
  const end = await ending;
  const numbers = client.messages.map(({ data }) => Number(data.toString()));
  assert.deepEqual(numbers, numbers.map((_, i) => i), 'no gap, nothing twice, in order');
  assert.equal(client.error, undefined, 'no frame was cut');
  return end;
}

test('of a server', async (t) => {
  const servers = [await webSocketBackend(t), await webSocketBackend(t)];
  const wherry = await startWherry(t, balanced(servers));
  const clients = [];
  for (let i = 0; i < CLIENTS; i++) clients.push(await connectWebSocket(t, wherry.webSocketUrl));
  assert.deepEqual(servers.map((server) => server.clients.size), [CLIENTS / 2, CLIENTS / 2]);
  const codes = [];
  for (const socket of servers[0].clients) socket.on('close', (code, reason) => codes.push(`${code} ${reason}`));

  const ends = [];
  for (const client of clients) void talk(client).then((end) => ends.push(end), (error) => ends.push(error));
  const answer = await askControl(t, wherry, {
    verb: 'drain', target: servers[0].url, window: '3s', timeout: '60s', code: 1012, reason: 'moving on', wait: true,
  });
  assert.equal(answer.ok, true, answer.error);
  assert.deepEqual([answer.connections, answer.cut], [CLIENTS / 2, 0]);
  await eventually(() => ends.length === CLIENTS / 2, 'its clients are gone');
  for (const end of ends) assert.deepEqual([end.code, end.reason], [1012, 'moving on'], String(end));
  const times = ends.map((end) => end.at);
  assert.ok(Math.max(...times) - Math.min(...times) > 1000, 'spread over the window');
  await eventually(() => codes.length === CLIENTS / 2, 'the backend is told as well');
  assert.deepEqual([...new Set(codes)], ['1012 moving on']);
  assert.equal(servers[1].clients.size, CLIENTS / 2, 'the other server keeps its own');
  const lines = () => wherry.accessLines.filter((line) => line.reason === 'server_drained');
  await eventually(() => lines().length === CLIENTS / 2, 'each has its access line');
  await eventually(() => /drain of server .* over after .* 20 connections, 0 of them cut/.test(wherry.stderr), 'logged');
  for (const client of clients) client.socket.close();

  for (let i = 0; i < 4; i++) await connectWebSocket(t, wherry.webSocketUrl);
  assert.equal(servers[0].clients.size, 0, 'it gets nothing new');
  const up = await askControl(t, wherry, { verb: 'server_up', upstream: 'app', url: servers[0].url });
  assert.equal(up.state, 'up');
  for (let i = 0; i < 4; i++) await connectWebSocket(t, wherry.webSocketUrl);
  await eventually(() => servers[0].clients.size > 0, 'until it is up again');
});

test('a request in flight is answered', async (t) => {
  const answers = [];
  const backend = await httpBackend(t, (_, response) => answers.push(response));
  const wherry = await startWherry(t, forwardTo(backend));
  const peer = await connect(t, wherry.port);
  await peer.send(requestText('GET', '/slow'));
  await eventually(() => answers.length === 1, 'the request is at the backend');
  const control = await connectControl(t, wherry);
  control.write(`${JSON.stringify({ verb: 'drain', target: backend.url, window: '0s', timeout: '60s', wait: true })}\n`);
  await eventually(async () => (await askControl(t, wherry, { verb: 'status' })).drains[0]?.connections === 1, 'the worker drains');
  answers[0].end('in flight');
  const response = await readResponse(peer);
  assert.equal(response.body.toString(), 'in flight');
  assert.equal(response.headers.get('connection'), 'close');
  await peer.over();
  peer.end();
  const { ok, connections, cut } = await control.next();
  assert.deepEqual({ ok, connections, cut }, { ok: true, connections: 1, cut: 0 });
});

test('a message of 16 MB in flight is not cut', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, forwardTo(backend, 'websocket: { origins: any, max_frame: 16MiB, ping: off }'));
  const { client, server } = await openPair(t, wherry, backend);
  const message = frame(OPCODE.binary, Buffer.alloc(16 << 20, 'm'), { mask: true });
  const half = message.length >> 1;
  const receiving = readFrame(server);
  await client.send(message.subarray(0, half));
  const control = await connectControl(t, wherry);
  control.write(`${JSON.stringify({ verb: 'drain', target: backend.url, window: '0s', timeout: '60s', wait: true })}\n`);
  assert.equal((await readFrame(client)).code, 1001, 'this way a frame may stand');
  await client.send(message.subarray(half));
  const received = await receiving;
  assert.equal(received.payload.length, 16 << 20);
  assert.ok(received.payload.every((byte) => byte === 0x6d), 'the message is whole');
  const close = await readFrame(server);
  assert.deepEqual([close.code, close.isMasked], [1001, true], 'then its Close, masked');
  await client.send(closeFrame(1001, '', { mask: true }));
  await server.send(closeFrame(1001));
  server.end();
  assert.equal((await control.next()).cut, 0);
});

test('a message without an end is cut at the deadline', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, forwardTo(backend, 'websocket: { origins: any, ping: off }'));
  const { client, server } = await openPair(t, wherry, backend);
  await client.send(frame(OPCODE.text, 'half', { mask: true, fin: false }));
  await readFrame(server);
  const since = performance.now();
  const answer = await askControl(t, wherry, {
    verb: 'drain', target: backend.url, window: '0s', timeout: '700ms', wait: true,
  });
  assert.deepEqual([answer.connections, answer.cut], [1, 1]);
  assert.ok(performance.now() - since >= 600, 'not before');
  await server.over();
  server.end();
  await eventually(() => /1 connections, 1 of them cut/.test(wherry.stderr), 'logged');
});

test('of a listener', async (t) => {
  const backend = await webSocketBackend(t);
  const wherry = await startWherry(t, ({ ports }) => `
workers: 2
listeners: [{ address: "127.0.0.1:${ports[0]}" }, { address: "127.0.0.1:${ports[1]}" }]
${forwardTo(backend)}`, { ports: 2 });
  const [drained, other] = await Promise.all(wherry.ports.map((port) =>
    Promise.all(Array.from({ length: 8 }, () => connectWebSocket(t, `ws://127.0.0.1:${port}`)))));
  const answer = await askControl(t, wherry, {
    verb: 'drain', target: `127.0.0.1:${wherry.ports[0]}`, window: '300ms', timeout: '60s', wait: true,
  });
  assert.equal(answer.cut, 0);
  for (const client of drained) {
    const { code, reason } = await client.closed();
    assert.deepEqual([code, reason], [1001, 'listener_drained']);
  }
  // Each worker closes its socket, a little later.
  const isRefused = () => connectWebSocket(t, `ws://127.0.0.1:${wherry.ports[0]}`).then(() => false, ({ code }) => code === 'ECONNREFUSED');
  await eventually(isRefused, 'nobody listens there');
  await other[0].send('still here');
  assert.equal(await other[0].text(), 'still here');
});

test('of all ends the process, also while another one goes on', async (t) => {
  const servers = [await webSocketBackend(t), await webSocketBackend(t)];
  const wherry = await startWherry(t, balanced(servers));
  const clients = [];
  for (let i = 0; i < 20; i++) clients.push(await connectWebSocket(t, wherry.webSocketUrl));
  await askControl(t, wherry, { verb: 'drain', target: servers[0].url, window: '50m', timeout: '1h' });
  const { drains } = await eventually(async () => {
    const status = await askControl(t, wherry, { verb: 'status' });
    return status.drains[0]?.connections === 10 && status.drains[0].left < 10 && status;
  }, 'the status shows it');
  assert.equal(drains[0].of, `server ${servers[0].url}`);
  const answer = await askControl(t, wherry, {
    verb: 'drain', target: 'all', window: '500ms', timeout: '60s', reason: 'so long', wait: true,
  });
  assert.deepEqual([answer?.of, answer?.cut], ['all', 0]);
  const ends = await Promise.all(clients.map((client) => client.closed()));
  const reasons = ends.map(({ code, reason }) => `${code} ${reason}`).sort();
  assert.equal(reasons.filter((text) => text === '1001 so long').length, 19, String(reasons));
  assert.equal(reasons.filter((text) => text === '1001 server_drained').length, 1, 'the first one went at once');
  await wherry.ended();
});

test('by the command line', async (t) => {
  const backend = await webSocketBackend(t);
  const wherry = await startWherry(t, forwardTo(backend));
  const client = await connectWebSocket(t, wherry.webSocketUrl);
  const { code, stdout } = await runToEnd(t, [
    'drain', backend.url, '--control', wherry.controlPath, '--window', '0s', '--timeout', '60s', '--code', '1012', '--wait',
  ]);
  assert.equal(code, 0);
  assert.match(stdout, /connections +1\n/);
  assert.equal((await client.closed()).code, 1012);
  assert.equal((await runToEnd(t, ['drain', '--control', wherry.controlPath])).code, 2);
  assert.equal((await runToEnd(t, ['drain', 'http://nobody', '--control', wherry.controlPath])).code, 1);
});

test('is refused', async (t) => {
  const wherry = await startWherry(t, forwardTo(await httpBackend(t)));
  for (const [request, error] of [
    [{}, /target/],
    [{ target: 'http://nowhere' }, /http:\/\/nowhere: not found/],
    [{ target: 'all', window: '2m', timeout: '1m' }, /2m is longer than the timeout of 1m/],
    [{ target: 'all', window: 'soon' }, /bad duration "soon"/],
    [{ target: 'all', code: 1000 }, /1000 \(expected 1001 or 1012\)/],
    [{ target: 'all', reason: 'x'.repeat(124) }, /at most 123 bytes/],
  ]) {
    const answer = await askControl(t, wherry, { verb: 'drain', ...request });
    assert.equal(answer.ok, false);
    assert.match(answer.error, error);
  }
});

test('signals until the very end are no other end', async (t) => {
  const wherry = await startWherry(t, 'routes: [{ redirect: { to: /x } }]');
  let hasEnded = false;
  const end = wherry.ended().finally(() => { hasEnded = true; });
  while (!hasEnded) {
    wherry.signal('SIGTERM');
    await new Promise((resolve) => { setImmediate(resolve); });
  }
  await end;
});
