// SPDX-License-Identifier: MIT
// Messages of every size come back as they went, text as text and binary as binary.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import { webSocketBackend } from './support/backends.mjs';
import { within } from './support/deadline.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

const MIB = 1024 * 1024;
const SIZES = [0, 1, 2, 124, 125, 126, 127, 1000, 16_383, 65_535, 65_536, 65_537, 262_144, MIB + 1, 16 * MIB, 64 * MIB];

function pattern(length) {
  const data = Buffer.allocUnsafe(length);
  for (let i = 0; i < length; i++) data[i] = (i * 31 + (i >> 8) + (i >> 16)) & 0xff;
  return data;
}

const digest = (data) => createHash('sha256').update(data).digest('hex');

async function assertEchoes(client, data, binary) {
  await client.send(data, { binary });
  const reply = await client.message();
  assert.equal(reply.isBinary, binary);
  assert.equal(reply.data.length, data.length);
  assert.equal(digest(reply.data), digest(data));
}

test('echo through the relay', async (t) => {
  const backend = await webSocketBackend(t);
  const wherry = await startWherry(t, forwardTo(backend, 'websocket: { max_frame: 65MiB, max_message: 65MiB }'));
  const client = await connectWebSocket(t, wherry.webSocketUrl);

  for (const size of SIZES) {
    await t.test(`binary of ${size} bytes`, () => assertEchoes(client, pattern(size), true));
  }
  for (const size of SIZES.slice(0, -2)) {
    await t.test(`text of ${size} bytes`, () => assertEchoes(client, Buffer.alloc(size, 'a'), false));
  }

  await t.test('many at once, in order', async () => {
    const count = 5000;
    const sending = Promise.all(Array.from({ length: count }, (_, i) => client.send(String(i))));
    for (let i = 0; i < count; i++) assert.equal(await client.text(), String(i));
    await sending;
  });

  await t.test('the log counts what passed', async () => {
    client.socket.close(1000);
    await client.closed();
    const line = await wherry.accessLine({ status: 101 });
    assert.equal(line.messages_in, SIZES.length * 2 - 2 + 5000);
    assert.equal(line.messages_out, line.messages_in);
    assert.equal(line.close_code, 1000);
  });
});

test('many clients at once, each its own', async (t) => {
  const backend = await webSocketBackend(t);
  const wherry = await startWherry(t, forwardTo(backend));
  const clients = await Promise.all(Array.from({ length: 50 }, () => connectWebSocket(t, wherry.webSocketUrl)));
  await within(Promise.all(clients.map(async (client, index) => {
    for (let i = 0; i < 40; i++) {
      const text = `${index}:${i}:${'x'.repeat((index * i) % 3000)}`;
      await client.send(text);
      assert.equal(await client.text(), text);
    }
  })), 'all echoes');
});

test('compression is agreed end to end and passed through', async (t) => {
  const backend = await webSocketBackend(t, undefined, { perMessageDeflate: { threshold: 0 } });
  const wherry = await startWherry(t, forwardTo(backend));
  const client = await connectWebSocket(t, wherry.webSocketUrl, { perMessageDeflate: { threshold: 0 } });
  assert.match(client.socket.extensions, /permessage-deflate/);
  for (const size of [0, 1, 1000, 100_000]) {
    await assertEchoes(client, pattern(size), true);
    await assertEchoes(client, Buffer.alloc(size, 'compressible '), false);
  }
});
