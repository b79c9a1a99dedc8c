// SPDX-License-Identifier: MIT
// Connections are kept and reused on both sides, as long as both sides agree.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { httpBackend } from './support/backends.mjs';
import { eventually, pause } from './support/deadline.mjs';
import { exchange, readResponse, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

test('connections are kept alive', async (t) => {
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, forwardTo(backend));

  await t.test('many requests share one client and one backend connection', async () => {
    const peer = await connect(t, wherry.port);
    for (let i = 0; i < 20; i++) {
      const response = await exchange(peer, requestText('GET', `/${i}`));
      assert.equal(response.status, 200);
      assert.equal(JSON.parse(response.body).url, `/${i}`);
      assert.equal(response.headers.has('connection'), false);
    }
    assert.equal(new Set(backend.requests.map((request) => request.socket)).size, 1);
  });

  await t.test('Connection: close is honoured after the response', async () => {
    const peer = await connect(t, wherry.port);
    const response = await exchange(peer, requestText('GET', '/', { Connection: 'close' }));
    assert.equal(response.headers.get('connection'), 'close');
    await peer.over();
    assert.equal(peer.length, 0);
  });

  await t.test('what follows Connection: close is ignored', async () => {
    const before = backend.requests.length;
    const peer = await connect(t, wherry.port);
    await peer.send(requestText('GET', '/last', { Connection: 'close' }) + requestText('GET', '/after'));
    assert.equal((await readResponse(peer)).status, 200);
    assert.equal((await peer.readToEnd()).length, 0);
    assert.deepEqual(backend.requests.slice(before).map((request) => request.url), ['/last']);
  });

  await t.test('a client that ends its side still gets its answer', async () => {
    const peer = await connect(t, wherry.port);
    await peer.send(requestText('GET', '/half'));
    peer.end();
    assert.equal((await readResponse(peer)).status, 200);
    await peer.over();
  });
});

test('an idle client connection is closed after timeouts.keep_alive', async (t) => {
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, `timeouts: { keep_alive: 300ms }\n${forwardTo(backend)}`);
  const peer = await connect(t, wherry.port);
  const before = Date.now(); // a client that is slow to run sees the answer late
  await exchange(peer, requestText('GET', '/'));
  await peer.over();
  assert.ok(Date.now() - before >= 250, 'not at once');
  assert.equal(peer.length, 0, 'closed without a word');
});

test('requests within timeouts.keep_alive keep the connection', async (t) => {
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, `timeouts: { keep_alive: 4s }\n${forwardTo(backend)}`);
  const peer = await connect(t, wherry.port);
  for (let i = 0; i < 6; i++) {
    assert.equal((await exchange(peer, requestText('GET', '/'))).status, 200);
    await pause(1000);
  }
});

test('a backend connection idle for pool.idle is not used again', async (t) => {
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, `
routes: [{ to: app }]
upstreams:
  app: { servers: [{ url: "${backend.url}" }], pool: { idle: 200ms } }
`);
  const peer = await connect(t, wherry.port);
  await exchange(peer, requestText('GET', '/'));
  await eventually(() => backend.sockets.size === 0, 'it is closed');
  assert.equal((await exchange(peer, requestText('GET', '/'))).status, 200);
});
