// SPDX-License-Identifier: MIT
// No descriptor left: Wherry neither spins nor dies, those inside are served, and when some
// leave, others come in.

import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';

import { httpBackend } from './support/backends.mjs';
import { cleanup } from './support/cleanup.mjs';
import { eventually, pause, settled } from './support/deadline.mjs';
import { exchange, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { descriptorCount, processorSeconds } from './support/process_stats.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

const DESCRIPTORS = 128;
const YAML = 'limits: { connections: 10000, header_timeout: 10m, exempt: [127.0.0.0/8] }\ntimeouts: { keep_alive: 10m }';

test('descriptors run out', async (t) => {
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, `${YAML}\n${forwardTo(backend)}`, { descriptors: DESCRIPTORS });
  const inside = await connect(t, wherry.port);
  assert.equal((await exchange(inside, requestText('GET', '/'))).status, 200);

  const crowd = [];
  for (let i = 0; i < DESCRIPTORS * 2; i++) {
    const socket = net.connect(wherry.port, '127.0.0.1');
    socket.on('error', () => {});
    cleanup(t, () => socket.destroy());
    crowd.push(socket);
  }
  await eventually(() => descriptorCount(wherry.pid) >= DESCRIPTORS - 8, 'nearly all are taken');
  await settled(() => descriptorCount(wherry.pid), 'descriptors');

  const before = processorSeconds(wherry.pid);
  await pause(1000); // the second over which the processor time is measured
  assert.ok(processorSeconds(wherry.pid) - before < 0.3, 'no spinning');
  const noise = wherry.stderr.split('\n').length;
  assert.ok(noise < 50, `${noise} lines of complaints`);
  for (let i = 0; i < 10; i++) {
    assert.equal((await exchange(inside, requestText('GET', '/'))).status, 200, 'those inside are served');
  }

  for (const socket of crowd) socket.destroy();
  await eventually(async () => {
    const peer = await connect(t, wherry.port);
    const response = await exchange(peer, requestText('GET', '/')).catch(() => null);
    peer.destroy();
    return response?.status === 200;
  }, 'others come in again');
});

test('no descriptor for a backend is a 5xx for that request only', async (t) => {
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, `${YAML}\n${forwardTo(backend)}`, { descriptors: 64 });
  const peers = [];
  for (let i = 0; i < 100; i++) {
    const peer = await connect(t, wherry.port);
    peers.push(peer);
    peer.send(requestText('GET', '/')).catch(() => {});
  }
  await eventually(() => peers.some((peer) => peer.length > 0), 'some are answered');
  for (const peer of peers) peer.destroy();
  await eventually(async () => {
    const peer = await connect(t, wherry.port);
    const response = await exchange(peer, requestText('GET', '/')).catch(() => null);
    peer.destroy();
    return response?.status === 200;
  }, 'and then all is well');
});
