// SPDX-License-Identifier: MIT
// What Wherry answers itself is short, says no secrets, and is text or JSON as Accept asks.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { httpBackend, scriptedBackend } from './support/backends.mjs';
import { upgradeRequest } from './support/frames.mjs';
import { exchange, readRequest, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { freePorts, startWherry } from './support/wherry.mjs';

test('local error pages', async (t) => {
  const good = await httpBackend(t);
  const garbage = await scriptedBackend(t, async (peer) => {
    await readRequest(peer);
    await peer.send('SSH-2.0-OpenSSH_9.2\r\n');
  });
  const silent = await scriptedBackend(t);
  const [dead] = await freePorts(1);
  const wherry = await startWherry(t, `
limits: { header: 2KiB, body: 1KiB, header_timeout: 3s, exempt: [127.0.0.0/8] }
routes:
  - { match: { path: /good/ }, to: good }
  - { match: { path: /garbage }, to: garbage }
  - { match: { path: /silent }, timeouts: { response: 300ms }, to: silent }
  - { match: { path: /dead }, to: dead }
  - { match: { path: /ws }, websocket: {}, to: good }
upstreams:
  good: { servers: [{ url: "${good.url}" }] }
  garbage: { servers: [{ url: "${garbage.url}" }] }
  silent: { servers: [{ url: "${silent.url}" }] }
  dead: { servers: [{ url: "http://127.0.0.1:${dead}" }] }
`);

  const rows = [
    [400, requestText('GET', '/good/', { 'Bad Name': '1' })],
    [403, upgradeRequest('/good/')],
    [404, requestText('GET', '/nowhere')],
    [405, 'CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n'],
    [408, 'GET /good/ HTTP/1.1\r\nHost: a.test\r\n'],
    [413, requestText('POST', '/good/', { 'Content-Length': 2000 })],
    [414, requestText('GET', `/good/${'a'.repeat(9000)}`)],
    [417, requestText('GET', '/good/', { Expect: 'x' })],
    [426, upgradeRequest('/ws', { 'Sec-WebSocket-Version': '12' })],
    [431, requestText('GET', '/good/', { 'X-Long': 'a'.repeat(3000) })],
    [501, requestText('POST', '/good/', { 'Transfer-Encoding': 'gzip' })],
    [502, requestText('GET', '/garbage')],
    [502, requestText('GET', '/dead')],
    [504, requestText('GET', '/silent')],
    [505, 'GET /good/ HTTP/2.0\r\nHost: a.test\r\n\r\n'],
  ];
  for (const [status, text] of rows) {
    await t.test(`${status} to ${JSON.stringify(text.slice(0, 30))}`, async () => {
      const response = await exchange(await connect(t, wherry.port), text);
      assert.equal(response.status, status);
      assert.ok(response.reason.length > 0);
      assert.match(response.headers.get('content-type'), /^text\/plain/);
      assert.ok(response.headers.has('date'));
      assert.ok(response.body.length < 500, 'short');
      assert.match(response.body.toString(), new RegExp(String(status)));
      assert.doesNotMatch(response.body.toString(), /127\.0\.0\.1|a\.test/, 'no addresses');
    });
  }

  await t.test('JSON for those who accept it', async () => {
    for (const [accept, type] of [
      ['application/json', /^application\/json/],
      ['application/json, text/plain;q=0.5', /^application\/json/],
      ['text/html', /^text\/plain/],
      ['*/*', /^text\/plain/],
    ]) {
      const peer = await connect(t, wherry.port);
      const response = await exchange(peer, requestText('GET', '/nowhere', { Accept: accept }));
      assert.match(response.headers.get('content-type'), type, accept);
      if (!/json/.test(accept)) continue;
      assert.equal(JSON.parse(response.body).status, 404);
    }
  });

  await t.test('HEAD gets a head only', async () => {
    const peer = await connect(t, wherry.port);
    const response = await exchange(peer, requestText('HEAD', '/nowhere'));
    assert.equal(response.status, 404);
    assert.equal((await exchange(peer, requestText('GET', '/good/'))).status, 200, 'still in step');
  });

  await t.test('a request that was read well keeps its connection', async () => {
    const peer = await connect(t, wherry.port);
    assert.equal((await exchange(peer, requestText('GET', '/nowhere'))).status, 404);
    assert.equal((await exchange(peer, requestText('GET', '/dead'))).status, 502);
    assert.equal((await exchange(peer, requestText('GET', '/good/'))).status, 200);
  });
});
