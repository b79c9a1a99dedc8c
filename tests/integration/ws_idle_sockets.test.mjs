// SPDX-License-Identifier: MIT
// Five thousand silent WebSockets cost little memory and no processor time, and each still works.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { scriptedBackend } from './support/backends.mjs';
import { sanitizer } from './support/build.mjs';
import { eventually, pause, within } from './support/deadline.mjs';
import { frame, OPCODE, acceptWebSocket, openWebSocket, readFrame } from './support/frames.mjs';
import { processorSeconds, residentMemory } from './support/process_stats.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

const COUNT = 5000;
const AT_ONCE = 50;
const BYTES_EACH = { none: 4 * 1024, address: 32 * 1024, thread: 64 * 1024 }[sanitizer];

test('five thousand idle WebSockets', async (t) => {
  const backend = await scriptedBackend(t, (peer) => acceptWebSocket(peer));
  const wherry = await startWherry(t, forwardTo(backend, 'websocket: { origins: any, ping: 10m }'));
  const clients = [];

  await t.test('open', async () => {
    let next = 0;
    const opener = async () => {
      while (next < COUNT) {
        const number = next++;
        clients[number] = await openWebSocket(t, wherry, { path: `/${number}` });
      }
    };
    const before = residentMemory(wherry.pid);
    await within(Promise.all(Array.from({ length: AT_ONCE }, opener)), 'all are open', 300_000);
    const each = (residentMemory(wherry.pid) - before) / COUNT;
    assert.ok(each < BYTES_EACH, `${Math.round(each)} bytes each`);
  });

  await t.test('are silent', async () => {
    await eventually(async () => {
      const before = processorSeconds(wherry.pid);
      await pause(1000); // the second over which the processor time is measured
      return processorSeconds(wherry.pid) - before < 0.2;
    }, 'they cost no processor time');
  });

  await t.test('all work', async () => {
    await Promise.all(backend.peers.map((peer, index) => peer.send(frame(OPCODE.text, `to ${index}`))));
    await eventually(() => clients.every(({ length }) => length > 0), 'all heard', 300_000);
    const heard = await Promise.all(clients.map((client) => readFrame(client)));
    const texts = new Set(heard.map((seen) => seen.payload.toString()));
    assert.equal(texts.size, COUNT, 'each heard its own');
  });

  await t.test('leave nothing behind', async () => {
    for (const client of clients) client.destroy();
    await eventually(() => backend.peers.every(({ isOver }) => isOver), 'all are gone', 300_000);
  });
});
