// SPDX-License-Identifier: MIT
// A hundred WebSocket peers that stop reading, on either side, hold a bounded amount of
// memory each, and stop the sender instead of filling Wherry.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { scriptedBackend } from './support/backends.mjs';
import { frame, leave, OPCODE, openPair, readFrame } from './support/frames.mjs';
import { residentMemory } from './support/process_stats.mjs';
import { flood, stalledGrowth } from './support/stall.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

const READERS = 100;
const LIMIT = 1024 * 1024 * 1024;
const FAST_PART = 1024 * 1024;
const YAML = 'timeouts: { write_stall: 10m }';
const WEBSOCKET = 'websocket: { origins: any, ping: off }';

for (const reader of ['client', 'backend']) {
  for (const fastPart of [0, FAST_PART]) {
    test(`a ${reader} that stops reading ${fastPart ? 'after a fast start' : 'from the start'}`, async (t) => {
      const backend = await scriptedBackend(t);
      const wherry = await startWherry(t, `${YAML}\n${forwardTo(backend, WEBSOCKET)}`);
      const block = frame(OPCODE.binary, Buffer.alloc(65_526, 'x'), { mask: reader === 'backend' });
      const before = residentMemory(wherry.pid);
      const senders = [];
      for (let i = 0; i < READERS; i++) {
        const pair = await openPair(t, wherry, backend);
        const [from, to] = reader === 'client' ? [pair.server, pair.client] : [pair.client, pair.server];
        if (fastPart === 0) to.stall();
        senders.push(from.socket);
        flood(from.socket, block, LIMIT);
        if (fastPart === 0) continue;
        await to.readExactly(fastPart);
        to.stall();
      }
      const { growth, bound } = await stalledGrowth(wherry, before, READERS, senders);
      t.diagnostic(`memory grew by ${growth} bytes, at most ${bound}`);
      assert.ok(growth <= bound, `memory grew by ${growth} bytes, at most ${bound}`);

      const healthy = await openPair(t, wherry, backend);
      await healthy.client.send(frame(OPCODE.text, 'still here', { mask: true }));
      assert.equal((await readFrame(healthy.server)).payload.toString(), 'still here');
    });
  }
}

test('a stalled reader that goes on has lost nothing', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, `${YAML}\n${forwardTo(backend, WEBSOCKET)}`);
  for (const reader of ['client', 'backend']) {
    const pair = await openPair(t, wherry, backend);
    const [from, to] = reader === 'client' ? [pair.server, pair.client] : [pair.client, pair.server];
    to.stall();
    const count = 2000;
    for (let i = 0; i < count; i++) {
      const payload = Buffer.alloc(20_000, i & 0xff);
      payload.writeUInt32BE(i);
      from.socket.write(frame(OPCODE.binary, payload, { mask: reader === 'backend' }));
    }
    to.goOn();
    for (let i = 0; i < count; i++) {
      const { payload } = await readFrame(to);
      assert.equal(payload.readUInt32BE(), i);
      assert.equal(payload[19_999], i & 0xff);
    }
  }
});

test('a reader stalled for timeouts.write_stall is let go, and the other side is told', async (t) => {
  for (const [reader, code, reason] of [['client', 1001, 'client_stall'], ['backend', 1014, 'backend_stall']]) {
    const backend = await scriptedBackend(t);
    const wherry = await startWherry(t, `timeouts: { write_stall: 500ms }\n${forwardTo(backend, WEBSOCKET)}`);
    const pair = await openPair(t, wherry, backend);
    const [from, to] = reader === 'client' ? [pair.server, pair.client] : [pair.client, pair.server];
    to.stall();
    flood(from.socket, frame(OPCODE.binary, Buffer.alloc(65_526), { mask: reader === 'backend' }), LIMIT);
    const told = await readFrame(from);
    assert.deepEqual([told.opcode, told.code], [OPCODE.close, code]);
    await leave(from, { mask: reader === 'backend' });
    to.destroy();
    assert.equal((await wherry.accessLine({ status: 101 })).reason, reason);
  }
});
