// SPDX-License-Identifier: MIT
// Redis is away, or there and takes nothing: what becomes of who publishes and who is there,
// and what the log says to do.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { askControl } from './support/control.mjs';
import { eventually } from './support/deadline.mjs';
import { skip, startRedis } from './support/redis.mjs';
import { openEventStream, poll } from './support/subscribe.mjs';
import { signGitHub, writeSecrets } from './support/webhooks.mjs';
import { startWherry } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

const SECRET = 'a secret of the hook';

const startMachine = (t, redis) => startWherry(t, `
hub: { broker: redis, url: "${redis.url}" }
routes:
  - match: { path: /hook }
    publish: { channel: "room:hook", verify: { scheme: github, secret_file: ${join(redis.directory, writeSecrets(redis.directory, [SECRET]))} } }
  - match: { path: /local/, method: POST }
    publish: { channel: "room:{path.1}", local: true }
  - match: { path: /room/, method: POST }
    publish: { channel: "room:{path.1}" }
  - match: { path: /room/ }
    subscribe: { channel: "room:{path.1}", presence: count }
`);

async function post(url, body, headers = {}) {
  const response = await fetch(url, { method: 'POST', body, headers });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

const deliver = (wherry, id, body) => post(`${wherry.url}/hook`, body, signGitHub(SECRET, body, { id }));
const stateOf = async (t, wherry) => (await askControl(t, wherry, { verb: 'status' })).hub.state;

/** The next event that is a message. */
async function nextMessage(stream) {
  for (;;) {
    const { event, data } = await stream.event();
    if (!event) return data;
    assert.equal(event, 'presence');
  }
}

// What is done to Redis, and undone, and what Wherry says of it.
const REFUSALS = [
  ['its memory is full', (redis) => redis.ask('CONFIG', 'SET', 'maxmemory', '1'),
    (redis) => redis.ask('CONFIG', 'SET', 'maxmemory', '0'), /OOM .*; its memory is full: raise its maxmemory$/],
  ['it is a replica', (redis) => redis.ask('REPLICAOF', '127.0.0.1', '1'),
    (redis) => redis.ask('REPLICAOF', 'NO', 'ONE'), /READONLY .*; hub\.url leads to a replica/],
  ["it can't write to its disk", async (redis) => {
    mkdirSync(join(redis.directory, 'dump.rdb')); // in the place of the file
    await redis.ask('CONFIG', 'SET', 'save', '3600 1');
    await redis.ask('BGSAVE');
    await eventually(async () => /rdb_last_bgsave_status:err/.test(await redis.ask('INFO', 'persistence')), 'it is not saved');
  }, (redis) => redis.ask('CONFIG', 'SET', 'save', ''), /MISCONF .*; it can't write to its disk/],
];

// Most of the time is spent waiting: for Redis to be missed, and for publishers to be refused.
describe('Redis', { skip, concurrency: true }, () => {
  it('is away: what is published is refused, and a webhook may come again', async (t) => {
    const redis = await startRedis(t);
    const [a, b] = await Promise.all([startMachine(t, redis), startMachine(t, redis)]);
    assert.equal((await post(`${a.url}/room/one`, 'before')).status, 200);
    await redis.kill();
    const [plain, hook] = await Promise.all([post(`${a.url}/room/one`, 'lost'), deliver(a, 'one', 'hooked')]);
    assert.deepEqual([plain.status, hook.status], [503, 503]);
    const local = await openEventStream(t, `${a.url}/room/two`);
    assert.equal((await post(`${a.url}/local/two`, 'here')).status, 200);
    assert.equal(await nextMessage(local), 'here');

    await redis.restart();
    const again = await openEventStream(t, `${b.url}/room/hook`);
    await eventually(async () => (await deliver(a, 'one', 'hooked')).status === 200, 'Redis is back');
    assert.equal(await nextMessage(again), 'hooked');
    await eventually(async () => (await post(`${b.url}/room/two`, 'everywhere')).status === 200, 'for the other machine, too');
    assert.equal(await nextMessage(local), 'everywhere');
  });

  for (const [name, begin, end, words] of REFUSALS) {
    it(`takes nothing: ${name}`, async (t) => {
      const redis = await startRedis(t);
      const wherry = await startMachine(t, redis);
      const room = `${wherry.url}/room/one`;
      const stream = await openEventStream(t, room);
      assert.equal((await post(room, 'before')).status, 200);
      await begin(redis);
      const line = await wherry.says(words);
      assert.ok(line.startsWith(`hub: redis: 127.0.0.1:${redis.port}: `), line);
      assert.match(await stateOf(t, wherry), words);
      const refused = await post(room, 'lost');
      assert.deepEqual([refused.status, refused.text.includes("Redis can't be reached, or takes nothing (hub.url)")], [503, true], refused.text);
      assert.match(refused.headers.get('retry-after'), /^[1-9]\d*$/);
      await end(redis);
      await eventually(async () => (await post(room, 'after')).status === 200, 'Redis takes it again');
      assert.equal(await nextMessage(stream), 'before');
      assert.equal(await nextMessage(stream), 'after');
      assert.equal(wherry.messages.filter((message) => words.test(message)).length, 1);
    });
  }

  it('wants a password', async (t) => {
    const wherry = await startMachine(t, await startRedis(t, '--requirepass', 'secret word'));
    await wherry.says(/NOAUTH .*; it wants a password: hub\.password_file$/);
    assert.equal((await post(`${wherry.url}/room/one`, 'lost')).status, 503);
  });

  it('lacks what its user must be allowed', async (t) => {
    const redis = await startRedis(t);
    const wherry = await startMachine(t, redis);
    assert.equal((await post(`${wherry.url}/room/one`, 'before')).status, 200);
    await redis.ask('ACL', 'SETUSER', 'default', '-xadd');
    for (let i = 0; i < 5; i++) assert.equal((await post(`${wherry.url}/room/one`, 'lost')).status, 503);
    const lines = wherry.messages.filter((message) => /refuses a command/.test(message));
    assert.equal(lines.length, 1);
    assert.match(lines[0], new RegExp(`^hub: redis: redis://127\\.0\\.0\\.1:${redis.port} refuses a command: .*; see hub\\.prefix`));
    await redis.ask('ACL', 'SETUSER', 'default', '+xadd');
    assert.equal((await post(`${wherry.url}/room/one`, 'after')).status, 200);
  });

  it('has forgotten the scripts: nobody notices', async (t) => {
    const redis = await startRedis(t);
    const [a, b] = await Promise.all([startMachine(t, redis), startMachine(t, redis)]);
    const stream = await openEventStream(t, `${b.url}/room/one`);
    for (let i = 0; i < 100; i++) {
      if (i % 20 === 10) await redis.ask('SCRIPT', 'FLUSH');
      assert.equal((await post(`${a.url}/room/one`, String(i))).status, 200);
    }
    for (let i = 0; i < 100; i++) assert.equal(await nextMessage(stream), String(i));
  });

  it('takes longer than a long-poll, which goes on from where it came', async (t) => {
    const redis = await startRedis(t);
    const wherry = await startMachine(t, redis);
    const room = `${wherry.url}/room/one`;
    assert.equal((await post(room, 'before')).status, 200);
    redis.child.kill('SIGSTOP');
    const { status, headers } = await poll(`${room}?wait=1`);
    redis.child.kill('SIGCONT');
    assert.equal(status, 204);
    assert.equal((await post(room, 'after')).status, 200);
    assert.equal((await poll(room, { 'If-None-Match': headers.etag })).body, 'after');
  });

  it('hears of who came and went meanwhile once it is back', async (t) => {
    const redis = await startRedis(t);
    const [a, b] = await Promise.all([startMachine(t, redis), startMachine(t, redis)]);
    const join = ({ webSocketUrl }) => connectWebSocket(t, `${webSocketUrl}/room/one`, { protocols: ['wherry.v1'] });
    const [watcher, ...others] = await Promise.all([a, b, b, b].map(join));
    const counts = async (wanted) => {
      for (;;) {
        const { event, data } = JSON.parse(await watcher.text());
        assert.equal(event, 'presence');
        if (data.count === wanted) return;
      }
    };
    await counts(4);
    await redis.kill();
    for (const client of others) client.socket.close();
    await eventually(async () => (await stateOf(t, b)) !== 'ready', 'it is missed');
    await eventually(() => b.accessLines.filter(({ status }) => status === 101).length === 3, 'they are gone');
    await redis.restart();
    await counts(1);
  });
});
