// SPDX-License-Identifier: MIT
// Headers that concern one hop, and those Connection nominates, go no further: on requests,
// on responses, and on a 101.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { scriptedBackend } from './support/backends.mjs';
import { openPair, acceptValue, KEY } from './support/frames.mjs';
import { exchange, readRequest, readResponse, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

const HOP_BY_HOP = {
  'Keep-Alive': 'timeout=5',
  'Proxy-Connection': 'keep-alive',
  'Proxy-Something': '1',
  TE: 'trailers',
  Trailer: 'X-Sum',
  'HTTP2-Settings': 'AAMAAABkAARAAAAAAAIAAAAA',
};

async function forwarded(t, wherry, backend, fields) {
  const client = await connect(t, wherry.port);
  const index = backend.peers.length;
  await client.send(requestText('GET', '/', fields));
  const server = await backend.peer(index);
  const request = await readRequest(server);
  await server.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  await readResponse(client);
  client.destroy();
  return request.headers;
}

test('of a request', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, forwardTo(backend));

  await t.test('the known ones are removed', async () => {
    const seen = await forwarded(t, wherry, backend, { ...HOP_BY_HOP, 'X-Kept': '1' });
    for (const name of Object.keys(HOP_BY_HOP)) assert.equal(seen.has(name.toLowerCase()), false, name);
    assert.equal(seen.get('x-kept'), '1');
  });

  await t.test('the nominated ones are removed, over all Connection lines', async () => {
    const seen = await forwarded(t, wherry, backend, [
      'Connection: X-One, keep-alive', 'Connection: x-two ,, X-Absent', 'X-One: 1', 'X-Two: 2', 'X-Three: 3',
    ]);
    assert.deepEqual([seen.has('x-one'), seen.has('x-two'), seen.get('x-three')], [false, false, '3']);
    assert.equal(/x-one|x-two/i.test(seen.get('connection') ?? ''), false);
  });

  await t.test('an upgrade to anything but websocket is not forwarded', async () => {
    for (const upgrade of ['h2c', 'TLS/1.0', 'websocket2', 'foo, bar']) {
      const seen = await forwarded(t, wherry, backend, {
        Connection: 'Upgrade, HTTP2-Settings', Upgrade: upgrade, 'HTTP2-Settings': 'AAMAAABk',
      });
      assert.equal(seen.has('upgrade'), false, upgrade);
      assert.equal(seen.has('http2-settings'), false, upgrade);
      assert.equal(/upgrade/i.test(seen.get('connection') ?? ''), false, upgrade);
    }
  });

  await t.test('what frames or routes a message may not be nominated', async () => {
    const before = backend.peers.length;
    for (const name of ['Host', 'Content-Length', 'Cookie', 'Sec-WebSocket-Key']) {
      const peer = await connect(t, wherry.port);
      const response = await exchange(peer, requestText('GET', '/', { Connection: `close, ${name}` }));
      assert.equal(response.status, 400, name);
    }
    assert.equal(backend.peers.length, before);
  });

  await t.test('who the client is arrives even if nominated', async () => {
    const seen = await forwarded(t, wherry, backend, {
      Connection: 'close, X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host, Forwarded, Via, Authorization',
      'X-Forwarded-For': '1.2.3.4', Authorization: 'Bearer x',
    });
    assert.equal(seen.get('x-forwarded-for'), '127.0.0.1');
    assert.equal(seen.get('authorization'), 'Bearer x');
    for (const name of ['x-forwarded-proto', 'x-forwarded-host', 'forwarded', 'via']) {
      assert.ok(seen.has(name), name);
    }
  });
});

test('of a response', async (t) => {
  const backend = await scriptedBackend(t, async (peer) => {
    await readRequest(peer);
    await peer.send([
      'HTTP/1.1 200 OK', 'Content-Length: 0', 'Connection: keep-alive, X-Private', 'X-Private: 1',
      'Keep-Alive: timeout=5', 'Proxy-Connection: keep-alive', 'Upgrade: h2c', 'Trailer: X-Sum',
      'X-Kept: 1', '', '',
    ].join('\r\n'));
  });
  const wherry = await startWherry(t, forwardTo(backend));
  const response = await exchange(await connect(t, wherry.port), requestText('GET', '/'));
  for (const name of ['x-private', 'keep-alive', 'proxy-connection', 'upgrade', 'trailer']) {
    assert.equal(response.headers.has(name), false, name);
  }
  assert.equal(response.headers.get('x-kept'), '1');
});

test('of a WebSocket handshake, both ways', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, forwardTo(backend));
  const { client, request } = await openPair(t, wherry, backend, {
    client: { fields: { Connection: 'keep-alive, Upgrade, X-Private', 'X-Private': '1', ...HOP_BY_HOP } },
    backend: { fields: { Connection: 'Upgrade, X-Inner', 'X-Inner': '1', 'Keep-Alive': 'timeout=5', 'X-Kept': '1' } },
  });
  assert.match(request.headers.get('connection'), /^upgrade$/i);
  assert.match(request.headers.get('upgrade'), /^websocket$/i);
  for (const name of ['x-private', ...Object.keys(HOP_BY_HOP)]) {
    assert.equal(request.headers.has(name.toLowerCase()), false, name);
  }
  const { headers } = client.response;
  assert.match(headers.get('connection'), /^upgrade$/i);
  assert.equal(headers.get('sec-websocket-accept'), acceptValue(KEY));
  assert.equal(headers.has('x-inner'), false);
  assert.equal(headers.has('keep-alive'), false);
  assert.equal(headers.get('x-kept'), '1');
});
