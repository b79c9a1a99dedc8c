// SPDX-License-Identifier: MIT
// What an attacker's byte costs (SECURITY T49, S18): for each attack the memory that Wherry
// takes stays below ten times the bytes that were sent, and its processor time below ten
// times the sender's.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { httpBackend, webSocketBackend } from './support/backends.mjs';
import { residentBound, sanitizer } from './support/build.mjs';
import { eventually } from './support/deadline.mjs';
import { frame, OPCODE, openWebSocket } from './support/frames.mjs';
import { requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { peakMemory, processorSeconds, residentMemory } from './support/process_stats.mjs';
import { startWherry } from './support/wherry.mjs';

const FACTOR = 10;
const PIECE = 64 * 1024;

/** Sends text times over, as long as the connection takes it; gives the bytes sent. */
async function pour(peer, text, times) {
  const block = Buffer.concat(Array.from({ length: Math.ceil(PIECE / text.length) }, () => Buffer.from(text)));
  const total = text.length * times;
  let sent = 0;
  while (sent < total && !peer.isOver && !peer.socket.destroyed) {
    await peer.send(block);
    sent += block.length;
  }
  return sent;
}

async function each(count, act) {
  const sizes = await Promise.all(Array.from({ length: count }, (_, i) => act(i)));
  return sizes.reduce((sum, size) => sum + size, 0);
}

const chunkedHead = requestText('POST', '/', { Host: 'a.test', 'Transfer-Encoding': 'chunked' });
const socketOf = (t, wherry) => openWebSocket(t, wherry);

/** name, and what sends and gives how many bytes. */
const ATTACKS = [
  ['a million pings', async (t, wherry) =>
    pour(await socketOf(t, wherry), frame(OPCODE.ping, '', { mask: true }), 1_000_000)],
  ['empty fragments', async (t, wherry) =>
    pour(await socketOf(t, wherry), frame(OPCODE.continuation, '', { mask: true, fin: false }), 200_000)],
  ['messages of one byte', async (t, wherry) =>
    pour(await socketOf(t, wherry), frame(OPCODE.binary, 'x', { mask: true }), 100_000)],
  ['headers that announce much', (t, wherry) => each(50, async () => {
    const bytes = frame(OPCODE.binary, '', { mask: true, width: 64, declared: 1024 * 1024 });
    await (await socketOf(t, wherry)).send(bytes);
    return 200 + bytes.length; // with the handshake
  })],
  ['chunks of one byte', async (t, wherry) => {
    const peer = await connect(t, wherry.port);
    await peer.send(chunkedHead);
    return pour(peer, '1\r\nx\r\n', 100_000);
  }],
  ['chunk extensions', async (t, wherry) => {
    const peer = await connect(t, wherry.port);
    await peer.send(chunkedHead);
    return pour(peer, `1;${'e'.repeat(200)}\r\nx\r\n`, 5000);
  }],
  ['pipelined requests, answers unread', async (t, wherry) => {
    const peer = await connect(t, wherry.port, { stalled: true });
    const text = requestText('GET', '/none', { Host: 'a.test' });
    const sending = pour(peer, text, 20_000).catch(() => {});
    await Promise.race([sending, new Promise((resolve) => setTimeout(resolve, 1500))]);
    const sent = peer.socket.bytesWritten;
    peer.destroy();
    await sending;
    return sent;
  }],
  ['heads that never end', (t, wherry) => each(100, async () => {
    const peer = await connect(t, wherry.port);
    const text = `GET / HTTP/1.1\r\nHost: a.test\r\n${'X: y\r\n'.repeat(90)}`;
    await peer.send(text);
    return text.length;
  })],
  ['requests that are refused', async (t, wherry) => each(100, async () => {
    const peer = await connect(t, wherry.port);
    const text = 'GET / HTTP/1.1\r\nHost: a.test\r\nContent-Length: +1\r\n\r\n';
    await peer.send(text);
    await peer.over();
    return text.length;
  })],
];

test('no attack is amplified', async (t) => {
  const http = await httpBackend(t, (request, response) => {
    request.resume();
    request.on('end', () => response.end());
    request.on('error', () => {});
  });
  const sockets = await webSocketBackend(t, () => {});
  for (const [name, attack] of ATTACKS) {
    await t.test(name, async (t) => {
      const wherry = await startWherry(t, `
routes:
  - { match: { path: /none }, redirect: { to: /, status: 308 } }
  - match: { path: /, header: { Upgrade: websocket } }
    websocket: { origins: any }
    to: sockets
  - { match: { path: / }, to: http }
upstreams:
  http: { servers: [{ url: "${http.url}" }] }
  sockets: { servers: [{ url: "${sockets.url}" }] }
`);
      const memory = residentMemory(wherry.pid);
      const processor = processorSeconds(wherry.pid);
      const own = process.cpuUsage();
      const sent = await attack(t, wherry);
      const { user, system } = process.cpuUsage(own);
      const grown = peakMemory(wherry.pid) - memory;
      const used = processorSeconds(wherry.pid) - processor;
      const theirs = (user + system) / 1e6;
      t.diagnostic(`${sent} bytes sent: ${grown} bytes of memory, ${used} s against ${theirs.toFixed(2)} s`);
      assert.ok(sent > 0);
      assert.ok(grown <= residentBound(FACTOR * sent), `${grown} bytes of memory for ${sent}`);
      // A hundredth of a second is what the kernel counts in.
      if (sanitizer === 'none') assert.ok(used <= FACTOR * theirs + 0.05, `${used} s against ${theirs} s`);
      await eventually(() => connect(t, wherry.port).then(() => true), 'it still accepts');
    });
  }
});
