// SPDX-License-Identifier: MIT
// Wherry's own pings stay its own: their pongs are swallowed, those of the application pass,
// and none is sent where traffic already shows life, or where they are off.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { scriptedBackend } from './support/backends.mjs';
import { pause } from './support/deadline.mjs';
import { frame, OPCODE, openPair, readFrame } from './support/frames.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

const text = (payload, mask) => frame(OPCODE.text, payload, { mask });

test("pongs to Wherry's pings", async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, forwardTo(backend, 'websocket: { origins: any, ping: 200ms, ping_timeout: 30s }'));

  for (const side of ['client', 'backend']) {
    await t.test(`of a ${side}`, async () => {
      const pair = await openPair(t, wherry, backend);
      const [near, far] = side === 'client' ? [pair.client, pair.server] : [pair.server, pair.client];
      const mask = side === 'client';
      const ping = await readFrame(near);
      assert.equal(ping.opcode, OPCODE.ping);
      assert.equal(ping.isMasked, !mask, 'masked toward a backend only');

      // Before the answer: a pong of the application, and data in the middle of a message.
      await near.send(Buffer.concat([
        frame(OPCODE.pong, 'application', { mask }),
        frame(OPCODE.text, 'first ', { mask, fin: false }),
        frame(OPCODE.pong, ping.payload, { mask }),
        frame(OPCODE.continuation, 'second', { mask }),
        frame(OPCODE.pong, ping.payload, { mask }),
      ]));
      const arrived = [];
      while (arrived.length < 4) {
        const seen = await readFrame(far);
        if (seen.opcode !== OPCODE.ping) arrived.push([seen.opcode, seen.payload.toString('latin1')]);
      }
      assert.deepEqual(arrived, [
        [OPCODE.pong, 'application'],
        [OPCODE.text, 'first '],
        [OPCODE.continuation, 'second'],
        [OPCODE.pong, ping.payload.toString('latin1')], // the second one is not Wherry's
      ]);
      pair.client.destroy();
    });
  }

  await t.test('a pong byte by byte is swallowed too', async () => {
    const { client, server } = await openPair(t, wherry, backend);
    const ping = await readFrame(client);
    await client.sendByteByByte(frame(OPCODE.pong, ping.payload, { mask: true }).toString('latin1'));
    await client.send(text('after', true));
    for (;;) {
      const seen = await readFrame(server);
      if (seen.opcode === OPCODE.ping) continue;
      assert.equal(seen.payload.toString(), 'after');
      break;
    }
  });
});

test('no ping where there is traffic', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, forwardTo(backend, 'websocket: { origins: any, ping: 4s, ping_timeout: 30s }'));
  const { client, server } = await openPair(t, wherry, backend);
  for (let i = 0; i < 30; i++) {
    await client.send(text(`up ${i}`, true));
    await server.send(text(`down ${i}`, false));
    assert.equal((await readFrame(server)).payload.toString(), `up ${i}`);
    assert.equal((await readFrame(client)).payload.toString(), `down ${i}`);
    await pause(200);
  }
});

test('no ping where they are off', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, forwardTo(backend, 'websocket: { origins: any, ping: off }'));
  const { client, server } = await openPair(t, wherry, backend);
  await pause(1000);
  assert.deepEqual([client.length, server.length], [0, 0]);
});

test('pings of Wherry stand between frames, never inside one', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, forwardTo(backend, 'websocket: { origins: any, ping: 100ms, ping_timeout: 30s }'));
  const { client, server } = await openPair(t, wherry, backend);
  const message = frame(OPCODE.binary, Buffer.alloc(500, 9), { mask: true });
  for (let i = 0; i < 20; i++) {
    for (let at = 0; at < message.length; at += 100) {
      await client.send(message.subarray(at, at + 100));
      await pause(15);
    }
  }
  for (let messages = 0; messages < 20;) {
    const seen = await readFrame(server);
    if (seen.opcode === OPCODE.ping) continue;
    assert.deepEqual([seen.opcode, seen.payload.length], [OPCODE.binary, 500]);
    messages++;
  }
});
