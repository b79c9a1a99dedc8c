// SPDX-License-Identifier: MIT
// New connections come no faster than limits.rates allows, by source and in all; the rest is
// told when to come again, or just closed when there are many.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { httpBackend } from './support/backends.mjs';
import { eventually } from './support/deadline.mjs';
import { exchange, readResponse, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

const BURST = 3;

/** A connection from a source of its own; the one by which the start was noticed is another. */
function from(t, wherry, localAddress) {
  return connect(t, { port: wherry.port, host: '127.0.0.1', localAddress });
}

async function assertServed(peer) {
  assert.equal((await exchange(peer, requestText('GET', '/'))).status, 200);
}

async function assertRefused(peer, status, waitSeconds) {
  await peer.send(requestText('GET', '/')).catch(() => {});
  const response = await readResponse(peer);
  assert.equal(response.status, status);
  const wait = Number(response.headers.get('retry-after'));
  assert.ok(wait >= 1 && wait <= waitSeconds, `Retry-After: ${wait}`);
  await peer.over();
}

test('limits.rates.connections_per_source', async (t) => {
  const backend = await httpBackend(t);
  const rates = `rates: { connections_per_source: 6/h burst ${BURST} }`;
  const wherry = await startWherry(t, `limits: { exempt: [127.0.0.9], ${rates} }\n${forwardTo(backend)}`);

  for (let i = 0; i < BURST; i++) await assertServed(await from(t, wherry, '127.0.0.2'));
  await assertRefused(await from(t, wherry, '127.0.0.2'), 429, 600);
  const line = await wherry.accessLine({ status: 429 });
  assert.equal(line.reason, 'policy');
  assert.match(line.detail, /connections_per_source/);

  await assertServed(await from(t, wherry, '127.0.0.3'));
  for (let i = 0; i < 2 * BURST; i++) await assertServed(await from(t, wherry, '127.0.0.9'));
});

test('limits.rates.connections', async (t) => {
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, `limits: { rates: { connections: 1/h burst 50 } }\n${forwardTo(backend)}`);
  const inside = await from(t, wherry, '127.0.0.2');
  await assertServed(inside);
  const peers = [];
  for (let i = 0; i < 200; i++) peers.push(await from(t, wherry, '127.0.0.3'));
  await Promise.all(peers.slice(50).map((peer) => peer.over()));
  const answers = peers.slice(50).map((peer) => peer.peek().toString('latin1'));
  const answered = answers.filter((text) => text.startsWith('HTTP/1.1 503'));
  assert.ok(answered.length > 0, 'some are told');
  assert.ok(answered.every((text) => /^retry-after: \d+\r$/im.test(text)));
  await eventually(() => /connections closed without an answer.*limits\.rates\.connections/.test(wherry.stderr), 'the log says so');
  assert.ok(wherry.stderr.split('\n').length < 20, 'in few lines');
  await assertServed(inside);
});

test('one source does not use up what there is for all', async (t) => {
  const backend = await httpBackend(t);
  const rates = `rates: { connections: 1/h burst 50, connections_per_source: 1/h burst ${BURST} }`;
  const wherry = await startWherry(t, `limits: { exempt: [127.0.0.1], ${rates} }\n${forwardTo(backend)}`);
  for (let i = 0; i < BURST; i++) await assertServed(await from(t, wherry, '127.0.0.2'));
  for (let i = 0; i < 60; i++) await from(t, wherry, '127.0.0.2');
  await wherry.accessLine({ status: 429 });
  await assertServed(await from(t, wherry, '127.0.0.3'));
});
