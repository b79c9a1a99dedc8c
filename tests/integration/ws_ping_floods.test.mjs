// SPDX-License-Identifier: MIT
// A million pings (SECURITY T43): by default the flood ends with 1008 at once; and where a
// route allows so many, they pass in flat memory, and others hardly notice.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { scriptedBackend, webSocketBackend } from './support/backends.mjs';
import { residentBound, sanitizer } from './support/build.mjs';
import { eventually } from './support/deadline.mjs';
import { frame, OPCODE, openPair, readFrame, upgradeRequest } from './support/frames.mjs';
import { readResponse } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { residentMemory } from './support/process_stats.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

const PINGS = sanitizer === 'none' ? 1_000_000 : 200_000;
const BATCH = 10_000;
const batch = Buffer.concat(Array(BATCH).fill(frame(OPCODE.ping, '', { mask: true })));

async function start(t, websocket) {
  const backend = await webSocketBackend(t);
  return startWherry(t, forwardTo(backend, `websocket: { origins: any, ${websocket} }`));
}

async function open(t, wherry) {
  const peer = await connect(t, wherry.port);
  await peer.send(upgradeRequest('/'));
  assert.equal((await readResponse(peer)).status, 101);
  return peer;
}

/** Milliseconds that a message takes there and back. */
async function echo({ client, server }) {
  const before = performance.now();
  await client.send(frame(OPCODE.text, 'hello', { mask: true }));
  assert.equal((await readFrame(server)).payload.toString(), 'hello');
  await server.send(frame(OPCODE.text, 'hello'));
  assert.equal((await readFrame(client)).payload.toString(), 'hello');
  return performance.now() - before;
}

test('a flood of pings is closed with 1008', async (t) => {
  const wherry = await start(t, 'ping: off');
  const calm = await connectWebSocket(t, wherry.webSocketUrl);
  const flooder = await open(t, wherry);
  flooder.send(batch).catch(() => {});
  for (;;) {
    const seen = await readFrame(flooder);
    if (seen.opcode !== OPCODE.close) continue;
    assert.equal(seen.code, 1008);
    break;
  }
  assert.equal((await wherry.accessLine({ close_code: 1008 })).reason, 'policy');
  await calm.send('hello');
  assert.equal(await calm.text(), 'hello');
});

test(`${PINGS} pings in flat memory`, async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, forwardTo(backend, 'websocket: { origins: any, ping: off, control_frames_per_second: 1000000 }'));
  const calm = await openPair(t, wherry, backend);
  const flooder = await openPair(t, wherry, backend);
  let arrived = 0; // bytes
  flooder.server.socket.removeAllListeners('data');
  flooder.server.socket.on('data', (chunk) => { arrived += chunk.length; });
  await echo(calm);
  const before = residentMemory(wherry.pid);
  let most = before;
  const durations = [];
  for (let sent = 0; sent < PINGS; sent += BATCH) {
    await flooder.client.send(batch);
    durations.push(await echo(calm));
    most = Math.max(most, residentMemory(wherry.pid));
  }
  await eventually(() => arrived === 6 * PINGS, 'all pings arrive');
  durations.sort((a, b) => a - b);
  t.diagnostic(`memory +${((most - before) / 2 ** 20).toFixed(1)} MiB; echoes beside: median ${durations[durations.length >> 1].toFixed(1)} ms`);
  assert.ok(most - before <= residentBound(1024 * 1024), `grew by ${most - before} bytes`);
});
