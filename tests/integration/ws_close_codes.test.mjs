// SPDX-License-Identifier: MIT
// A Close passes with its code and reason, both ways, and its answer passes back.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { scriptedBackend, webSocketBackend } from './support/backends.mjs';
import { closeFrame, frame, leave, OPCODE, openPair, readFrame } from './support/frames.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

const VALID = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];
const INVALID = [0, 999, 1004, 1005, 1006, 1015, 1016, 1999, 2000, 2999, 5000, 65_535];
const NEVER_SENT = new Set([1005, 1006, 1015]);

test('close codes', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, forwardTo(backend));

  async function pairFor(direction, path = '/') {
    const pair = await openPair(t, wherry, backend, { client: { path } });
    const isFromClient = direction === 'client';
    const [sender, receiver] = isFromClient ? [pair.client, pair.server] : [pair.server, pair.client];
    return { ...pair, sender, receiver, mask: isFromClient };
  }

  for (const direction of ['client', 'backend']) {
    for (const code of VALID) {
      await t.test(`${code} from the ${direction} passes unchanged`, async () => {
        const path = `/${direction}/${code}`;
        const { sender, receiver, mask } = await pairFor(direction, path);
        await sender.send(closeFrame(code, 'because ☃', { mask }));
        const seen = await readFrame(receiver);
        assert.deepEqual([seen.opcode, seen.code, seen.reason], [OPCODE.close, code, 'because ☃']);
        await receiver.send(closeFrame(code, 'echo', { mask: !mask }));
        const answer = await readFrame(sender);
        assert.deepEqual([answer.opcode, answer.code, answer.reason], [OPCODE.close, code, 'echo']);
        sender.end();
        receiver.end();
        await Promise.all([sender.over(), receiver.over()]);
        const line = await wherry.accessLine({ path });
        assert.deepEqual([line.close_code, line.ended_by], [code, direction]);
      });
    }

    await t.test(`a Close without code from the ${direction} stays without`, async () => {
      const { sender, receiver, mask } = await pairFor(direction);
      await sender.send(closeFrame(undefined, '', { mask }));
      const seen = await readFrame(receiver);
      assert.deepEqual([seen.opcode, seen.payload.length], [OPCODE.close, 0]);
      await receiver.send(closeFrame(undefined, '', { mask: !mask }));
      assert.equal((await readFrame(sender)).opcode, OPCODE.close);
      sender.end();
      receiver.end();
      await Promise.all([sender.over(), receiver.over()]);
    });

    for (const code of INVALID) {
      await t.test(`${code} from the ${direction} is a protocol error`, async () => {
        const { sender, receiver, mask } = await pairFor(direction);
        await sender.send(closeFrame(code, '', { mask }));
        const guilty = await readFrame(sender);
        assert.deepEqual([guilty.opcode, guilty.code], [OPCODE.close, 1002]);
        const other = await readFrame(receiver);
        assert.equal(other.opcode, OPCODE.close);
        assert.ok(VALID.includes(other.code) && !NEVER_SENT.has(other.code), `told ${other.code}`);
        await Promise.all([leave(sender, { mask }), leave(receiver, { mask: !mask })]);
      });
    }

    await t.test(`data behind a Close from the ${direction} goes nowhere`, async () => {
      const { sender, receiver, mask } = await pairFor(direction);
      await sender.send(Buffer.concat([closeFrame(1000, '', { mask }), frame(OPCODE.text, 'late', { mask })]));
      assert.equal((await readFrame(receiver)).opcode, OPCODE.close);
      await receiver.send(closeFrame(1000, '', { mask: !mask }));
      assert.equal((await readFrame(sender)).opcode, OPCODE.close);
      receiver.end();
      assert.equal((await receiver.readToEnd()).length, 0);
    });

    await t.test(`data toward a ${direction} that said Close still arrives before the answer`, async () => {
      const { sender, receiver, mask } = await pairFor(direction);
      await sender.send(closeFrame(1000, '', { mask }));
      assert.equal((await readFrame(receiver)).opcode, OPCODE.close);
      await receiver.send(Buffer.concat([
        frame(OPCODE.text, 'last words', { mask: !mask }), closeFrame(1000, '', { mask: !mask }),
      ]));
      assert.equal((await readFrame(sender)).payload.toString(), 'last words');
      assert.equal((await readFrame(sender)).opcode, OPCODE.close);
    });
  }

  await t.test('both sides closing at once is fine', async () => {
    const { client, server } = await openPair(t, wherry, backend);
    await Promise.all([client.send(closeFrame(4001, '', { mask: true })), server.send(closeFrame(4002))]);
    assert.equal((await readFrame(client)).code, 4002);
    assert.equal((await readFrame(server)).code, 4001);
    server.end();
    await Promise.all([client.over(), server.over()]);
  });
});

test('a side that never answers a Close is let go', async (t) => {
  const backend = await scriptedBackend(t);
  const wherry = await startWherry(t, forwardTo(backend));
  const { client, server } = await openPair(t, wherry, backend);
  await client.send(closeFrame(1000, '', { mask: true }));
  assert.equal((await readFrame(server)).code, 1000);
  await Promise.all([client.over(), server.over()]);
});

test('a library on both sides sees the same', async (t) => {
  let close = () => {};
  const backend = await webSocketBackend(t, (socket) => close(socket));
  const wherry = await startWherry(t, forwardTo(backend));
  for (const code of VALID.filter((value) => value !== 1010)) {
    close = (socket) => socket.close(code, 'from the backend');
    const closed = await connectWebSocket(t, wherry.webSocketUrl);
    assert.deepEqual(await closed.closed(), { code, reason: 'from the backend' });

    const heard = new Promise((resolve) => {
      close = (socket) => socket.once('close', (seen, reason) => resolve([seen, reason.toString()]));
    });
    const closing = await connectWebSocket(t, wherry.webSocketUrl);
    closing.socket.close(code, 'from the client');
    assert.deepEqual(await heard, [code, 'from the client']);
    assert.equal((await closing.closed()).code, code);
  }
});
