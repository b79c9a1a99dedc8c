// SPDX-License-Identifier: MIT
// SIGINT closes everything without a window and ends after two seconds; a second signal ends
// at once.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { scriptedBackend } from './support/backends.mjs';
import { sanitizer } from './support/build.mjs';
import { openPair, readFrame } from './support/frames.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

const SLACK_MS = sanitizer === 'none' ? 1500 : 15_000;

async function stubbornPair(t) {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, `drain: { window: 60s, timeout: 120s }\n${forwardTo(backend)}`);
  return { wherry, ...(await openPair(t, wherry, backend)) };
}

test('SIGINT ends within two seconds, whoever does not answer', async (t) => {
  const { wherry, client } = await stubbornPair(t);
  const since = performance.now();
  wherry.signal('SIGINT');
  assert.equal((await readFrame(client)).code, 1001);
  assert.ok(performance.now() - since < SLACK_MS, 'told at once');
  await wherry.ended();
  const took = performance.now() - since;
  assert.ok(took >= 1800 && took < 2000 + SLACK_MS, `ended after ${took} ms`);
});

for (const [first, second] of [['SIGINT', 'SIGINT'], ['SIGTERM', 'SIGINT']]) {
  test(`${first}, then ${second}`, async (t) => {
    const { wherry, client } = await stubbornPair(t);
    wherry.signal(first);
    if (first === 'SIGINT') await readFrame(client);
    const since = performance.now();
    wherry.signal(second);
    await wherry.ended();
    const limit = first === 'SIGINT' ? 1500 : 2000;
    assert.ok(performance.now() - since < limit + SLACK_MS, `ended after ${performance.now() - since} ms`);
  });
}

test('SIGINT without connections ends at once', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, forwardTo(backend));
  const since = performance.now();
  wherry.signal('SIGINT');
  await wherry.ended();
  assert.ok(performance.now() - since < SLACK_MS);
});
