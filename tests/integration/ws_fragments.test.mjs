// SPDX-License-Identifier: MIT
// Fragments pass as they are, with control frames between them, byte by byte as well.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { scriptedBackend } from './support/backends.mjs';
import { frame, OPCODE, openPair, readFrame } from './support/frames.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

/** A message in pieces with a Ping after each; the last piece is final. */
function fragmented(pieces, mask) {
  return pieces.flatMap((piece, index) => [
    { opcode: index === 0 ? OPCODE.text : OPCODE.continuation, payload: piece, fin: index === pieces.length - 1 },
    { opcode: OPCODE.ping, payload: `ping ${index}`, fin: true },
  ]).map((wanted) => ({ ...wanted, bytes: frame(wanted.opcode, wanted.payload, { fin: wanted.fin, mask }) }));
}

const PIECES = ['first ', '', 'x'.repeat(126), 'y'.repeat(70_000), 'last'];

test('fragments with interleaved pings', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, forwardTo(backend));

  for (const direction of ['from the client', 'from the backend']) {
    for (const send of ['send', 'sendByteByByte']) {
      await t.test(`${direction}, ${send}`, async () => {
        const { client, server } = await openPair(t, wherry, backend);
        const isFromClient = direction === 'from the client';
        const [sender, receiver] = isFromClient ? [client, server] : [server, client];
        const pieces = send === 'send' ? PIECES : PIECES.filter((piece) => piece.length < 1000);
        const frames = fragmented(pieces, isFromClient);
        const sending = sender[send](Buffer.concat(frames.map(({ bytes }) => bytes)));
        for (const wanted of frames) {
          const seen = await readFrame(receiver);
          assert.deepEqual(
            [seen.opcode, seen.fin, seen.isMasked, seen.payload.toString()],
            [wanted.opcode, wanted.fin, isFromClient, wanted.payload]);
        }
        await sending;
        client.destroy();
      });
    }
  }

  await t.test('in both directions at once', async () => {
    const { client, server } = await openPair(t, wherry, backend);
    const up = fragmented(PIECES, true);
    const down = fragmented(PIECES, false);
    await Promise.all([
      client.send(Buffer.concat(up.map(({ bytes }) => bytes))),
      server.send(Buffer.concat(down.map(({ bytes }) => bytes))),
    ]);
    for (let i = 0; i < up.length; i++) {
      assert.equal((await readFrame(server)).payload.toString(), up[i].payload);
      assert.equal((await readFrame(client)).payload.toString(), down[i].payload);
    }
  });

  await t.test('pings and pongs of the application pass byte for byte', async () => {
    const { client, server } = await openPair(t, wherry, backend);
    for (const payload of ['', 'x', 'p'.repeat(125)]) {
      for (const opcode of [OPCODE.ping, OPCODE.pong]) {
        const up = frame(opcode, payload, { mask: true });
        await client.send(up);
        assert.deepEqual(await server.readExactly(up.length), up);
        const down = frame(opcode, payload);
        await server.send(down);
        assert.deepEqual(await client.readExactly(down.length), down);
      }
    }
  });
});
