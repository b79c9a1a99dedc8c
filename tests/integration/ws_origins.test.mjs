// SPDX-License-Identifier: MIT
// Pages of other sites can't open a WebSocket with the user's cookies.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { scriptedBackend } from './support/backends.mjs';
import { acceptWebSocket, upgradeRequest } from './support/frames.mjs';
import { exchange } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

async function statusOf(t, wherry, origin, host = 'a.test') {
  const lines = [origin].flat().map((value) => (value === undefined ? '' : `Origin: ${value}\r\n`)).join('');
  const text = upgradeRequest('/', { Host: host }).replace('\r\n\r\n', `\r\n${lines}\r\n`);
  const peer = await connect(t, wherry.port);
  const { status } = await exchange(peer, text);
  peer.destroy();
  return status;
}

async function checkRows(t, websocket, rows) {
  const backend = await scriptedBackend(t, (peer) => acceptWebSocket(peer));
  const wherry = await startWherry(t, forwardTo(backend, `websocket: ${websocket}`));
  for (const [origin, host, expected] of rows) {
    await t.test(`${origin} to ${host}`, async () => {
      const before = backend.peers.length;
      const status = await statusOf(t, wherry, origin, host);
      assert.ok([expected].flat().includes(status), `status ${status}`);
      assert.equal(backend.peers.length - before, status === 101 ? 1 : 0);
    });
  }
}

test('same-host, the default', (t) => checkRows(t, '{}', [
  [undefined, 'a.test', 101],
  ['http://a.test', 'a.test', 101],
  ['http://A.Test', 'a.test', 101],
  ['http://a.test:80', 'a.test', 101],
  ['http://a.test', 'a.test:80', 101],
  ['http://a.test:8080', 'a.test:8080', 101],
  ['http://[::1]:8080', '[::1]:8080', 101],
  ['http://a.test:8080', 'a.test', 403],
  ['http://a.test', 'a.test:8080', 403],
  ['https://a.test', 'a.test', 403],
  ['http://evil.test', 'a.test', 403],
  ['http://a.test.evil.test', 'a.test', 403],
  ['http://evila.test', 'a.test', 403],
  ['http://x.a.test', 'a.test', 403],
  ['http://a.test@evil.test', 'a.test', 403],
  ['http://a.test/', 'a.test', 403],
  ['a.test', 'a.test', 403],
  ['null', 'a.test', 403],
  ['', 'a.test', 403],
  [['http://a.test', 'http://evil.test'], 'a.test', [400, 403]],
]));

test('a list', (t) => checkRows(t, '{ origins: ["https://app.test", "http://dev.test:8080"] }', [
  ['https://app.test', 'a.test', 101],
  ['https://APP.test', 'a.test', 101],
  ['https://app.test:443', 'a.test', [101, 403]],
  ['http://dev.test:8080', 'a.test', 101],
  ['http://app.test', 'a.test', 403],
  ['http://dev.test', 'a.test', 403],
  ['https://app.test:8443', 'a.test', 403],
  ['https://x.app.test', 'a.test', 403],
  ['https://app.test.evil.test', 'a.test', 403],
  ['http://a.test', 'a.test', 403],
  ['null', 'a.test', 403],
  [undefined, 'a.test', 403],
]));

test('any', (t) => checkRows(t, '{ origins: any }', [
  ['http://evil.test', 'a.test', 101],
  ['null', 'a.test', 101],
  [undefined, 'a.test', 101],
]));
