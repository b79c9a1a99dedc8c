// SPDX-License-Identifier: MIT
// Publishing over HTTP on one machine, with Redis and subscribers elsewhere.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { eventually } from './support/deadline.mjs';
import { skip, startRedis } from './support/redis.mjs';
import { openEventStream } from './support/subscribe.mjs';
import { startWherry } from './support/wherry.mjs';

const SECRET = 'a secret of the hook';

const startMachine = (t, redis, secret) => startWherry(t, `
hub: { broker: redis, url: "${redis.url}" }
routes:
  - match: { path: /hook }
    publish: { channel: "room:hook", verify: { scheme: github, secret_file: ${secret} } }
  - match: { path: /local/, method: POST }
    publish: { channel: "room:{path.1}", local: true }
  - match: { path: /room/, method: POST }
    publish: { channel: "room:{path.1}" }
  - match: { path: /room/ }
    subscribe: { channel: "room:{path.1}" }
`);

async function post(url, body, headers = {}) {
  const response = await fetch(url, { method: 'POST', body, headers });
  const text = await response.text();
  return { status: response.status, json: text.startsWith('{') ? JSON.parse(text) : text };
}

const deliver = (wherry, id, body) => post(`${wherry.url}/hook`, body, {
  'X-Hub-Signature-256': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`,
  'X-GitHub-Delivery': id,
});

test('publishing', { skip }, async (t) => {
  const redis = await startRedis(t);
  const secret = join(redis.directory, 'hook.secret');
  writeFileSync(secret, `${SECRET}\n`, { mode: 0o600 });
  const [a, b] = await Promise.all([startMachine(t, redis, secret), startMachine(t, redis, secret)]);
  const stream = await openEventStream(t, `${b.url}/room/one`);

  await t.test('counts the subscribers of all machines', async () => {
    await eventually(async () => (await post(`${a.url}/room/one`, 'x')).json.subscribers === 1, 'the other machine is counted');
    let event = await stream.event();
    const { json } = await post(`${a.url}/room/one`, 'hello');
    while (event.data !== 'hello') event = await stream.event();
    assert.equal(event.id, json.id);
  });

  await t.test('a batch has ids that follow on each other', async () => {
    const batch = { messages: ['1', '2', '3'].map((data) => ({ data })) };
    const { status, json } = await post(`${a.url}/room/one?batch`, JSON.stringify(batch), { 'Content-Type': 'application/json' });
    assert.equal(status, 200);
    for (const { id } of json.messages) assert.equal((await stream.event()).id, id);
  });

  await t.test('a webhook is published once, whichever machine it comes to', async () => {
    const hook = await openEventStream(t, `${b.url}/room/hook`);
    assert.equal((await deliver(a, 'one', 'first')).status, 200);
    assert.equal((await hook.event()).data, 'first');
    assert.equal((await deliver(b, 'one', 'first')).status, 200);
    assert.equal((await deliver(b, 'two', 'second')).status, 200);
    assert.equal((await hook.event()).data, 'second');
  });

  await t.test('without Redis it is refused, and a webhook may come again', async () => {
    await redis.kill();
    const [plain, hook] = await Promise.all([post(`${a.url}/room/one`, 'lost'), deliver(a, 'three', 'third')]);
    assert.deepEqual([plain.status, hook.status], [503, 503]);
    const local = await openEventStream(t, `${a.url}/room/two`);
    assert.equal((await post(`${a.url}/local/two`, 'here')).status, 200);
    assert.equal((await local.event()).data, 'here');

    await redis.restart();
    const again = await openEventStream(t, `${b.url}/room/hook`);
    await eventually(async () => (await deliver(a, 'three', 'third')).status === 200, 'Redis is back');
    assert.equal((await again.event()).data, 'third');
    assert.equal((await post(`${b.url}/room/two`, 'everywhere')).status, 200);
    assert.equal((await local.event()).data, 'everywhere');
  });
});
