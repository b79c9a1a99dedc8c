// SPDX-License-Identifier: MIT
// Trailers are read, checked and dropped, in both directions; they change nothing else.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { httpBackend, scriptedBackend } from './support/backends.mjs';
import { exchange, readRequest, readResponse, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

test('trailers of a request are dropped', async (t) => {
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, forwardTo(backend));
  for (const send of ['send', 'sendByteByByte']) {
    const peer = await connect(t, wherry.port);
    const body = '2\r\nab\r\n0\r\nX-Forwarded-For: 6.6.6.6\r\nX-Evil: 1\r\n\r\n';
    await peer[send](requestText('POST', '/', { 'Transfer-Encoding': 'chunked', Trailer: 'X-Evil' }, body));
    const seen = JSON.parse((await readResponse(peer)).body);
    assert.equal(seen.body, 'ab');
    assert.equal('x-evil' in seen.headers, false);
    assert.equal('trailer' in seen.headers, false);
    assert.equal(seen.headers['x-forwarded-for'], '127.0.0.1');
    assert.deepEqual(backend.requests.at(-1).trailers, {});
    assert.equal((await exchange(peer, requestText('GET', '/next'))).status, 200);
  }
});

test('trailers of a response are dropped', async (t) => {
  const backend = await scriptedBackend(t, async (peer) => {
    for (;;) {
      await readRequest(peer);
      await peer.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n');
      await peer.send('2\r\nab\r\n0\r\nX-Sum: 1\r\n\r\n');
    }
  });
  const wherry = await startWherry(t, forwardTo(backend));
  const peer = await connect(t, wherry.port);
  for (let i = 0; i < 3; i++) {
    const response = await exchange(peer, requestText('GET', '/', { TE: 'trailers' }));
    assert.equal(response.body.toString(), 'ab');
    assert.deepEqual(response.trailers, []);
    assert.equal(response.headers.has('trailer'), false);
  }
});

test('trailers beyond the limits of a head are refused', async (t) => {
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, forwardTo(backend));
  const peer = await connect(t, wherry.port);
  await peer.send(requestText('POST', '/', { 'Transfer-Encoding': 'chunked' }, '2\r\nab\r\n0\r\n'));
  const line = `X-Pad: ${'a'.repeat(4000)}\r\n`;
  for (let i = 0; i < 20 && !peer.isOver; i++) await peer.send(line);
  const response = await readResponse(peer);
  assert.ok([400, 431].includes(response.status), `status ${response.status}`);
  await peer.over();
});
