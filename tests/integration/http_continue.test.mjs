// SPDX-License-Identifier: MIT
// Expect: 100-continue gets its answer before the body is sent, and interim responses pass.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { scriptedBackend } from './support/backends.mjs';
import { residentBound } from './support/build.mjs';
import { exchange, readRequest, readResponse, requestText, responseText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { peakMemory, residentMemory } from './support/process_stats.mjs';
import { flood } from './support/stall.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

test('a client that waits for 100 Continue gets one, once', async (t) => {
  const backend = await scriptedBackend(t, async (peer) => {
    const request = await readRequest(peer, { body: false });
    if (request.headers.has('expect')) await peer.send('HTTP/1.1 100 Continue\r\n\r\n');
    const body = await peer.readExactly(4);
    await peer.send(responseText(200, {}, body.toString()));
  });
  const wherry = await startWherry(t, forwardTo(backend));
  const peer = await connect(t, wherry.port);
  await peer.send(requestText('POST', '/', { 'Content-Length': 4, Expect: '100-continue' }));
  assert.match((await peer.readUntil('\r\n\r\n')).toString(), /^HTTP\/1\.1 100 /);
  const response = await exchange(peer, 'abcd');
  assert.deepEqual([response.status, response.interim.length], [200, 0]);
  assert.equal(response.body.toString(), 'abcd');
});

test('a client that expects 100 Continue but does not wait is served too', async (t) => {
  const backend = await scriptedBackend(t, async (peer) => {
    for (;;) {
      const request = await readRequest(peer, { body: false });
      if (request.headers.has('expect')) await peer.send('HTTP/1.1 100 Continue\r\n\r\n');
      await peer.send(responseText(200, {}, (await peer.readExactly(4)).toString()));
    }
  });
  const wherry = await startWherry(t, forwardTo(backend));
  const peer = await connect(t, wherry.port);
  for (let i = 0; i < 3; i++) {
    const fields = { 'Content-Length': 4, Expect: '100-continue' };
    const response = await exchange(peer, requestText('POST', '/', fields, 'abcd'));
    assert.equal(response.body.toString(), 'abcd');
    assert.ok(response.interim.length <= 1);
  }
});

test('another expectation is refused with 417', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, forwardTo(backend));
  const peer = await connect(t, wherry.port);
  const response = await exchange(peer, requestText('GET', '/', { Expect: 'miracles' }));
  assert.equal(response.status, 417);
  assert.equal(backend.peers.length, 0);
});

test('interim responses', async (t) => {
  const early = [
    'HTTP/1.1 103 Early Hints', 'Link: </a.css>; rel=preload', 'Connection: X-Nominated', 'X-Nominated: 1', '', '',
  ].join('\r\n');
  const backend = await scriptedBackend(t, async (peer) => {
    for (;;) {
      await readRequest(peer);
      await peer.send(`HTTP/1.1 102 Processing\r\n\r\n${early}${responseText(200, {}, 'done')}`);
    }
  });
  const wherry = await startWherry(t, forwardTo(backend));

  await t.test('are passed on to HTTP/1.1', async () => {
    const peer = await connect(t, wherry.port);
    const response = await exchange(peer, requestText('GET', '/'));
    assert.deepEqual(response.interim.map((message) => message.status), [102, 103]);
    assert.equal(response.interim[1].headers.get('link'), '</a.css>; rel=preload');
    assert.equal(response.interim[1].headers.has('x-nominated'), false);
    assert.deepEqual([response.status, response.body.toString()], [200, 'done']);
  });

  await t.test('are not passed on to HTTP/1.0', async () => {
    const peer = await connect(t, wherry.port);
    const response = await exchange(peer, 'GET / HTTP/1.0\r\nHost: a.test\r\n\r\n');
    assert.deepEqual([response.status, response.interim.length], [200, 0]);
  });
});

test('endless interim responses end in an error, also for one who does not read', async (t) => {
  const backend = await scriptedBackend(t, async (peer) => {
    await readRequest(peer);
    flood(peer.socket, Buffer.from('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(2000)), 1 << 30);
  });
  const wherry = await startWherry(t, forwardTo(backend, 'timeouts: { response: 2s }'));
  const before = residentMemory(wherry.pid);
  const reader = await connect(t, wherry.port);
  const response = await exchange(reader, requestText('GET', '/read'));
  assert.ok([502, 504].includes(response.status));
  const stalled = await connect(t, wherry.port, { stalled: true });
  await stalled.send(requestText('GET', '/stalled'));
  const { reason } = await wherry.accessLine({ path: '/stalled' });
  assert.match(reason, /^backend_|^client_stall/);
  const growth = peakMemory(wherry.pid) - before;
  assert.ok(growth < residentBound(1024 * 1024), `memory grew by ${growth} bytes`);
});
