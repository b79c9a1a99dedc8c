// SPDX-License-Identifier: MIT
// Bodies arrive whole in every framing, and a message without a body has none.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { httpBackend, scriptedBackend } from './support/backends.mjs';
import { exchange, readRequest, readResponse, requestText, responseText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

/** One request through Wherry, answered with these bytes; the backend then ends if asked. */
async function answeredWith(t, wherry, backend, bytes, { method = 'GET', end = false } = {}) {
  const index = backend.peers.length;
  const client = await connect(t, wherry.port);
  await client.send(requestText(method, '/', { Connection: 'close' }));
  const server = await backend.peer(index);
  const request = await readRequest(server);
  await server.send(bytes);
  if (end) server.end();
  const response = await readResponse(client, { method });
  const surplus = await client.readToEnd();
  assert.equal(surplus.length, 0, `nothing follows the response: ${surplus.toString('latin1')}`);
  server.destroy();
  return { request, response };
}

test('request bodies', async (t) => {
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, forwardTo(backend));
  const rows = [
    ['no body', 'GET', {}, '', ''],
    ['Content-Length: 0', 'POST', { 'Content-Length': 0 }, '', ''],
    ['Content-Length', 'POST', { 'Content-Length': 5 }, 'hello', 'hello'],
    ['a GET with a body', 'GET', { 'Content-Length': 5 }, 'hello', 'hello'],
    ['chunked', 'POST', { 'Transfer-Encoding': 'chunked' }, '5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n', 'hello!'],
    ['chunked, capital letters', 'PUT', { 'Transfer-Encoding': 'Chunked' }, 'A\r\n0123456789\r\n0\r\n\r\n', '0123456789'],
    ['chunked, with extensions', 'POST', { 'Transfer-Encoding': 'chunked' }, '2;a="x;y"\r\nab\r\n0;b=c\r\n\r\n', 'ab'],
    ['chunked, empty', 'POST', { 'Transfer-Encoding': 'chunked' }, '0\r\n\r\n', ''],
    ['bytes that look like a request', 'POST', { 'Content-Length': 18 }, 'GET / HTTP/1.1\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n'],
  ];
  for (const send of ['send', 'sendByteByByte']) {
    for (const [name, method, fields, body, expected] of rows) {
      await t.test(`${name}, ${send}`, async () => {
        const peer = await connect(t, wherry.port);
        await peer[send](requestText(method, '/b', fields, body));
        const seen = JSON.parse((await readResponse(peer)).body);
        assert.deepEqual([seen.method, seen.body], [method, expected]);
        assert.equal((await exchange(peer, requestText('GET', '/next'))).status, 200, 'still in step');
      });
    }
  }

  await t.test('a body that never completes never becomes a request of its own', async () => {
    const before = backend.requests.length;
    const peer = await connect(t, wherry.port);
    await peer.send(requestText('POST', '/cut', { 'Content-Length': 100 }, 'GET /x HTTP/1.1\r\n\r\n'));
    peer.end();
    await peer.over();
    assert.equal((await exchange(await connect(t, wherry.port), requestText('GET', '/y'))).status, 200);
    const seen = backend.requests.slice(before).map((request) => request.url);
    assert.equal(seen.includes('/x'), false);
  });
});

test('response bodies', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, forwardTo(backend));
  const cases = [
    ['Content-Length', responseText(200, {}, 'hello'), {}, 'hello'],
    ['Content-Length: 0', responseText(200), {}, ''],
    ['chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n', {}, 'hello'],
    ['until close', 'HTTP/1.1 200 OK\r\n\r\nhello', { end: true }, 'hello'],
    ['until close, HTTP/1.0', 'HTTP/1.0 200 OK\r\n\r\nhello', { end: true }, 'hello'],
    ['HEAD with a length', responseText(200, { 'X-A': 1 }).replace('Length: 0', 'Length: 5'), { method: 'HEAD' }, ''],
    ['HEAD, chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', { method: 'HEAD' }, ''],
    ['204', 'HTTP/1.1 204 No Content\r\n\r\n', {}, ''],
    ['304 with a length', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: "x"\r\n\r\n', {}, ''],
  ];
  for (const [name, bytes, options, expected] of cases) {
    await t.test(name, async () => {
      const { response } = await answeredWith(t, wherry, backend, bytes, options);
      assert.equal(response.body.toString(), expected);
    });
  }

  await t.test('HEAD keeps the length it would have had', async () => {
    const bytes = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n';
    const { request, response } = await answeredWith(t, wherry, backend, bytes, { method: 'HEAD' });
    assert.equal(request.method, 'HEAD');
    assert.equal(response.headers.get('content-length'), '5');
  });

  await t.test('204 has neither Content-Length nor Transfer-Encoding', async () => {
    const bytes = 'HTTP/1.1 204 X\r\nContent-Length: 4\r\n\r\nabcd';
    const { response } = await answeredWith(t, wherry, backend, bytes);
    assert.equal(response.headers.has('content-length'), false);
    assert.equal(response.headers.has('transfer-encoding'), false);
  });

  await t.test('a body cut short is not made to look whole', async () => {
    for (const bytes of [
      'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
    ]) {
      const index = backend.peers.length;
      const client = await connect(t, wherry.port);
      await client.send(requestText('GET', '/'));
      const server = await backend.peer(index);
      await readRequest(server);
      await server.send(bytes);
      server.end();
      await assert.rejects(readResponse(client), /connection over/);
    }
  });
});

test('a body reaches a client of HTTP/1.0 without chunks', async (t) => {
  const backend = await scriptedBackend(t, async (peer) => {
    await readRequest(peer);
    await peer.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n');
  });
  const wherry = await startWherry(t, forwardTo(backend));
  const peer = await connect(t, wherry.port);
  const response = await exchange(peer, 'GET / HTTP/1.0\r\nHost: a.test\r\n\r\n');
  assert.equal(response.headers.has('transfer-encoding'), false);
  assert.equal(response.body.toString(), 'hello');
  await peer.over();
});
