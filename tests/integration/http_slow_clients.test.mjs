// SPDX-License-Identifier: MIT
// A client that sends too slowly is let go: its head has a deadline, its body a minimum rate.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { httpBackend, scriptedBackend } from './support/backends.mjs';
import { pause } from './support/deadline.mjs';
import { readResponse, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

test('a head must be complete within limits.header_timeout', async (t) => {
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, `limits: { header_timeout: 2s }\n${forwardTo(backend)}`);

  await t.test('a half head gets a 408', async () => {
    const peer = await connect(t, wherry.port);
    await peer.send('GET / HTTP/1.1\r\nHost: a.test\r\n');
    assert.equal((await readResponse(peer)).status, 408);
    await peer.over();
  });

  await t.test('a byte now and then does not help', async () => {
    const peer = await connect(t, wherry.port);
    const since = Date.now();
    await peer.send('GET / HTTP/1.1\r\nX-Slow: ');
    while (!peer.isOver && Date.now() - since < 30_000) {
      await peer.send('a');
      await pause(100);
    }
    assert.ok(peer.isOver, 'the deadline is absolute');
    assert.ok(Date.now() - since >= 1900);
  });

  await t.test('it counts for a second request too', async () => {
    const peer = await connect(t, wherry.port);
    await peer.send(requestText('GET', '/'));
    assert.equal((await readResponse(peer)).status, 200);
    await peer.send('GET / HT');
    assert.equal((await readResponse(peer)).status, 408);
    await peer.over();
  });

  await t.test('a connection that says nothing is closed too', async () => {
    const peer = await connect(t, wherry.port);
    await peer.over();
  });
  assert.equal(backend.requests.length, 1);
});

test('a body below limits.min_rate ends after its grace of 10 s', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, `limits: { min_rate: 1KiB }\n${forwardTo(backend)}`);
  const peer = await connect(t, wherry.port);
  const since = Date.now();
  await peer.send(requestText('POST', '/', { 'Content-Length': 1_000_000 }));
  const server = await backend.peer();
  while (!peer.isOver && Date.now() - since < 40_000) {
    await peer.send('x');
    await pause(250);
  }
  assert.ok(peer.isOver, 'the upload is given up');
  assert.ok(Date.now() - since >= 9_500, 'not before the grace is over');
  assert.equal((await wherry.accessLine({ method: 'POST' })).reason, 'client_slow');
  await server.over();
});

test('a body above limits.min_rate may take its time', async (t) => {
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, `limits: { min_rate: 10B }\n${forwardTo(backend)}`);
  const peer = await connect(t, wherry.port);
  await peer.send(requestText('POST', '/', { 'Content-Length': 1300 }));
  for (let i = 0; i < 13; i++) {
    await pause(1000);
    await peer.send('x'.repeat(100));
  }
  assert.equal((await readResponse(peer)).status, 200);
});
