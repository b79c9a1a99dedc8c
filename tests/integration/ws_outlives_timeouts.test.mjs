// SPDX-License-Identifier: MIT
// The timeouts of HTTP end at the 101: a silent WebSocket stays.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { scriptedBackend } from './support/backends.mjs';
import { pause } from './support/deadline.mjs';
import { acceptWebSocket, frame, OPCODE, openPair, readFrame, upgradeRequest } from './support/frames.mjs';
import { exchange, readRequest, readResponse, requestText, responseText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

const YAML = `
timeouts: { response: 1s, idle: 1s, keep_alive: 1s, write_stall: 1s }
limits: { header_timeout: 1s, exempt: [127.0.0.0/8] }
`;

test('a silent WebSocket outlives every timeout of HTTP', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, `${YAML}${forwardTo(backend, 'websocket: { origins: any, ping: off }')}`);
  const { client, server } = await openPair(t, wherry, backend);
  await pause(2500); // longer than each of them
  await client.send(frame(OPCODE.text, 'up', { mask: true }));
  assert.equal((await readFrame(server)).payload.toString(), 'up');
  await pause(2500);
  await server.send(frame(OPCODE.text, 'down'));
  assert.equal((await readFrame(client)).payload.toString(), 'down');
});

test('a connection that served requests before may be upgraded', async (t) => {
  const backend = await scriptedBackend(t, async (peer) => {
    for (;;) {
      const request = await readRequest(peer);
      if (request.headers.has('upgrade')) return assert.fail('an upgrade on a connection that was used');
      await peer.send(responseText(200, {}, request.target));
    }
  });
  const sockets = await scriptedBackend(t);
  const wherry = await startWherry(t, `
routes:
  - { match: { path: /ws }, websocket: {}, to: sockets }
  - { to: app }
upstreams:
  app: { servers: [{ url: "${backend.url}" }] }
  sockets: { servers: [{ url: "${sockets.url}" }] }
`);
  const client = await connect(t, wherry.port);
  assert.equal((await exchange(client, requestText('GET', '/before'))).body.toString(), '/before');
  await client.send(requestText('GET', '/pipelined') + upgradeRequest('/ws') + frame(OPCODE.text, 'early', { mask: true }).toString('latin1'));
  assert.equal((await readResponse(client)).body.toString(), '/pipelined');
  const server = await sockets.peer();
  await acceptWebSocket(server);
  assert.equal((await readResponse(client)).status, 101);
  assert.equal((await readFrame(server)).payload.toString(), 'early');
  assert.deepEqual(backend.errors.filter((error) => /upgrade/.test(error.message)), []);
});

test('a route that allows WebSocket still serves plain requests', async (t) => {
  const backend = await scriptedBackend(t, async (peer) => {
    await readRequest(peer);
    await peer.send(responseText(200, {}, 'plain'));
  });
  const wherry = await startWherry(t, forwardTo(backend));
  const response = await exchange(await connect(t, wherry.port), requestText('GET', '/'));
  assert.equal(response.body.toString(), 'plain');
});
