// SPDX-License-Identifier: MIT
// A client's handshake is checked before any backend hears of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { scriptedBackend } from './support/backends.mjs';
import { acceptValue, KEY, openPair, upgradeRequest } from './support/frames.mjs';
import { exchange } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { startWherry } from './support/wherry.mjs';

const twice = (name, value) => upgradeRequest('/ws').replace('\r\n\r\n', `\r\n${name}: ${value}\r\n\r\n`);

const REFUSED = [
  ['a route without websocket', upgradeRequest('/plain'), 403],
  ['version 8', upgradeRequest('/ws', { 'Sec-WebSocket-Version': '8' }), 426],
  ['version 777', upgradeRequest('/ws', { 'Sec-WebSocket-Version': '777' }), 426],
  ['no version', upgradeRequest('/ws', { 'Sec-WebSocket-Version': undefined }), [400, 426]],
  ['two versions', twice('Sec-WebSocket-Version', '13'), 400],
  ['no key', upgradeRequest('/ws', { 'Sec-WebSocket-Key': undefined }), 400],
  ['an empty key', upgradeRequest('/ws', { 'Sec-WebSocket-Key': '' }), 400],
  ['a short key', upgradeRequest('/ws', { 'Sec-WebSocket-Key': 'abcd' }), 400],
  ['a key of 15 bytes', upgradeRequest('/ws', { 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAA' }), 400],
  ['a key of 17 bytes', upgradeRequest('/ws', { 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAAA=' }), 400],
  ['a key that is not base64', upgradeRequest('/ws', { 'Sec-WebSocket-Key': '!!!!!!!!!!!!!!!!!!!!!!==' }), 400],
  ['two keys', twice('Sec-WebSocket-Key', KEY), 400],
  ['another method', upgradeRequest('/ws').replace('GET', 'POST'), [400, 405]],
  ['a body with a length', upgradeRequest('/ws', { 'Content-Length': '4' }), 400],
  ['a chunked body', upgradeRequest('/ws', { 'Transfer-Encoding': 'chunked' }), 400],
];

test('handshakes of clients', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, `
routes:
  - { match: { path: /ws }, websocket: { origins: any }, to: app }
  - { match: { path: /plain }, to: app }
upstreams:
  app: { servers: [{ url: "${backend.url}" }] }
`);

  for (const [name, text, expected] of REFUSED) {
    await t.test(`${name} is refused`, async () => {
      const response = await exchange(await connect(t, wherry.port), text);
      assert.ok([expected].flat().includes(response.status), `status ${response.status}`);
      if (response.status === 426) {
        assert.equal(response.headers.get('sec-websocket-version'), '13');
      }
      assert.equal(backend.peers.length, 0, 'before any backend contact');
    });
  }

  const accepted = [
    ['as the RFC shows it', {}],
    ['Connection as a list', { Connection: 'keep-alive, Upgrade' }],
    ['other capitals', { Connection: 'UPGRADE', Upgrade: 'WebSocket' }],
    ['Content-Length: 0', { 'Content-Length': '0' }],
  ];
  for (const [name, fields] of accepted) {
    await t.test(`${name} is accepted`, async () => {
      const { client, request } = await openPair(t, wherry, backend, { client: { path: '/ws', fields } });
      assert.equal(client.response.headers.get('sec-websocket-accept'), acceptValue(KEY));
      assert.equal(client.response.headers.all('connection').length, 1);
      assert.deepEqual(request.headers.all('sec-websocket-version'), ['13']);
      assert.equal(request.headers.has('content-length'), false);
      assert.equal(request.headers.get('x-forwarded-for'), '127.0.0.1');
      client.destroy();
    });
  }

  await t.test('each uses a backend connection of its own', async () => {
    const before = backend.peers.length;
    await openPair(t, wherry, backend, { client: { path: '/ws' } });
    await openPair(t, wherry, backend, { client: { path: '/ws' } });
    assert.equal(backend.peers.length, before + 2);
  });
});
