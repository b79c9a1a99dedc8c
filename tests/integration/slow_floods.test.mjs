// SPDX-License-Identifier: MIT
// Many slow attackers at once (scorecard S11, SECURITY T40): those who never end their head,
// those who trickle a body, and those who do not read. All are gone by their deadline, each
// holds little, and honest clients are served beside them.

import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';

import { httpBackend } from './support/backends.mjs';
import { residentBound, sanitizer } from './support/build.mjs';
import { cleanup } from './support/cleanup.mjs';
import { eventually, pause, within } from './support/deadline.mjs';
import { exchange, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { residentMemory } from './support/process_stats.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

const SHARE = sanitizer === 'thread' ? 0.2 : 1;
const HEADS = 5000 * SHARE;
const BODIES = 500 * SHARE;
const READERS = 500 * SHARE;
const AT_ONCE = 250;
const ANSWER = Buffer.alloc(16 * 1024 * 1024); // more than the kernel keeps for one

/** Sends the start of something; every is sent again and again. */
function attacker(t, wherry, { start, every, reads = true }) {
  const socket = net.connect({ port: wherry.port, host: '127.0.0.1', localAddress: '127.0.0.2' });
  const state = { isOver: false };
  cleanup(t, () => socket.destroy());
  if (reads) socket.resume();
  const timer = every ? setInterval(() => socket.writable && socket.write(every), 2000) : null;
  socket.on('error', () => {});
  state.over = new Promise((resolve) => socket.on('close', () => {
    clearInterval(timer);
    state.isOver = true;
    resolve();
  }));
  state.started = new Promise((resolve) => socket.on('connect', () => socket.write(start, resolve)).on('close', resolve));
  return state;
}

async function attack(t, wherry, count, what) {
  const crowd = [];
  for (let i = 0; i < count; i += AT_ONCE) {
    const wave = Array.from({ length: Math.min(AT_ONCE, count - i) }, () => attacker(t, wherry, what));
    crowd.push(...wave);
    await within(Promise.all(wave.map((one) => one.started)), 'a wave of attackers');
  }
  return crowd;
}

/** Requests of an honest client until stopped; gives how long each took. */
function honestClient(peer) {
  const durations = [];
  let isStopped = false;
  const work = (async () => {
    while (!isStopped) {
      const before = performance.now();
      assert.equal((await exchange(peer, requestText('GET', '/'))).status, 200);
      durations.push(performance.now() - before);
      await pause(10);
    }
  })();
  return async () => {
    isStopped = true;
    await work;
    return durations.sort((a, b) => a - b);
  };
}

test('slow heads, slow bodies and slow readers', async (t) => {
  const backend = await httpBackend(t, (request, response) => {
    request.resume();
    if (request.url === '/big') response.end(ANSWER);
    else request.on('end', () => response.end('ok'));
  });
  const limits = 'limits: { exempt: [], per_source: 100000, header_timeout: 10s }';
  const wherry = await startWherry(t, `${limits}\ntimeouts: { write_stall: 5s }\n${forwardTo(backend)}`);
  const honest = await connect(t, wherry.port);
  assert.equal((await exchange(honest, requestText('GET', '/'))).status, 200);

  const before = residentMemory(wherry.pid);
  const stopHonest = honestClient(honest);
  const heads = await attack(t, wherry, HEADS, { start: 'GET / HT', every: 'T' });
  const perHead = (residentMemory(wherry.pid) - before) / HEADS;
  const bodies = await attack(t, wherry, BODIES, { start: requestText('POST', '/', { 'Content-Length': 100_000 }), every: 'x' });
  const readers = await attack(t, wherry, READERS, { start: requestText('GET', '/big'), reads: false });
  t.diagnostic(`${(perHead / 1024).toFixed(1)} KiB for each that has not ended its first line`);
  assert.ok(perHead * HEADS <= residentBound(HEADS * 4096), `${perHead} bytes each`);

  await within(Promise.all(heads.map((one) => one.over)), 'the slow heads are gone', 60_000);
  await within(Promise.all(bodies.map((one) => one.over)), 'the slow bodies are gone', 60_000);
  await eventually(async () => {
    const lines = wherry.accessLines.filter((line) => line.path === '/big');
    return lines.length === readers.length;
  }, 'the slow readers are gone', 60_000);
  const durations = await stopHonest();
  const p99 = durations[Math.floor(durations.length * 0.99)];
  t.diagnostic(`${durations.length} honest requests, median ${durations[durations.length >> 1].toFixed(1)}, p99 ${p99.toFixed(1)} ms`);
  assert.ok(durations.length > 20, 'an honest client was served all the time');
});
