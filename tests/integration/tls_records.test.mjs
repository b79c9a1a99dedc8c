// SPDX-License-Identifier: MIT
// TLS however its records are cut: byte by byte, in bulk, with new keys in between, cut off,
// half closed. What arrives is what was sent, or the end has a name.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import tls from 'node:tls';

import { httpBackend, scriptedBackend, webSocketBackend } from './support/backends.mjs';
import { Authority, tlsListener } from './support/certificates.mjs';
import { cleanup } from './support/cleanup.mjs';
import { eventually, within } from './support/deadline.mjs';
import { acceptWebSocket, frame, OPCODE, readFrame, upgradeRequest } from './support/frames.mjs';
import { Peer } from './support/peer.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

const SLICED_MS = 120_000; // for a message that passes byte by byte

/** Wherry with TLS in front of the backend; trusted: options for clients. */
async function start(t, backend, more = '') {
  const authority = new Authority(t);
  const pair = authority.issue(['localhost', '127.0.0.1']);
  const wherry = await startWherry(t, (self) =>
    tlsListener(self.port, [pair]) + forwardTo(backend) + more);
  return { wherry, trusted: { ca: authority.pem, servername: 'localhost' }, caPath: authority.cert };
}

/** A relay to the port that passes on a few bytes at a time, both ways; gives its port. */
async function slicer(t, port, size) {
  const sockets = [];
  const pass = (from, to) => {
    to.setNoDelay(true);
    from.on('data', async (data) => {
      from.pause();
      for (let at = 0; at < data.length && !to.destroyed; at += size) {
        to.write(data.subarray(at, at + size));
        await new Promise(setImmediate);
      }
      from.resume();
    });
    from.on('end', () => to.end());
    from.on('error', () => to.destroy());
  };
  const server = net.createServer({ allowHalfOpen: true }, (client) => {
    const wherry = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    sockets.push(client, wherry);
    pass(client, wherry);
    pass(wherry, client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup(t, () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return server.address().port;
}

const digest = (data) => createHash('sha256').update(data).digest('hex');

async function secureSocket(t, wherry, trusted, more = {}) {
  const socket = tls.connect({ port: wherry.port, host: '127.0.0.1', ...trusted, ...more });
  cleanup(t, () => socket.destroy());
  await within(once(socket, 'secureConnect'), 'a TLS handshake');
  return socket;
}

for (const size of [1, 7]) {
  test(`a conversation in pieces of ${size} bytes`, async (t) => {
    const backend = await webSocketBackend(t);
    const { wherry, trusted } = await start(t, backend, '\ntimeouts: { tls_handshake: 60s }');
    const port = await slicer(t, wherry.port, size);
    const client = await connectWebSocket(t, `wss://127.0.0.1:${port}/`, trusted);
    for (const length of [0, 1, 125, 126, 4000, 20_000]) {
      const payload = randomBytes(length);
      await client.send(payload);
      await eventually(() => client.messages.length > 0, `${length} bytes come back`, SLICED_MS);
      assert.equal(digest((await client.message()).data), digest(payload));
    }
  });
}

test('megabytes both ways, by TLS 1.2 and 1.3', async (t) => {
  const backend = await webSocketBackend(t);
  const { wherry, trusted } = await start(t, backend);
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    const client = await connectWebSocket(t, `wss://127.0.0.1:${wherry.port}/`,
      { ...trusted, minVersion: version, maxVersion: version });
    const payloads = Array.from({ length: 12 }, () => randomBytes(1_000_000));
    for (const payload of payloads) client.send(payload);
    for (const payload of payloads) assert.equal(digest((await client.message()).data), digest(payload));
  }
});

test('keys that the client changes, and asks to be changed', async (t) => {
  const backend = await httpBackend(t);
  const { wherry, caPath } = await start(t, backend);
  const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${wherry.port}`, '-servername', 'localhost', '-CAfile', caPath,
    '-verify_return_error', '-tls1_3']);
  cleanup(t, () => child.kill('SIGKILL'));
  let output = '';
  child.stdout.on('data', (text) => { output += text; });
  child.stderr.on('data', (text) => { output += text; });
  await eventually(() => /Verify return code: 0/.test(output), 'the handshake of s_client');
  for (let i = 1; i <= 5; i++) {
    child.stdin.write(i % 2 ? 'K\n' : 'k\n');
    await eventually(() => (output.match(/KEYUPDATE/g) ?? []).length >= i, 'a key update');
    child.stdin.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await eventually(() => (output.match(/200 OK/g) ?? []).length === i, `answer ${i}`);
  }
  assert.equal(backend.requests.length, 5);
});

test('a client that is cut off without close_notify', async (t) => {
  const backend = await scriptedBackend(t, (peer) => acceptWebSocket(peer));
  const { wherry, trusted } = await start(t, backend);
  const raw = net.connect({ port: wherry.port, host: '127.0.0.1', allowHalfOpen: true });
  await once(raw, 'connect');
  raw.on('error', () => {}); // what it means, the TLS socket says
  const socket = await secureSocket(t, wherry, trusted, { socket: raw });
  const client = new Peer(socket);
  await client.send(upgradeRequest('/cut'));
  await client.readUntil('\r\n\r\n');
  const server = await backend.peer();
  await client.send(frame(OPCODE.text, 'whole', { mask: true }));
  assert.equal((await readFrame(server)).payload.toString(), 'whole');
  raw.end(); // FIN, and nothing of TLS
  const told = await readFrame(server);
  assert.deepEqual([told.opcode, told.code], [OPCODE.close, 1001]);
  server.end();
  const line = await wherry.accessLine({ path: '/cut' });
  assert.equal(line.reason, 'client_reset');
  assert.match(line.detail, /close_notify/);
});

test('a client that ends its half of TLS still gets its answer', async (t) => {
  const backend = await httpBackend(t, (request, response) => {
    setTimeout(() => response.end('late but whole'), 200);
  });
  const { wherry, trusted } = await start(t, backend);
  const socket = await secureSocket(t, wherry, trusted, { allowHalfOpen: true });
  const client = new Peer(socket);
  socket.end('GET /half HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  assert.match((await client.readUntil('late but whole')).toString(), /^HTTP\/1.1 200/);
  await client.over();
  assert.ok(client.sawEnd, `close_notify of Wherry: ${client.describe()}`);
  assert.equal((await wherry.accessLine({ path: '/half' })).reason, 'done');
});

test('a handshake that takes too long is ended, and has a line', async (t) => {
  const backend = await httpBackend(t);
  const { wherry } = await start(t, backend, '\ntimeouts: { tls_handshake: 300ms }');
  const socket = net.connect(wherry.port, '127.0.0.1');
  const client = new Peer(socket);
  await once(socket, 'connect');
  await client.send(Buffer.from([22, 3, 1, 2, 0, 1])); // the start of a hello
  await client.over();
  const line = await wherry.accessLine({ reason: 'client_tls' });
  assert.match(line.detail, /tls_handshake/);
});

test('plain HTTP to a TLS port is told from other garbage', async (t) => {
  const backend = await httpBackend(t);
  const { wherry } = await start(t, backend);
  for (const [text, detail] of [['GET / HTTP/1.1\r\nHost: x\r\n\r\n', /plain HTTP/], ['\x16\x03\x01\x00\x05abcdefghij', /./]]) {
    const client = new Peer(net.connect(wherry.port, '127.0.0.1'));
    await client.send(Buffer.from(text, 'latin1'));
    await client.over();
    await wherry.accessLine({ reason: 'client_tls', detail });
  }
  assert.equal(backend.requests.length, 0);
});
