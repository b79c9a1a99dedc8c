// SPDX-License-Identifier: MIT
// Limits of a route: sizes, fragments, control frames, messages and bytes a second, idle time;
// each ends the relay with its code. Sizes are judged by what a frame declares, before its
// payload comes; rates after each read, be that in the middle of a frame.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { scriptedBackend } from './support/backends.mjs';
import { frame, leave, OPCODE, openPair, readFrame } from './support/frames.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

/** The code of the Close; 1006 where the connection ended without one (RFC 6455 section 7.1.5). */
async function closeCode(peer) {
  try {
    for (;;) {
      const seen = await readFrame(peer);
      if (seen.opcode === OPCODE.close) return seen.code;
    }
  } catch (error) {
    if (peer.isOver) return 1006;
    throw error;
  }
}

/** The code each side is told when `guilty` sends these bytes. */
async function outcome(t, websocket, guilty, build) {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, forwardTo(backend, `websocket: { origins: any, ${websocket} }`));
  const pair = await openPair(t, wherry, backend);
  const [bad, good] = guilty === 'client' ? [pair.client, pair.server] : [pair.server, pair.client];
  bad.send(build(guilty === 'client')).catch(() => {});
  const codes = await Promise.all([closeCode(bad), closeCode(good)]);
  await Promise.all([leave(pair.client, { mask: true }), leave(pair.server, { mask: false })]);
  const { reason } = await wherry.accessLine({ status: 101 });
  return { guilty: codes[0], other: codes[1], reason };
}

/** Sends the bytes, then expects this text to arrive: nothing was refused. */
async function assertPasses(t, websocket, sender, build) {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, forwardTo(backend, `websocket: { origins: any, ${websocket} }`));
  const pair = await openPair(t, wherry, backend);
  const [from, to] = sender === 'client' ? [pair.client, pair.server] : [pair.server, pair.client];
  const mask = sender === 'client';
  await from.send(Buffer.concat([build(mask), frame(OPCODE.text, 'the end', { mask })]));
  for (;;) {
    const seen = await readFrame(to);
    assert.notEqual(seen.opcode, OPCODE.close);
    if (seen.payload.toString() === 'the end') return;
  }
}

const fragments = (count, size = 1) => (mask) => Buffer.concat(Array.from({ length: count }, (_, i) =>
  frame(i === 0 ? OPCODE.text : OPCODE.continuation, 'x'.repeat(size), { mask, fin: i === count - 1 })));
const declared = (length) => (mask) => frame(OPCODE.binary, '', { mask, declared: length });
const whole = (length) => (mask) => frame(OPCODE.binary, Buffer.alloc(length), { mask });
const repeated = (count, opcode, payload = '') => (mask) =>
  Buffer.concat(Array(count).fill(frame(opcode, payload, { mask })));

const ROWS = [
  // name, limits, what passes, what does not, code, reason
  ['max_frame', 'max_frame: 1KiB', whole(1024), declared(1025), 1009, 'too_big'],
  ['max_frame, a length beyond all memory', 'max_frame: 1KiB', whole(1), declared(2 ** 52), 1009, 'too_big'],
  ['max_message', 'max_message: 4KiB, max_frame: 4KiB', fragments(4, 1024), fragments(5, 1024), 1009, 'too_big'],
  ['max_message in one frame', 'max_message: 4KiB, max_frame: 4KiB', whole(4096), declared(4097), 1009, 'too_big'],
  ['max_fragments', 'max_fragments: 8', fragments(8), fragments(9), 1008, 'policy'],
  ['control_frames_per_second', 'control_frames_per_second: 10', repeated(10, OPCODE.ping), repeated(200, OPCODE.ping), 1008, 'policy'],
  ['control_frames_per_second, pongs', 'control_frames_per_second: 10', repeated(10, OPCODE.pong), repeated(200, OPCODE.pong), 1008, 'policy'],
  ['messages_per_second', 'messages_per_second: 20', repeated(19, OPCODE.text), repeated(500, OPCODE.text), 1008, 'policy'],
  ['bytes_per_second', 'bytes_per_second: 4KiB', whole(4000), repeated(500, OPCODE.text, 'x'.repeat(100)), 1008, 'policy'],
];
const CLIENTS_ONLY = new Set(['messages_per_second', 'bytes_per_second']);

for (const guilty of ['client', 'backend']) {
  for (const [name, websocket, passing, breaking, code, reason] of ROWS) {
    if (guilty === 'backend' && CLIENTS_ONLY.has(name)) continue;
    test(`${name}, from the ${guilty}: what fits passes`, (t) => assertPasses(t, websocket, guilty, passing));
    test(`${name}, from the ${guilty}: what does not is closed with ${code}`, async (t) => {
      const seen = await outcome(t, websocket, guilty, breaking);
      assert.equal(seen.guilty, code);
      const others = [1000, 1001, 1008, 1009, 1011, 1014, ...CLIENTS_ONLY.has(name) ? [1006] : []];
      assert.ok(others.includes(seen.other), `the other side is told ${seen.other}`);
      assert.equal(seen.reason, reason);
    });
  }
}

test('bytes_per_second in the middle of a frame: the backend learns by the end of its connection', async (t) => {
  const unfinished = (mask) => frame(OPCODE.binary, Buffer.alloc(5000), { mask, declared: 8000 });
  const seen = await outcome(t, 'bytes_per_second: 4KiB', 'client', unfinished);
  assert.deepEqual(seen, { guilty: 1008, other: 1006, reason: 'policy' });
});

test('the defaults: 1 MiB a frame, 16 MiB a message, 1024 fragments', async (t) => {
  await assertPasses(t, 'ping: 30s', 'client', whole(1024 * 1024));
  assert.equal((await outcome(t, 'ping: 30s', 'client', declared(1024 * 1024 + 1))).guilty, 1009);
  assert.equal((await outcome(t, 'ping: 30s', 'client', fragments(17, 1024 * 1024))).guilty, 1009);
  await assertPasses(t, 'ping: 30s', 'client', fragments(1024));
  assert.equal((await outcome(t, 'ping: 30s', 'client', fragments(1025))).guilty, 1008);
});

test('idle_timeout counts application messages only', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, forwardTo(backend, 'websocket: { origins: any, idle_timeout: 1s, ping: 200ms }'));
  const since = Date.now();
  const { client, server } = await openPair(t, wherry, backend);
  const closeOf = async (peer, mask) => {
    for (;;) {
      const seen = await readFrame(peer);
      if (seen.opcode === OPCODE.close) return seen.code;
      if (seen.opcode === OPCODE.ping) await peer.send(frame(OPCODE.pong, seen.payload, { mask }));
    }
  };
  assert.deepEqual(await Promise.all([closeOf(client, true), closeOf(server, false)]), [1001, 1001]);
  assert.ok(Date.now() - since >= 900);
  await Promise.all([leave(client, { mask: true }), leave(server, { mask: false })]);
  assert.equal((await wherry.accessLine({ status: 101 })).reason, 'idle');
});

test('one that floods does not disturb another', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, forwardTo(backend, 'websocket: { origins: any, control_frames_per_second: 10 }'));
  const calm = await openPair(t, wherry, backend);
  const wild = await openPair(t, wherry, backend);
  wild.client.send(repeated(100_000, OPCODE.ping)(true)).catch(() => {});
  for (let i = 0; i < 20; i++) {
    await calm.client.send(frame(OPCODE.text, String(i), { mask: true }));
    assert.equal((await readFrame(calm.server)).payload.toString(), String(i));
  }
  await wild.client.over();
});

test('a backend may send more than messages_per_second', (t) =>
  assertPasses(t, 'messages_per_second: 5', 'backend', repeated(500, OPCODE.text)));
