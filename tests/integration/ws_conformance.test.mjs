// SPDX-License-Identifier: MIT
// What a conformance suite asks of an endpoint, asked through Wherry: once as the client, once
// as the backend, with a plain echo on the other end. Frames in, frames out, codes at the end.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { scriptedBackend } from './support/backends.mjs';
import { closePayload, frame, OPCODE, openPair, readFrame } from './support/frames.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

const { text, binary, continuation, ping, pong, close } = OPCODE;
const WEBSOCKET = 'websocket: { origins: any, check_utf8: true, max_frame: 17MiB, max_message: 17MiB, max_fragments: 100000, control_frames_per_second: 1000 }';

const f = (opcode, payload = '', options = {}) => ({ opcode, payload: Buffer.from(payload), ...options });
const part = (opcode, payload) => f(opcode, payload, { fin: false });
const ends = (code) => ({ code });

/** Splits a payload into that many bytes a frame. */
function inPieces(opcode, payload, size) {
  const pieces = [];
  for (let at = 0; at < payload.length; at += size) {
    const isLast = at + size >= payload.length;
    pieces.push(f(at === 0 ? opcode : continuation, payload.subarray(at, at + size), { fin: isLast }));
  }
  return pieces;
}

// Each case: frames to send, and the code at the end; without a code, all must come back as an
// honest echo answers: messages whole, a pong for each ping.
const CASES = {
  '1 framing': [
    ...[0, 125, 126, 127, 128, 65_535, 65_536].flatMap((size) => [
      [`1.1 text of ${size}`, [f(text, 'x'.repeat(size))]],
      [`1.2 binary of ${size}`, [f(binary, Buffer.alloc(size, 0xfe))]],
    ]),
  ],
  '2 pings and pongs': [
    ['2.1 ping without payload', [f(ping)]],
    ['2.2 ping with payload', [f(ping, 'Hello')]],
    ['2.3 ping with binary payload', [f(ping, Buffer.of(0, 0xff, 0xfe, 0xfd))]],
    ['2.4 ping of 125 bytes', [f(ping, Buffer.alloc(125, 0xfe))]],
    ['2.5 ping of 126 bytes', [f(ping, Buffer.alloc(126))], ends(1002)],
    ['2.7 pong nobody asked for', [f(pong), f(text, 'after')]],
    ['2.8 the same with payload', [f(pong, 'unasked'), f(text, 'after')]],
    ['2.10 ten pings', Array.from({ length: 10 }, (_, i) => f(ping, `payload ${i}`))],
  ],
  '3 reserved bits': [
    ...[1, 2, 3, 4, 5, 6, 7].map((rsv) => [`3.${rsv} RSV ${rsv}`, [f(text, 'before'), f(text, 'x', { rsv })], ends(1002)]),
    ['3.8 on a ping', [f(ping, '', { rsv: 1 })], ends(1002)],
  ],
  '4 opcodes': [
    ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) =>
      [`4 reserved ${opcode}`, [f(text, 'before'), f(opcode, 'x')], ends(1002)]),
  ],
  '5 fragmentation': [
    ['5.1 fragmented ping', [part(ping, 'a'), f(continuation, 'b')], ends(1002)],
    ['5.2 fragmented pong', [part(pong, 'a'), f(continuation, 'b')], ends(1002)],
    ['5.3 text in two', [part(text, 'fragment1'), f(continuation, 'fragment2')]],
    ['5.6 a ping in between', [part(text, 'fragment1'), f(ping, 'ping'), f(continuation, 'fragment2')]],
    ['5.9 continuation of nothing', [f(continuation, 'x'), f(text, 'y')], ends(1002)],
    ['5.12 unfinished continuation of nothing', [part(continuation, 'x'), f(text, 'y')], ends(1002)],
    ['5.15 continuation after an end', [part(text, 'a'), f(continuation, 'b'), part(continuation, 'c')], ends(1002)],
    ['5.18 text inside text', [part(text, 'a'), f(text, 'b')], ends(1002)],
    ['5.19 pings in between, twice', [
      part(text, '1'), part(continuation, '2'), f(ping, 'a'), part(continuation, '3'), part(continuation, '4'), f(ping, 'b'), f(continuation, '5'),
    ]],
    ['5.21 empty fragments', [part(text, ''), part(continuation, ''), f(continuation, '')]],
  ],
  '6 UTF-8': [
    ['6.1 empty', [f(text)]],
    ['6.2 several bytes', [f(text, 'Hello-µ@ßöäüàá-UTF-8!!')]],
    ['6.2 split between bytes', inPieces(text, Buffer.from('Hello-µ@ßöäüàá-UTF-8!!'), 1)],
    ['6.3 invalid', [f(text, Buffer.from('cebae1bdb9cf83cebcceb5eda080656469746564', 'hex'))], ends(1007)],
    ['6.4 invalid, found in the fragment', [
      part(text, Buffer.from('cebae1bdb9cf83cebcceb5', 'hex')), part(continuation, Buffer.from('f4908080', 'hex')), f(continuation, 'edited'),
    ], ends(1007)],
    ['6.5 the whole range', [f(text, String.fromCodePoint(0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff))]],
    ['6.6 cut at the end', [f(text, Buffer.from('ceba'.slice(0, 2), 'hex'))], ends(1007)],
  ],
  '7 closing': [
    ['7.1 after a message', [f(text, 'Hello'), f(close, closePayload(1000))], ends(1000)],
    ['7.1 twice', [f(close, closePayload(1000)), f(close, closePayload(1000))], ends(1000)],
    ['7.1 then a ping', [f(close, closePayload(1000)), f(ping)], ends(1000)],
    ['7.1 then a message', [f(close, closePayload(1000)), f(text, 'x')], ends(1000)],
    ['7.1 inside a message', [part(text, 'a'), f(close, closePayload(1000)), f(continuation, 'b')], ends(1000)],
    ['7.3 without payload', [f(close)], ends(undefined)],
    ['7.3 of one byte', [f(close, 'a')], ends(1002)],
    ['7.3 a reason of 123 bytes', [f(close, closePayload(1000, '*'.repeat(123)))], ends(1000)],
    ['7.3 a reason of 124 bytes', [f(close, closePayload(1000, '*'.repeat(124)))], ends(1002)],
    ['7.5 a reason that is not UTF-8', [f(close, Buffer.concat([closePayload(1000), Buffer.from('eda080', 'hex')]))], ends([1002, 1007])],
    ...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999].map((code) =>
      [`7.7 code ${code}`, [f(close, closePayload(code))], ends(code)]),
    ...[0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65_535].map((code) =>
      [`7.9 code ${code}`, [f(close, closePayload(code))], ends(1002)]),
  ],
  '9 large messages': [
    ...[1, 4, 16].flatMap((mebibytes) => [
      [`9.1 text of ${mebibytes} MiB`, [f(text, Buffer.alloc(mebibytes << 20, '*'))]],
      [`9.2 binary of ${mebibytes} MiB`, [f(binary, Buffer.alloc(mebibytes << 20, 0xfe))]],
    ]),
    ...[64, 1024, 65_536, 1 << 20].map((size) =>
      [`9.3 text of 1 MiB in pieces of ${size}`, inPieces(text, Buffer.alloc(1 << 20, '*'), size)]),
    ['9.7 a thousand messages', Array.from({ length: 1000 }, (_, i) => f(binary, Buffer.alloc(i, i & 0xff)))],
  ],
  '10 automatic fragmentation': [
    ['10.1 64 KiB in pieces of 1300', inPieces(text, Buffer.alloc(65_536, '*'), 1300)],
  ],
};

/** Echoes messages whole, answers pings and Close: the far end. */
async function echo(peer, mask) {
  let message = [];
  let first = null;
  for (;;) {
    const seen = await readFrame(peer);
    if (seen.opcode === close) return void peer.socket.end(frame(close, seen.payload, { mask }));
    if (seen.opcode === ping) await peer.send(frame(pong, seen.payload, { mask }));
    if (seen.opcode >= close) continue;
    first ??= seen;
    message.push(seen.payload);
    if (!seen.fin) continue;
    await peer.send(frame(first.opcode, Buffer.concat(message), { mask }));
    [message, first] = [[], null];
  }
}

/** What an honest echo answers to these frames. */
function answersTo(frames) {
  const answers = [];
  let message = [];
  let opcode = null;
  for (const sent of frames) {
    if (sent.opcode === close) break;
    if (sent.opcode === ping) answers.push([pong, sent.payload]);
    if (sent.opcode >= close) continue;
    opcode ??= sent.opcode;
    message.push(sent.payload);
    if (sent.fin === false) continue;
    answers.push([opcode, Buffer.concat(message)]);
    [message, opcode] = [[], null];
  }
  return answers;
}

async function assertEchoed(near, frames) {
  for (const [opcode, payload] of answersTo(frames)) {
    const seen = await readFrame(near);
    assert.equal(seen.opcode, opcode);
    assert.equal(Buffer.compare(seen.payload, payload), 0, `a payload of ${payload.length} bytes`);
  }
}

async function assertEnds(near, expected) {
  for (;;) {
    const seen = await readFrame(near);
    if (seen.opcode !== close) continue;
    assert.ok([expected].flat().includes(seen.code), `closed with ${seen.code}, expected ${expected}`);
    break;
  }
  near.end();
  await near.over();
}

for (const role of ['client', 'backend']) {
  test(`conformance as a ${role}`, async (t) => {
    const backend = await scriptedBackend(t);
    const wherry = await startWherry(t, forwardTo(backend, WEBSOCKET));
    for (const [group, cases] of Object.entries(CASES)) {
      await t.test(group, async (t2) => {
        for (const [name, frames, ending] of cases) {
          await t2.test(name, async (t3) => {
            const pair = await openPair(t3, wherry, backend);
            const [near, far] = role === 'client' ? [pair.client, pair.server] : [pair.server, pair.client];
            const mask = role === 'client';
            echo(far, !mask).catch(() => {}); // the relay may end before its Close
            const bytes = Buffer.concat(frames.map((sent) => frame(sent.opcode, sent.payload, { ...sent, mask })));
            const sending = near.send(bytes);
            if (ending) await assertEnds(near, ending.code);
            else await assertEchoed(near, frames);
            if (!ending) await sending;
          });
        }
      });
    }
  });
}
