// SPDX-License-Identifier: MIT
// What a side sends right behind its half of the handshake is kept, and arrives.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { scriptedBackend } from './support/backends.mjs';
import { pause } from './support/deadline.mjs';
import { acceptWebSocket, frame, OPCODE, openPair, readFrame, upgradeRequest, upgradeResponse } from './support/frames.mjs';
import { readRequest, readResponse } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

test('data pipelined behind the handshake', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, forwardTo(backend));

  await t.test('from the client', async () => {
    const early = Buffer.concat([
      frame(OPCODE.text, 'one', { mask: true }),
      frame(OPCODE.binary, Buffer.alloc(9000, 7), { mask: true }),
    ]);
    const { client, server } = await openPair(t, wherry, backend, { client: { early } });
    assert.equal((await readFrame(server)).payload.toString(), 'one');
    assert.equal((await readFrame(server)).payload.length, 9000);
    await client.send(frame(OPCODE.text, 'two', { mask: true }));
    assert.equal((await readFrame(server)).payload.toString(), 'two');
  });

  await t.test('from the backend', async () => {
    const early = Buffer.concat([frame(OPCODE.text, 'hello'), frame(OPCODE.binary, Buffer.alloc(9000, 7))]);
    const { client, server } = await openPair(t, wherry, backend, { backend: { early } });
    assert.equal((await readFrame(client)).payload.toString(), 'hello');
    assert.equal((await readFrame(client)).payload.length, 9000);
    await server.send(frame(OPCODE.text, 'more'));
    assert.equal((await readFrame(client)).payload.toString(), 'more');
  });

  await t.test('from both, byte by byte, cut inside a frame', async () => {
    const client = await connect(t, wherry.port);
    const index = backend.peers.length;
    const cut = frame(OPCODE.text, 'client', { mask: true });
    const sending = client.sendByteByByte(Buffer.concat([Buffer.from(upgradeRequest()), cut]).toString('latin1'));
    const server = await backend.peer(index);
    const request = await readRequest(server);
    const answer = upgradeResponse(request) + frame(OPCODE.text, 'server').toString('latin1');
    await Promise.all([sending, server.sendByteByByte(answer)]);
    assert.equal((await readResponse(client)).status, 101);
    assert.equal((await readFrame(client)).payload.toString(), 'server');
    assert.equal((await readFrame(server)).payload.toString(), 'client');
  });

  await t.test('is held until the backend has accepted', async () => {
    const client = await connect(t, wherry.port);
    const index = backend.peers.length;
    await client.send(upgradeRequest() + frame(OPCODE.text, 'early', { mask: true }).toString('latin1'));
    const server = await backend.peer(index);
    const request = await readRequest(server);
    await pause(300); // nothing must come in this time
    assert.equal(server.length, 0);
    await server.send(upgradeResponse(request));
    assert.equal((await readFrame(server)).payload.toString(), 'early');
  });

  await t.test('a client that floods before the answer is held back', async () => {
    const client = await connect(t, wherry.port);
    const index = backend.peers.length;
    const count = 200;
    const block = frame(OPCODE.binary, Buffer.alloc(100_000, 1), { mask: true });
    await client.send(upgradeRequest());
    const sending = client.send(Buffer.concat(Array(count).fill(block)));
    const server = await backend.peer(index);
    await acceptWebSocket(server);
    for (let i = 0; i < count; i++) assert.equal((await readFrame(server)).payload.length, 100_000);
    await sending;
  });
});
