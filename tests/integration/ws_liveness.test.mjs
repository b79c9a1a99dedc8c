// SPDX-License-Identifier: MIT
// A peer that has stopped is found within ping + ping_timeout, and the other side is told why.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { scriptedBackend } from './support/backends.mjs';
import { startChild } from './support/child.mjs';
import { acceptWebSocket, frame, leave, OPCODE, openPair, openWebSocket, readFrame } from './support/frames.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

// The side that lives is a busy process, too.
const PING = 'websocket: { origins: any, ping: 300ms, ping_timeout: 2s }';

/** Answers pings until a Close comes, which it gives. */
async function answerPings(peer, mask) {
  for (;;) {
    const seen = await readFrame(peer);
    if (seen.opcode === OPCODE.close) return seen;
    if (seen.opcode === OPCODE.ping) await peer.send(frame(OPCODE.pong, seen.payload, { mask }));
  }
}

test('a stopped client', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, forwardTo(backend, PING));
  const child = startChild(t, 'ws_client.mjs', wherry.webSocketUrl);
  const server = await backend.peer();
  await acceptWebSocket(server);
  await child.says(/open/);
  child.kill('SIGSTOP');
  const told = await answerPings(server, false);
  assert.equal(told.code, 1001);
  await leave(server, { mask: false });
  assert.equal((await wherry.accessLine({ status: 101 })).reason, 'client_timeout');
});

test('a stopped backend', async (t) => {
  const child = startChild(t, 'ws_backend.mjs');
  const [, port] = await child.says(/port (\d+)/);
  const wherry = await startWherry(t, forwardTo(`http://127.0.0.1:${port}`, PING));
  const client = await openWebSocket(t, wherry);
  child.kill('SIGSTOP');
  const told = await answerPings(client, true);
  assert.equal(told.code, 1014);
  await leave(client, { mask: true });
  assert.equal((await wherry.accessLine({ status: 101 })).reason, 'backend_timeout');
});

test('a live but silent pair stays for many intervals', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, forwardTo(backend, 'websocket: { origins: any, ping: 100ms, ping_timeout: 30s }'));
  const { client, server } = await openPair(t, wherry, backend);
  for (let i = 0; i < 10; i++) {
    for (const [peer, mask] of [[client, true], [server, false]]) {
      const seen = await readFrame(peer);
      assert.equal(seen.opcode, OPCODE.ping);
      await peer.send(frame(OPCODE.pong, seen.payload, { mask }));
    }
  }
  await client.send(frame(OPCODE.text, 'still open', { mask: true }));
  for (;;) {
    const seen = await readFrame(server);
    if (seen.opcode === OPCODE.ping) continue;
    assert.deepEqual([seen.opcode, seen.payload.toString()], [OPCODE.text, 'still open'], 'no pong was passed on');
    break;
  }
});
