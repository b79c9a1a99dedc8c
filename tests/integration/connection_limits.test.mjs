// SPDX-License-Identifier: MIT
// More connections than limits allow are answered and closed; those that are open stay.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { httpBackend } from './support/backends.mjs';
import { eventually } from './support/deadline.mjs';
import { exchange, readResponse, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

const OPEN = 8;

/** A connection, proven by a request; null if it is one too many. */
async function tryToOpen(t, wherry) {
  const peer = await connect(t, wherry.port);
  const response = await exchange(peer, requestText('GET', '/')).catch(() => null);
  if (response?.status === 200) return peer;
  peer.destroy();
  return null;
}

/** Opens the most that fits. */
async function fill(t, wherry) {
  const peers = [];
  for (let i = 0; i < OPEN; i++) {
    // The connection by which the start was noticed may still count for a moment.
    peers.push(await eventually(() => tryToOpen(t, wherry), `connection ${i} is served`));
  }
  return peers;
}

for (const [key, status] of [['per_source', 429], ['connections', 503]]) {
  test(`limits.${key}`, async (t) => {
    const backend = await httpBackend(t);
    const wherry = await startWherry(t, `limits: { ${key}: ${OPEN}, exempt: [] }\n${forwardTo(backend)}`);
    const peers = await fill(t, wherry);

    const extra = await connect(t, wherry.port);
    await extra.send(requestText('GET', '/')).catch(() => {});
    const refusal = await readResponse(extra);
    assert.equal(refusal.status, status);
    assert.match(refusal.headers.get('retry-after'), /^[1-9]\d*$/);
    await extra.over();

    for (const peer of peers) {
      assert.equal((await exchange(peer, requestText('GET', '/'))).status, 200, 'the others stay');
    }

    peers[0].destroy();
    await eventually(() => tryToOpen(t, wherry), 'a place becomes free again');
  });
}

test('limits.per_source does not count networks of limits.exempt', async (t) => {
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, `limits: { per_source: 2, exempt: [127.0.0.0/8] }\n${forwardTo(backend)}`);
  await fill(t, wherry);
});
