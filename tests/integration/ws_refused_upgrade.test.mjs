// SPDX-License-Identifier: MIT
// Without a proper 101 from the backend there is no tunnel: its answer is relayed as an
// ordinary one, or is a 502, and the client's further bytes reach nobody.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { scriptedBackend } from './support/backends.mjs';
import { acceptValue, KEY, upgradeRequest, upgradeResponse } from './support/frames.mjs';
import { exchange, readRequest, readResponse, requestText, responseText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

const GLUED = requestText('GET', '/internal');

const ordinary = (status, body, fields) => () => responseText(status, fields, body);
const ROWS = [
  // name, answer(request), status the client gets
  ['200', ordinary(200, 'plain'), 200],
  ['200 that pretends to upgrade', ordinary(200, 'plain', { Upgrade: 'websocket', Connection: 'Upgrade' }), 200],
  ['401', ordinary(401, 'who are you', { 'WWW-Authenticate': 'Basic' }), 401],
  ['302', ordinary(302, '', { Location: '/login' }), 302],
  ['426', ordinary(426, 'other version', { 'Sec-WebSocket-Version': '13' }), 426],
  ['500', ordinary(500, 'broken'), 500],
  ['103, then 200', () => `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${responseText(200, {}, 'plain')}`, 200],
  ['a bare 101', () => 'HTTP/1.1 101 Switching Protocols\r\n\r\n', 502],
  ['101 without Accept', (request) => upgradeResponse(request, { 'Sec-WebSocket-Accept': undefined }), 502],
  ['101 with a wrong Accept', (request) => upgradeResponse(request, { 'Sec-WebSocket-Accept': acceptValue(`${KEY}x`) }), 502],
  ['101 with two Accepts', (request) => upgradeResponse(request, { 'sec-websocket-accept': acceptValue(KEY) }), 502],
  ['101 without Upgrade', (request) => upgradeResponse(request, { Upgrade: undefined }), 502],
  ['101 to another protocol', (request) => upgradeResponse(request, { Upgrade: 'h2c' }), 502],
  ['101 without Connection', (request) => upgradeResponse(request, { Connection: undefined }), 502],
  ['101 with Content-Length', (request) => upgradeResponse(request, { 'Content-Length': '5' }), 502],
  ['101 with Transfer-Encoding', (request) => upgradeResponse(request, { 'Transfer-Encoding': 'chunked' }), 502],
  ['101 in HTTP/1.0', (request) => upgradeResponse(request).replace('HTTP/1.1', 'HTTP/1.0'), 502],
  ['101 with a subprotocol nobody offered', (request) => upgradeResponse(request, { 'Sec-WebSocket-Protocol': 'x' }), 502],
  ['101 with an extension nobody offered', (request) => upgradeResponse(request, { 'Sec-WebSocket-Extensions': 'permessage-deflate' }), 502],
  ['garbage', () => 'EHLO there\r\n\r\n', 502],
  ['a close without a word', () => null, 502],
  ['nothing', () => '', 504],
];

test('refused upgrades', async (t) => {
  let answer = null;
  const seen = [];
  const backend = await scriptedBackend(t, async (peer) => {
    for (;;) {
      const request = await readRequest(peer).catch(() => null);
      if (!request) return;
      seen.push(request.target);
      const text = request.headers.has('upgrade') ? answer(request) : responseText(200, {}, 'ordinary');
      if (text === null) return void peer.end();
      await peer.send(text);
    }
  });
  const wherry = await startWherry(t, `timeouts: { response: 2s }\n${forwardTo(backend)}`);

  for (const [name, script, status] of ROWS) {
    await t.test(`the backend answers ${name}`, async () => {
      answer = script;
      seen.length = 0;
      const client = await connect(t, wherry.port);
      await client.send(upgradeRequest('/chat') + GLUED);
      const response = await readResponse(client);
      assert.equal(response.status, status);
      assert.equal(response.headers.has('upgrade'), false);
      assert.doesNotMatch(response.headers.get('connection') ?? '', /upgrade/i);
      await client.send(GLUED).catch(() => {});
      assert.equal((await client.readToEnd()).length, 0, 'closed after the answer');
      const other = await exchange(await connect(t, wherry.port), requestText('GET', '/after'));
      assert.equal(other.body.toString(), 'ordinary');
      assert.deepEqual(seen, ['/chat', '/after'], 'the glued request reached nobody');
    });
  }
});
