// SPDX-License-Identifier: MIT
// A backend that is killed: the client gets Close 1014 wherever a frame may stand; inside a
// frame none may, and then only the log can tell.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { scriptedBackend } from './support/backends.mjs';
import { startChild } from './support/child.mjs';
import { eventually } from './support/deadline.mjs';
import { acceptWebSocket, closeFrame, frame, leave, OPCODE, openWebSocket, readFrame } from './support/frames.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

/** A relay to a child backend that has just sent these bytes and is then killed. */
async function killedAfter(t, bytes) {
  const child = startChild(t, 'ws_backend.mjs', bytes.toString('hex'));
  const [, port] = await child.says(/port (\d+)/);
  const wherry = await startWherry(t, forwardTo(`http://127.0.0.1:${port}`));
  const client = await openWebSocket(t, wherry);
  await client.send(frame(OPCODE.text, 'cut', { mask: true }));
  await eventually(() => client.length >= bytes.length, 'the bytes arrive');
  child.kill('SIGKILL');
  return { client, wherry };
}

async function assertToldLost({ client, wherry }) {
  const told = await readFrame(client);
  assert.deepEqual([told.opcode, told.code], [OPCODE.close, 1014]);
  await client.send(closeFrame(1014, '', { mask: true }));
  await client.over();
  const line = await wherry.accessLine({ status: 101 });
  assert.deepEqual([line.reason, line.close_code, line.ended_by], ['backend_lost', 1014, 'backend']);
}

test('between messages', async (t) => {
  const killed = await killedAfter(t, frame(OPCODE.text, 'whole'));
  assert.equal((await readFrame(killed.client)).payload.toString(), 'whole');
  await assertToldLost(killed);
});

test('between fragments', async (t) => {
  const killed = await killedAfter(t, frame(OPCODE.text, 'part', { fin: false }));
  assert.equal((await readFrame(killed.client)).fin, false);
  await assertToldLost(killed);
});

for (const [name, bytes] of [
  ['inside a payload', frame(OPCODE.binary, Buffer.alloc(500), { declared: 1000 })],
  ['before the first byte of a payload', frame(OPCODE.binary, '', { declared: 1000 })],
]) {
  test(name, async (t) => {
    const { client, wherry } = await killedAfter(t, bytes);
    const rest = await client.readToEnd();
    client.end();
    assert.deepEqual(rest, bytes, 'what there was of the frame, and nothing else');
    const line = await wherry.accessLine({ status: 101 });
    assert.deepEqual([line.reason, line.ended_by], ['backend_lost', 'backend']);
    assert.notEqual(line.close_code, 1014, 'none was sent');
  });
}

test('inside a frame header, of which nothing was passed on', async (t) => {
  const child = startChild(t, 'ws_backend.mjs', '82');
  const [, port] = await child.says(/port (\d+)/);
  const wherry = await startWherry(t, forwardTo(`http://127.0.0.1:${port}`));
  const client = await openWebSocket(t, wherry);
  await client.send(Buffer.concat([frame(OPCODE.text, 'echo', { mask: true }), frame(OPCODE.text, 'cut', { mask: true })]));
  assert.equal((await readFrame(client)).payload.toString(), 'echo');
  await child.says(/cut/);
  child.kill('SIGKILL');
  await assertToldLost({ client, wherry });
});

test('a client that is killed: the backend gets Close 1001', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, forwardTo(backend));
  const child = startChild(t, 'ws_client.mjs', wherry.webSocketUrl);
  const server = await backend.peer();
  await acceptWebSocket(server);
  await child.says(/open/);
  child.kill('SIGKILL');
  const told = await readFrame(server);
  assert.deepEqual([told.opcode, told.code], [OPCODE.close, 1001]);
  await leave(server, { mask: false });
  const line = await wherry.accessLine({ status: 101 });
  assert.equal(line.ended_by, 'client');
});
