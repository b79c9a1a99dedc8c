// SPDX-License-Identifier: MIT
// HTTP/1.0 on either side: no chunks toward it, its keep-alive only if it asks.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { httpBackend, scriptedBackend } from './support/backends.mjs';
import { exchange, readRequest, readResponse, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

test('a client of HTTP/1.0', async (t) => {
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, forwardTo(backend));

  await t.test('is closed after the answer', async () => {
    const peer = await connect(t, wherry.port);
    const response = await exchange(peer, 'GET /x HTTP/1.0\r\nHost: a.test\r\n\r\n');
    assert.equal(JSON.parse(response.body).url, '/x');
    await peer.over();
  });

  await t.test('may ask to be kept', async () => {
    const peer = await connect(t, wherry.port);
    for (let i = 0; i < 3; i++) {
      const text = 'GET /x HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n';
      const response = await exchange(peer, text);
      assert.equal(response.status, 200);
      const isKept = response.headers.get('connection')?.toLowerCase() === 'keep-alive';
      if (!isKept) return void (await peer.over());
      assert.ok(response.headers.has('content-length'), 'a kept connection needs a length');
    }
    return undefined;
  });

  await t.test('may send a body with a length', async () => {
    const peer = await connect(t, wherry.port);
    const response = await exchange(peer, 'POST / HTTP/1.0\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi');
    assert.equal(JSON.parse(response.body).body, 'hi');
  });

  await t.test('may not send chunks', async () => {
    const before = backend.requests.length;
    const peer = await connect(t, wherry.port);
    const text = 'POST / HTTP/1.0\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n';
    assert.equal((await exchange(peer, text)).status, 400);
    await peer.over();
    assert.equal(backend.requests.length, before);
  });
});

test('a backend of HTTP/1.0', async (t) => {
  const backend = await scriptedBackend(t, async (peer, index) => {
    await readRequest(peer);
    await peer.send(`HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nanswer ${index}`);
    peer.end();
  });
  const wherry = await startWherry(t, forwardTo(backend));
  const peer = await connect(t, wherry.port);
  for (let i = 0; i < 3; i++) {
    const response = await exchange(peer, requestText('GET', '/'));
    assert.equal(response.version, 'HTTP/1.1');
    assert.equal(response.body.toString(), `answer ${i}`);
    assert.equal(response.headers.get('transfer-encoding'), 'chunked', 'so that the client is kept');
  }
  assert.equal(backend.peers.length, 3, 'its connections are not used again');
});

test('versions that are not HTTP/1.0 or 1.1 are refused', async (t) => {
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, forwardTo(backend));
  for (const version of ['HTTP/0.9', 'HTTP/1.2', 'HTTP/2.0', 'http/1.1', 'RTSP/1.0', 'ICE/1.0', 'HTTP/1', 'HTTP/11.1']) {
    const peer = await connect(t, wherry.port);
    const response = await exchange(peer, `GET / ${version}\r\nHost: a.test\r\n\r\n`);
    assert.ok([400, 505].includes(response.status), `${version}: ${response.status}`);
    await peer.over();
  }
  const preface = await connect(t, wherry.port);
  await preface.send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  assert.ok([400, 505].includes((await readResponse(preface)).status));
  assert.equal(backend.requests.length, 0);
});
