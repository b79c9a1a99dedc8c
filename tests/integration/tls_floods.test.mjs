// SPDX-License-Identifier: MIT
// Floods of TLS handshakes (scorecard S12, SECURITY T46): thousands that stall, break off or
// send garbage cost little, and an honest client gets in beside them.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import tls from 'node:tls';

import { httpBackend } from './support/backends.mjs';
import { residentBound, sanitizer } from './support/build.mjs';
import { cleanup } from './support/cleanup.mjs';
import { eventually, settled, within } from './support/deadline.mjs';
import { exchange, requestText } from './support/http_text.mjs';
import { Peer } from './support/peer.mjs';
import { descriptorCount, residentMemory } from './support/process_stats.mjs';
import { forwardTo, startWherry, temporaryDirectory } from './support/wherry.mjs';

const FLOOD = sanitizer === 'thread' ? 1500 : 5000;
const AT_ONCE = 250;
const UNDER_WAY = 512; // limits.tls_handshakes, of the one worker
const OWN_DESCRIPTORS = 64;

async function startTls(t, limits = 'exempt: []', more = '') {
  const folder = temporaryDirectory(t);
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
    '-subj', '/CN=a.test', '-days', '2', '-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')], { stdio: 'ignore' });
  const backend = await httpBackend(t);
  const certificate = `{ cert: ${join(folder, 'cert.pem')}, key: ${join(folder, 'key.pem')} }`;
  return startWherry(t, ({ ports }) => `
limits: { ${limits} }
${more}
listeners: [{ address: "127.0.0.1:${ports[0]}", tls: { certificates: [${certificate}] } }]
${forwardTo(backend)}`);
}

/** One request of an honest client; gives the milliseconds that its handshake took. */
async function honestRequest(t, wherry, localAddress = '127.9.9.9') {
  const before = performance.now();
  const socket = tls.connect({ port: wherry.port, host: '127.0.0.1', localAddress, rejectUnauthorized: false, servername: 'a.test' });
  cleanup(t, () => socket.destroy());
  await within(once(socket, 'secureConnect'), 'a handshake');
  const duration = performance.now() - before;
  const response = await exchange(new Peer(socket), requestText('GET', '/'));
  assert.equal(response.status, 200);
  socket.destroy();
  return duration;
}

/** Connects from a /24 of its own for each ten, sends the bytes, and counts those that ended. */
async function attack(t, wherry, count, bytes) {
  const crowd = { ended: 0, sockets: new Set() };
  cleanup(t, () => { for (const socket of crowd.sockets) socket.destroy(); });
  const one = (index) => new Promise((resolve) => {
    const network = Math.floor(index / 10);
    const localAddress = `127.${1 + (network >> 8)}.${network & 255}.${1 + index % 10}`;
    const socket = net.connect({ port: wherry.port, host: '127.0.0.1', localAddress });
    crowd.sockets.add(socket);
    socket.on('connect', () => (bytes.length > 0 ? socket.write(bytes, resolve) : resolve()));
    socket.on('error', resolve);
    socket.on('close', () => {
      crowd.sockets.delete(socket);
      crowd.ended++;
      resolve();
    });
    socket.resume();
  });
  for (let i = 0; i < count; i += AT_ONCE) {
    await within(Promise.all(Array.from({ length: AT_ONCE }, (_, j) => one(i + j))), 'a wave of the flood');
  }
  return crowd;
}

const HELLO = Buffer.from('1603010200010001fc0303', 'hex'); // begins a ClientHello of 508 bytes
const KINDS = [
  ['that say nothing', Buffer.alloc(0), false],
  ['that break off in the ClientHello', HELLO, false],
  ['that send garbage', Buffer.from('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'), true],
];

for (const [name, bytes, isRefused] of KINDS) {
  test(`${FLOOD} handshakes ${name}`, async (t) => {
    const wherry = await startTls(t);
    await honestRequest(t, wherry);
    const before = residentMemory(wherry.pid);
    const crowd = await attack(t, wherry, FLOOD, bytes);
    const durations = [];
    for (let i = 0; i < 20; i++) durations.push(await honestRequest(t, wherry, `127.200.${i}.1`));
    const left = isRefused ? 0 : UNDER_WAY;
    await eventually(() => crowd.sockets.size <= left, `${left} are left of ${crowd.sockets.size}`);
    assert.ok(descriptorCount(wherry.pid) <= left + OWN_DESCRIPTORS, `${descriptorCount(wherry.pid)} descriptors`);
    const growth = residentMemory(wherry.pid) - before;
    assert.ok(growth <= residentBound(UNDER_WAY * 96 * 1024), `grew by ${growth} bytes`);
    durations.sort((a, b) => a - b);
    t.diagnostic(`honest handshakes: median ${durations[10].toFixed(1)}, most ${durations[19].toFixed(1)} ms; memory +${(growth / 2 ** 20).toFixed(1)} MiB`);
    if (!isRefused) {
      const said = /too many TLS handshakes at once \(limits\.tls_handshakes\)/;
      await eventually(() => said.test(wherry.stderr), 'the log says so');
    }
  });
}

test('one network has 16 handshakes under way', async (t) => {
  const wherry = await startTls(t, undefined, 'timeouts: { tls_handshake: 5m }');
  const sockets = [];
  let ended = 0;
  for (let i = 0; i < 40; i++) {
    const socket = net.connect({ port: wherry.port, host: '127.0.0.1', localAddress: `127.3.3.${1 + i}` });
    cleanup(t, () => socket.destroy());
    socket.on('error', () => {}).on('close', () => { ended++; }).resume();
    sockets.push(socket);
  }
  await eventually(() => ended === 24, 'the others are closed');
  await honestRequest(t, wherry, '127.3.4.1');
  sockets.find((socket) => !socket.destroyed).destroy();
  await eventually(() => honestRequest(t, wherry, '127.3.3.99').then(() => true, () => false), 'one that left makes room');
  assert.equal(await settled(() => ended, 'nobody else is closed'), 25);
});

test('limits.rates.tls_handshakes_per_source', async (t) => {
  const wherry = await startTls(t, 'exempt: [], rates: { tls_handshakes_per_source: 3/h }');
  for (let i = 0; i < 3; i++) await honestRequest(t, wherry, '127.5.5.5');
  await assert.rejects(honestRequest(t, wherry, '127.5.5.5'));
  await honestRequest(t, wherry, '127.5.5.6');
});
