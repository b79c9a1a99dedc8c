// SPDX-License-Identifier: MIT
// Who looks at a running Wherry sees its subscribers: where they subscribe, by which transport,
// and what waits for those who take nothing.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from './support/deadline.mjs';
import { feedRoute, openEventStream, poll } from './support/subscribe.mjs';
import { runToEnd, startWherry } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

const queue = 'queue: { messages: 100000, bytes: 64MiB }\nhistory: { messages: 10 }\nmax_message: 1MiB';

async function list(t, wherry, ...args) {
  const { code, stdout } = await runToEnd(t, ['connections', '-c', wherry.configPath, '--json', ...args]);
  assert.equal(code, 0);
  return stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
}

async function status(t, wherry) {
  const { stdout } = await runToEnd(t, ['status', '-c', wherry.configPath, '--json']);
  return JSON.parse(stdout).hub;
}

test('subscribers are seen', async (t) => {
  const wherry = await startWherry(t, `workers: 2\nlimits: { exempt: [127.0.0.0/8], min_rate: off }\n${feedRoute(queue)}`);
  const publisher = await connectWebSocket(t, `${wherry.webSocketUrl}/feed/a`);
  const stream = await openEventStream(t, `${wherry.url}/feed/a`);
  await stream.item(); // its first retry
  const waiting = poll(`${wherry.url}/feed/b`, { Prefer: 'wait=20' });
  const all = await eventually(async () => {
    const lines = await list(t, wherry);
    return lines.filter(({ push }) => push).length === 3 && lines;
  }, 'three subscribers');

  await t.test('by their channels', async (t2) => {
    const facts = all.map(({ kind, push, channels, waiting: count }) => [kind, push, channels, count]);
    assert.deepEqual(facts.sort(), [
      ['http', 'long_poll', ['feed:b'], 0],
      ['http', 'sse', ['feed:a'], 0],
      ['websocket', 'websocket', ['feed:a'], 0],
    ]);
    assert.equal((await list(t2, wherry, '--channel', 'feed:a')).length, 2);
    assert.equal((await list(t2, wherry, '--channel', 'feed:b')).length, 1);
    assert.equal((await list(t2, wherry, '--channel', 'feed')).length, 0);
    await eventually(async () => {
      const { channels, subscribers } = await status(t2, wherry);
      return channels === 2 && subscribers === 3;
    }, 'the hub counts them');
  });

  await t.test('with what waits for them', async (t2) => {
    const lazy = await openEventStream(t2, `${wherry.url}/feed/a?lazy`);
    lazy.response.pause();
    const payload = 'x'.repeat(256 * 1024);
    const sees = async () => (await list(t2, wherry, '--channel', 'feed:a'))
      .find((one) => one.waiting > 0 && one.buffered_bytes > 0);
    let one;
    for (let i = 0; i < 200 && !one; i++) {
      await publisher.send(payload);
      await publisher.text();
      if (i % 10 === 9) one = await sees();
    }
    assert.equal(one.push, 'sse');
    assert.equal(one.waiting_bytes % payload.length, 0);
    assert.ok(one.buffered_bytes < 1 << 20);
    assert.ok((await status(t2, wherry)).bytes >= one.waiting_bytes);
  });

  await t.test('and can be ended by their channel', async (t2) => {
    const { code } = await runToEnd(t2, ['kill', '-c', wherry.configPath, '--channel', 'feed:b']);
    assert.equal(code, 0);
    assert.equal((await waiting).status, 204);
  });
});
