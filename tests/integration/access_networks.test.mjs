// SPDX-License-Identifier: MIT
// Who may use a route, by the client's address: before a backend hears of the request.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { httpBackend, webSocketBackend } from './support/backends.mjs';
import { upgradeRequest } from './support/frames.mjs';
import { exchange, readResponse, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { startWherry } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

const routes = (url) => `
trusted_proxies: [127.0.0.2]
routes:
  - match: { path: /inside/ }
    access: { allow: [127.0.0.0/8, 10.0.0.0/8], deny: [127.0.0.66, 10.6.6.6] }
    websocket: { origins: any }
    to: app
  - match: { path: /outside/ }
    access: { allow: [10.0.0.0/8] }
    websocket: {}
    to: app
  - match: { path: /moved/ }
    access: { allow: [10.0.0.0/8] }
    redirect: { to: /inside/ }
  - match: { path: / }
    to: app
upstreams: { app: { servers: ["${url}"] } }
`;

/** A client with this address of the loopback. */
const from = (t, wherry, localAddress) => connect(t, { port: wherry.port, host: '127.0.0.1', localAddress });

test('networks', async (t) => {
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, routes(backend.url));
  const rows = [
    ['127.0.0.1', '/inside/', [], 200],
    ['127.0.0.66', '/inside/', [], 403],
    ['127.0.0.66', '/', [], 200],
    ['127.0.0.1', '/outside/', [], 403],
    ['127.0.0.1', '/outside/', ['X-Forwarded-For: 10.0.0.1'], 403],
    ['127.0.0.2', '/outside/', ['X-Forwarded-For: 10.0.0.1'], 200],
    ['127.0.0.2', '/outside/', ['X-Forwarded-For: 10.0.0.1, 192.0.2.1'], 403],
    ['127.0.0.2', '/inside/', ['X-Forwarded-For: 192.0.2.1, 10.6.6.6'], 403],
    ['127.0.0.2', '/inside/', ['X-Forwarded-For: 10.6.6.6, 10.0.0.1'], 200],
    ['127.0.0.1', '/moved/', [], 403],
    ['127.0.0.2', '/moved/', ['X-Forwarded-For: 10.0.0.1'], 308],
  ];
  for (const [address, path, fields, status] of rows) {
    await t.test(`${address} ${path} ${fields} is ${status}`, async () => {
      const before = backend.requests.length;
      const response = await exchange(await from(t, wherry, address), requestText('GET', path, fields));
      assert.equal(response.status, status);
      assert.equal(backend.requests.length - before, status === 200 ? 1 : 0);
    });
  }

  await t.test('the refusal stands in the access line', async () => {
    const line = await wherry.accessLine({ peer: /^127\.0\.0\.66:/, status: 403 });
    assert.equal(line.reason, 'refused');
    assert.match(line.detail, /access/);
    assert.equal(line.upstream, '');
  });

  await t.test('a refused body is not read, and nothing behind it is a request', async () => {
    const peer = await from(t, wherry, '127.0.0.1');
    const body = 'GET /inside/ HTTP/1.1\r\nHost: a.test\r\n\r\n';
    const before = backend.requests.length;
    const response = await exchange(peer, requestText('POST', '/outside/', { 'Content-Length': body.length }, body));
    assert.equal(response.status, 403);
    assert.equal(response.headers.get('connection'), 'close');
    assert.equal(await peer.readToEnd().then((rest) => rest.length), 0);
    assert.equal(backend.requests.length, before);
  });

  await t.test('100 Continue is not said to one who is refused', async () => {
    const peer = await from(t, wherry, '127.0.0.1');
    const head = requestText('POST', '/outside/', { 'Content-Length': 5, Expect: '100-continue' });
    const response = await exchange(peer, head);
    assert.equal(response.status, 403);
    assert.equal(response.interim.length, 0);
  });

  await t.test('the connection may be used again', async () => {
    const peer = await from(t, wherry, '127.0.0.1');
    await peer.send(requestText('GET', '/outside/') + requestText('GET', '/inside/'));
    assert.equal((await readResponse(peer)).status, 403);
    assert.equal((await readResponse(peer)).status, 200);
  });
});

test('a WebSocket', async (t) => {
  const backend = await webSocketBackend(t);
  const wherry = await startWherry(t, routes(backend.url));

  await t.test('is opened for those allowed', async () => {
    const client = await connectWebSocket(t, `${wherry.webSocketUrl}/inside/`);
    await client.send('hello');
    assert.equal(await client.text(), 'hello');
  });

  await t.test('is refused to others before anything else is looked at', async () => {
    const peer = await from(t, wherry, '127.0.0.1');
    const text = upgradeRequest('/outside/', { 'Sec-WebSocket-Version': '777', Origin: 'http://evil.test' });
    assert.equal((await exchange(peer, text)).status, 403);
    assert.match((await wherry.accessLine({ path: '/outside/' })).detail, /access/);
    assert.equal(backend.clients.size, 1);
  });
});
