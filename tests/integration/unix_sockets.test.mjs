// SPDX-License-Identifier: MIT
// UNIX sockets on either side: as listener and as backend, for HTTP and WebSocket.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { httpBackend, scriptedBackend } from './support/backends.mjs';
import { acceptWebSocket, frame, OPCODE, readFrame, upgradeRequest } from './support/frames.mjs';
import { exchange, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { forwardTo, startWherry, temporaryDirectory } from './support/wherry.mjs';

const listening = (path, text) => `listeners: [{ address: "unix:${path}" }]\n${text}`;

test('HTTP from a UNIX socket to a UNIX socket', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'front.sock');
  const backend = await httpBackend(t, undefined, { path: join(directory, 'back.sock') });
  const wherry = await startWherry(t, listening(path, forwardTo(backend)), { probe: path });
  const peer = await connect(t, path);
  for (let i = 0; i < 3; i++) {
    const response = await exchange(peer, requestText('GET', `/${i}`));
    assert.equal(JSON.parse(response.body).url, `/${i}`);
  }
  assert.equal((await wherry.accessLine({ path: '/0' })).status, 200);
});

test('WebSocket from a UNIX socket to a UNIX socket, by several workers', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'front.sock');
  const backend = await scriptedBackend(t, undefined, { path: join(directory, 'back.sock') });
  await startWherry(t, `workers: 2\n${listening(path, forwardTo(backend))}`, { probe: path });
  for (let i = 0; i < 8; i++) {
    const client = await connect(t, path);
    const answer = exchange(client, upgradeRequest());
    const server = await backend.peer(i);
    await acceptWebSocket(server);
    assert.equal((await answer).status, 101);
    await client.send(frame(OPCODE.text, 'hello', { mask: true }));
    assert.equal((await readFrame(server)).payload.toString(), 'hello');
  }
});

test('the socket file is gone after the end, and a stale one is replaced', async (t) => {
  const path = join(temporaryDirectory(t), 'front.sock');
  const backend = await httpBackend(t);
  const first = await startWherry(t, listening(path, forwardTo(backend)), { probe: path });
  first.signal('SIGTERM');
  await first.ended();
  assert.equal(existsSync(path), false);

  const killed = await startWherry(t, listening(path, forwardTo(backend)), { probe: path, expectedSignal: 'SIGKILL' });
  killed.signal('SIGKILL');
  await killed.ended();
  assert.equal(existsSync(path), true, 'a killed one leaves its file');
  await startWherry(t, listening(path, forwardTo(backend)), { probe: path });
  assert.equal((await exchange(await connect(t, path), requestText('GET', '/'))).status, 200);
});
