// SPDX-License-Identifier: MIT
// A backend that is too slow to connect, to answer or to go on is given up.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { scriptedBackend } from './support/backends.mjs';
import { pause } from './support/deadline.mjs';
import { exchange, readRequest, readResponse, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

test('no answer within timeouts.response is a 504', async (t) => {
  const backend = await scriptedBackend(t, async (peer) => {
    await readRequest(peer);
    await peer.send('HTTP/1.1 200 OK\r\nX-Half:');
  });
  const wherry = await startWherry(t, `timeouts: { response: 300ms }\n${forwardTo(backend)}`);
  const peer = await connect(t, wherry.port);
  const since = Date.now();
  const response = await exchange(peer, requestText('GET', '/'));
  assert.equal(response.status, 504);
  assert.ok(Date.now() - since >= 290);
  await backend.peers[0].over();
  const line = await wherry.accessLine({ status: 504 });
  assert.equal(line.reason, 'backend_timeout');
});

test('a route may say otherwise', async (t) => {
  const backend = await scriptedBackend(t, async (peer) => {
    await readRequest(peer);
    await pause(800);
    await peer.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  });
  const wherry = await startWherry(t, `
timeouts: { response: 200ms }
routes:
  - { match: { path: /slow }, timeouts: { response: 30s }, to: app }
  - { to: app }
upstreams:
  app: { servers: [{ url: "${backend.url}" }] }
`);
  const ask = async (path) => exchange(await connect(t, wherry.port), requestText('GET', path));
  assert.equal((await ask('/slow')).status, 200);
  assert.equal((await ask('/fast')).status, 504);
});

test('the time for an answer starts when the request is complete', async (t) => {
  const backend = await scriptedBackend(t, async (peer) => {
    const request = await readRequest(peer);
    await peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${request.body.length}\r\n\r\n${request.body}`);
  });
  const wherry = await startWherry(t, `timeouts: { response: 2s }\n${forwardTo(backend)}`);
  const peer = await connect(t, wherry.port);
  await peer.send(requestText('POST', '/', { 'Content-Length': 5 }));
  for (const byte of 'hello') {
    await pause(600);
    await peer.send(byte);
  }
  assert.equal((await readResponse(peer)).body.toString(), 'hello');
});

test('silence inside a response ends it', async (t) => {
  const backend = await scriptedBackend(t, async (peer) => {
    const request = await readRequest(peer);
    const type = request.target === '/events' ? 'text/event-stream' : 'text/plain';
    await peer.send(`HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n`);
    if (request.target !== '/events') return;
    await pause(1000);
    await peer.send('2\r\ncd\r\n0\r\n\r\n');
  });
  const wherry = await startWherry(t, `timeouts: { idle: 300ms }\n${forwardTo(backend)}`);

  await t.test('after timeouts.idle', async () => {
    const peer = await connect(t, wherry.port);
    await assert.rejects(exchange(peer, requestText('GET', '/')), /connection over/);
    assert.equal((await wherry.accessLine({ path: '/' })).reason, 'backend_timeout');
  });

  await t.test('but not in an event stream', async () => {
    const peer = await connect(t, wherry.port);
    const response = await exchange(peer, requestText('GET', '/events'));
    assert.equal(response.body.toString(), 'abcd');
  });
});
