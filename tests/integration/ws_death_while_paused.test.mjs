// SPDX-License-Identifier: MIT
// A sender that dies while Wherry does not read it costs no processor time, and one that
// ended properly loses no byte.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { scriptedBackend } from './support/backends.mjs';
import { eventually, pause, settled } from './support/deadline.mjs';
import { closeFrame, frame, OPCODE, openPair, readFrame } from './support/frames.mjs';
import { processorSeconds } from './support/process_stats.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

const COUNT = 600;
const SIZE = 65_000;
const YAML = 'timeouts: { write_stall: 10m }';
const WEBSOCKET = 'websocket: { origins: any, ping: off }';

/** A relay whose receiver has stopped and whose sender has therefore been paused. */
async function pausedPair(t, wherry, backend, sender) {
  const pair = await openPair(t, wherry, backend);
  const [from, to] = sender === 'client' ? [pair.client, pair.server] : [pair.server, pair.client];
  to.stall();
  const mask = sender === 'client';
  for (let i = 0; i < COUNT; i++) {
    const payload = Buffer.alloc(SIZE, i & 0xff);
    payload.writeUInt32BE(i);
    from.socket.write(frame(OPCODE.binary, payload, { mask }));
  }
  await settled(() => from.socket.bytesWritten - from.socket.writableLength, 'the sender is held back', { quiet: 500 });
  return { from, to, mask };
}

/** Once all that was on its way has come to rest. */
function assertRests(wherry) {
  return eventually(async () => {
    const before = processorSeconds(wherry.pid);
    await pause(1000); // the second over which the processor time is measured
    return processorSeconds(wherry.pid) - before < 0.1;
  }, 'no spinning');
}

for (const sender of ['client', 'backend']) {
  test(`a reset of a paused ${sender}`, async (t) => {
    const backend = await scriptedBackend(t);
    const wherry = await startWherry(t, `${YAML}\n${forwardTo(backend, WEBSOCKET)}`);
    const { from, to } = await pausedPair(t, wherry, backend, sender);
    from.reset();
    await assertRests(wherry);
    to.goOn();
    await to.over();
    to.end();
    await wherry.accessLine({ status: 101 });
  });

  test(`the end of a paused ${sender}: every byte arrives`, async (t) => {
    const backend = await scriptedBackend(t);
    const wherry = await startWherry(t, `${YAML}\n${forwardTo(backend, WEBSOCKET)}`);
    const { from, to, mask } = await pausedPair(t, wherry, backend, sender);
    from.socket.end(closeFrame(1000, 'done', { mask }));
    await assertRests(wherry);
    to.goOn();
    for (let i = 0; i < COUNT; i++) {
      const { payload } = await readFrame(to);
      assert.equal(payload.readUInt32BE(), i);
      assert.equal(payload[SIZE - 1], i & 0xff);
    }
    assert.equal((await readFrame(to)).code, 1000);
    to.socket.end(closeFrame(1000, '', { mask: !mask }));
    await to.over();
  });
}
