// SPDX-License-Identifier: MIT
// A side that ends its half of the connection without a Close: the other is told, and what was
// on its way still arrives.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { scriptedBackend } from './support/backends.mjs';
import { closeFrame, frame, OPCODE, openPair, readFrame } from './support/frames.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

test('half-closed connections', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, forwardTo(backend));

  for (const [side, code, reason] of [['client', 1001, 'client_reset'], ['backend', 1014, 'backend_lost']]) {
    await t.test(`a ${side} that ends without Close`, async () => {
      const path = `/${side}`;
      const pair = await openPair(t, wherry, backend, { client: { path } });
      const [ending, other] = side === 'client' ? [pair.client, pair.server] : [pair.server, pair.client];
      const mask = side === 'client';
      await ending.send(frame(OPCODE.text, 'last words', { mask }));
      ending.end();
      assert.equal((await readFrame(other)).payload.toString(), 'last words');
      const told = await readFrame(other);
      assert.deepEqual([told.opcode, told.code], [OPCODE.close, code]);
      await other.send(closeFrame(code, '', { mask: !mask }));
      await Promise.all([ending.over(), other.over()]);
      assert.equal((await wherry.accessLine({ path })).reason, reason);
    });

    await t.test(`a ${side} that ends behind its Close still gets the answer`, async () => {
      const pair = await openPair(t, wherry, backend);
      const [ending, other] = side === 'client' ? [pair.client, pair.server] : [pair.server, pair.client];
      const mask = side === 'client';
      ending.socket.end(closeFrame(1000, 'bye', { mask }));
      assert.equal((await readFrame(other)).code, 1000);
      await other.send(closeFrame(1000, 'bye', { mask: !mask }));
      assert.equal((await readFrame(ending)).code, 1000);
      other.end();
      await Promise.all([ending.over(), other.over()]);
    });
  }
});
