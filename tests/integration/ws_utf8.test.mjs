// SPDX-License-Identifier: MIT
// check_utf8: text that is not UTF-8 is closed with 1007; without it, text passes unread.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { scriptedBackend } from './support/backends.mjs';
import { frame, leave, OPCODE, openPair, readFrame } from './support/frames.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

const hex = (text) => Buffer.from(text.replaceAll(' ', ''), 'hex');

const GOOD = [
  ['ASCII', hex('68 69')],
  ['two, three and four bytes', Buffer.from('κόσμε €𐍈')],
  ['the last code point', hex('f4 8f bf bf')],
  ['around the surrogates', hex('ed 9f bf ee 80 80')],
  ['U+FFFF', hex('ef bf bf')],
  ['NUL', hex('00')],
];
const BAD = [
  ['0xFF', hex('ff')],
  ['a lone continuation byte', hex('61 80')],
  ['overlong slash', hex('c0 af')],
  ['overlong NUL', hex('c0 80')],
  ['overlong, three bytes', hex('e0 80 af')],
  ['overlong, four bytes', hex('f0 80 80 af')],
  ['a surrogate', hex('ed a0 80')],
  ['beyond U+10FFFF', hex('f4 90 80 80')],
  ['five bytes', hex('f8 88 80 80 80')],
  ['cut at the end', hex('e2 82')],
  ['cut in the middle', hex('e2 82 61')],
];

/** The payload as one frame, or one byte a frame. */
function message(payload, mask, isSplit) {
  if (!isSplit) return frame(OPCODE.text, payload, { mask });
  return Buffer.concat([...payload].map((byte, index) => frame(
    index === 0 ? OPCODE.text : OPCODE.continuation, Buffer.of(byte), { mask, fin: index === payload.length - 1 })));
}

async function readMessage(peer) {
  const pieces = [];
  for (;;) {
    const seen = await readFrame(peer);
    if (seen.opcode === OPCODE.close) return seen;
    pieces.push(seen.payload);
    if (seen.fin) return { payload: Buffer.concat(pieces) };
  }
}

for (const sender of ['client', 'backend']) {
  test(`check_utf8: true, from the ${sender}`, async (t) => {
    const backend = await scriptedBackend(t);
    const wherry = await startWherry(t, forwardTo(backend, 'websocket: { origins: any, check_utf8: true }'));
    const open = async () => {
      const pair = await openPair(t, wherry, backend);
      return sender === 'client' ? [pair.client, pair.server] : [pair.server, pair.client];
    };
    const mask = sender === 'client';

    for (const isSplit of [false, true]) {
      for (const [name, payload] of GOOD) {
        await t.test(`${name} passes${isSplit ? ' in pieces' : ''}`, async () => {
          const [from, to] = await open();
          await from.send(message(payload, mask, isSplit));
          assert.deepEqual((await readMessage(to)).payload, payload);
          from.destroy();
        });
      }
      for (const [name, payload] of BAD) {
        await t.test(`${name} is closed with 1007${isSplit ? ' in pieces' : ''}`, async () => {
          const [from, to] = await open();
          await from.send(message(payload, mask, isSplit));
          assert.equal((await readMessage(from)).code, 1007);
          await Promise.all([leave(from, { mask }), leave(to, { mask: !mask })]);
        });
      }
    }

    await t.test('binary may be anything', async () => {
      const [from, to] = await open();
      await from.send(frame(OPCODE.binary, hex('ff fe'), { mask }));
      assert.deepEqual((await readMessage(to)).payload, hex('ff fe'));
    });
  });
}

test('check_utf8 is off by default', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, forwardTo(backend));
  const { client, server } = await openPair(t, wherry, backend);
  await client.send(frame(OPCODE.text, hex('ff'), { mask: true }));
  assert.deepEqual((await readMessage(server)).payload, hex('ff'));
});
