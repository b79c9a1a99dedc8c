// SPDX-License-Identifier: MIT
// A body longer than the route allows is a 413: at once by its length, else when it passes.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { echoRequest, scriptedBackend, httpBackend } from './support/backends.mjs';
import { exchange, readResponse, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

test('body limits', async (t) => {
  const backend = await httpBackend(t, echoRequest);
  const wherry = await startWherry(t, `
limits: { body: 1KiB }
routes:
  - { match: { path: /large/ }, body: 4KiB, to: app }
  - { to: app }
upstreams:
  app: { servers: [{ url: "${backend.url}" }] }
`);
  const upload = async (path, length) => {
    const peer = await connect(t, wherry.port);
    const response = await exchange(peer, requestText('POST', path, { 'Content-Length': length }, 'x'.repeat(length)));
    return { peer, response };
  };

  await t.test('exactly the limit passes', async () => {
    assert.equal((await upload('/', 1024)).response.status, 200);
    assert.equal((await upload('/large/', 4096)).response.status, 200);
  });

  await t.test('one byte more does not, and the connection is closed', async () => {
    for (const [path, length] of [['/', 1025], ['/large/', 4097]]) {
      const { peer, response } = await upload(path, length);
      assert.equal(response.status, 413);
      await peer.over();
    }
  });

  await t.test('a declared length is refused before any backend hears of it', async () => {
    const before = backend.requests.length;
    const peer = await connect(t, wherry.port);
    const response = await exchange(peer, requestText('POST', '/', { 'Content-Length': '9223372036854775807' }));
    assert.equal(response.status, 413);
    assert.equal(backend.requests.length, before);
  });

  await t.test('a client that expects 100 Continue gets the 413 instead', async () => {
    const peer = await connect(t, wherry.port);
    const fields = { 'Content-Length': 5000, Expect: '100-continue' };
    const response = await exchange(peer, requestText('POST', '/', fields));
    assert.deepEqual([response.status, response.interim.length], [413, 0]);
  });

  await t.test('chunks are counted', async () => {
    const fields = { 'Transfer-Encoding': 'chunked' };
    const chunk = `100\r\n${'x'.repeat(256)}\r\n`;
    const peer = await connect(t, wherry.port);
    const fits = await exchange(peer, requestText('POST', '/', fields, `${chunk.repeat(4)}0\r\n\r\n`));
    assert.equal(fits.status, 200);
    const other = await connect(t, wherry.port);
    const tooLong = await exchange(other, requestText('POST', '/', fields, `${chunk.repeat(4)}1\r\nx\r\n0\r\n\r\n`));
    assert.equal(tooLong.status, 413);
    await other.over();
  });
});

test('an upload that grows too long never completes at the backend', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, `limits: { body: 1KiB }\n${forwardTo(backend)}`);
  const peer = await connect(t, wherry.port);
  await peer.send(requestText('POST', '/', { 'Transfer-Encoding': 'chunked' }));
  const server = await backend.peer();
  await server.readUntil('\r\n\r\n');
  await peer.send(`800\r\n${'x'.repeat(2048)}\r\n0\r\n\r\n`);
  assert.equal((await readResponse(peer)).status, 413);
  assert.doesNotMatch((await server.readToEnd()).toString(), /\r\n0\r\n/);
});
