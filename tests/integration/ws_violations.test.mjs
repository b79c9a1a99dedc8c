// SPDX-License-Identifier: MIT
// A frame that breaks RFC 6455 goes no further: the guilty side is told which rule, the other
// side gets a proper Close.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { scriptedBackend } from './support/backends.mjs';
import { closePayload, frame, leave, OPCODE, openPair, readFrame } from './support/frames.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

const big = Buffer.alloc(126);

/** name, bytes for a sender that must mask or not. RFC 6455 sections in brackets. */
const ROWS = [
  ['wrong masking [5.1]', (mask) => frame(OPCODE.text, 'x', { mask: !mask })],
  ['wrong masking of a control frame [5.1]', (mask) => frame(OPCODE.ping, 'x', { mask: !mask })],
  ['wrong masking of an empty frame [5.1]', (mask) => frame(OPCODE.text, '', { mask: !mask })],
  ...[1, 2, 4, 3, 7].map((rsv) => [`RSV ${rsv} [5.2]`, (mask) => frame(OPCODE.text, 'x', { mask, rsv })]),
  ['RSV on a ping [5.2]', (mask) => frame(OPCODE.ping, '', { mask, rsv: 2 })],
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) =>
    [`reserved opcode ${opcode} [5.2]`, (mask) => frame(opcode, 'x', { mask })]),
  ['16-bit length of 125 [5.2]', (mask) => frame(OPCODE.binary, Buffer.alloc(125), { mask, width: 16 })],
  ['16-bit length of 0 [5.2]', (mask) => frame(OPCODE.binary, '', { mask, width: 16 })],
  ['64-bit length of 65535 [5.2]', (mask) => frame(OPCODE.binary, Buffer.alloc(65_535), { mask, width: 64 })],
  ['64-bit length of 1 [5.2]', (mask) => frame(OPCODE.binary, 'x', { mask, width: 64 })],
  ['64-bit length with its top bit [5.2]', (mask) => {
    const bytes = frame(OPCODE.binary, '', { mask, width: 64, declared: 1 });
    bytes[2] = 0x80;
    return bytes;
  }],
  ['a ping of 126 bytes [5.5]', (mask) => frame(OPCODE.ping, big, { mask })],
  ['a pong of 126 bytes [5.5]', (mask) => frame(OPCODE.pong, big, { mask })],
  ['a Close of 126 bytes [5.5]', (mask) => frame(OPCODE.close, closePayload(1000, 'x'.repeat(124)), { mask })],
  ['a fragmented ping [5.5]', (mask) => frame(OPCODE.ping, 'x', { mask, fin: false })],
  ['a fragmented Close [5.5]', (mask) => frame(OPCODE.close, closePayload(1000), { mask, fin: false })],
  ['a continuation of nothing [5.4]', (mask) => frame(OPCODE.continuation, 'x', { mask })],
  ['an unfinished continuation of nothing [5.4]', (mask) => frame(OPCODE.continuation, 'x', { mask, fin: false })],
  ['a new message inside another [5.4]', (mask) => Buffer.concat([
    frame(OPCODE.text, 'a', { mask, fin: false }), frame(OPCODE.text, 'b', { mask }),
  ]), 1],
  ['a Close of one byte [5.5.1]', (mask) => frame(OPCODE.close, 'x', { mask })],
  ['a Close with code 1005 [7.4.1]', (mask) => frame(OPCODE.close, closePayload(1005), { mask })],
  ['a Close whose reason is not UTF-8 [5.5.1]', (mask) =>
    frame(OPCODE.close, Buffer.concat([closePayload(1000), Buffer.of(0xff, 0xfe)]), { mask }), 0, [1002, 1007]],
  ['an HTTP request instead of frames', () => Buffer.from('GET /internal HTTP/1.1\r\nHost: a\r\n\r\n')],
];

const PROPER_CLOSES = [1000, 1001, 1002, 1007, 1008, 1009, 1011, 1014];

for (const guilty of ['client', 'backend']) {
  test(`violations by a ${guilty}`, async (t) => {
    const backend = await scriptedBackend(t);
    const wherry = await startWherry(t, forwardTo(backend));
    for (const [name, build, framesBefore = 0, codes = [1002]] of ROWS) {
      for (const send of ['send', 'sendByteByByte']) {
        const bytes = build(guilty === 'client');
        if (send === 'sendByteByByte' && bytes.length > 1000) continue;
        await t.test(`${name}, ${send}`, async () => {
          const path = `/${encodeURIComponent(name)}/${send}`;
          const pair = await openPair(t, wherry, backend, { client: { path } });
          const [bad, good] = guilty === 'client' ? [pair.client, pair.server] : [pair.server, pair.client];
          await Promise.all([bad[send](send === 'send' ? bytes : bytes.toString('latin1')), (async () => {
            const told = await readFrame(bad);
            assert.equal(told.opcode, OPCODE.close);
            assert.ok(codes.includes(told.code), `the guilty side is told ${told.code}`);
            assert.equal(told.isMasked, guilty === 'backend');
          })()]);
          for (let i = 0; i < framesBefore; i++) await readFrame(good);
          const other = await readFrame(good);
          assert.equal(other.opcode, OPCODE.close);
          assert.ok(PROPER_CLOSES.includes(other.code), `the other side is told ${other.code}`);
          assert.equal(other.isMasked, guilty === 'client');
          await Promise.all([leave(pair.client, { mask: true }), leave(pair.server, { mask: false })]);
          assert.equal(bad.length + good.length, 0, 'nothing follows a Close');
          const line = await wherry.accessLine({ path });
          assert.match(line.reason, /^(protocol|bad_utf8)$/);
          assert.equal(line.ended_by, guilty);
        });
      }
    }
  });
}
