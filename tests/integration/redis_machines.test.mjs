// SPDX-License-Identifier: MIT
// Several Wherry processes that act as one through Redis.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';

import { askControl } from './support/control.mjs';
import { eventually } from './support/deadline.mjs';
import { skip, startRedis } from './support/redis.mjs';
import { openEventStream } from './support/subscribe.mjs';
import { startWherry } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

const ENVELOPE = { protocols: ['wherry.v1'] };

/** Machines of one Redis, with rooms whose clients publish. more: further keys of the route. */
async function startMachines(t, redis, count, more = '') {
  const configuration = `
hub: { broker: redis, url: "${redis.url}" }
routes:
  - match: { path: /room/ }
    subscribe: { channel: "room:{path.1}", publish: true, history: { messages: 10000, age: 10m, bytes: 10MiB }${more} }
`;
  return Promise.all(Array.from({ length: count }, () => startWherry(t, configuration)));
}

const join = (t, wherry, room, options) => connectWebSocket(t, `${wherry.webSocketUrl}/room/${room}`, options);
const json = async (client) => JSON.parse(await client.text());
const hubOf = async (t, wherry) => (await askControl(t, wherry, { verb: 'status' })).hub;

// Most of the time is spent waiting: for silence to be noticed, and for farewells.
describe('machines of one Redis', { skip, concurrency: true }, () => {
  it('what is said on one machine is heard on all', async (t) => {
    const redis = await startRedis(t);
    const [a, b, c] = await startMachines(t, redis, 3);
    const clients = await Promise.all([a, b, c].map((wherry) => join(t, wherry, 'one', ENVELOPE)));
    const elsewhere = await join(t, b, 'two', ENVELOPE);

    await t.test('with the same ids, in one order', async () => {
      for (let i = 0; i < 20; i++) await clients[i % 3].send(JSON.stringify({ data: i }));
      const heard = await Promise.all(clients.map(async (client) => {
        const messages = [];
        for (let i = 0; i < 20; i++) messages.push(await json(client));
        return messages;
      }));
      assert.deepEqual(heard[1], heard[0]);
      assert.deepEqual(heard[2], heard[0]);
      const ids = heard[0].map(({ id }) => BigInt(id));
      assert.ok(ids.every((id, i) => i === 0 || id > ids[i - 1]));
      assert.deepEqual(heard[0].map(({ data }) => data).sort((x, y) => x - y), Array.from({ length: 20 }, (_, i) => i));
      assert.equal(elsewhere.messages.length, 0);
    });

    await t.test('and remembered for who comes later, anywhere', async () => {
      const first = await openEventStream(t, `${c.url}/room/one?last_event_id=0`);
      const events = [];
      for (let i = 0; i < 20; i++) events.push(await first.event());
      const rest = await openEventStream(t, `${b.url}/room/one`, { 'Last-Event-ID': events[14].id });
      for (let i = 15; i < 20; i++) assert.deepEqual(await rest.event(), events[i]);
    });

    await t.test('machines subscribe only to channels that somebody listens to', async () => {
      await eventually(async () => /:3\r\n.*\r\n.*\r\n:1\r\n/.test(
        await redis.ask('PUBSUB', 'NUMSUB', 'wherry/0:c:room:one', 'wherry/0:c:room:two')), 'all are subscribed');
      elsewhere.socket.close();
      await eventually(async () => /:0\r\n/.test(await redis.ask('PUBSUB', 'NUMSUB', 'wherry/0:c:room:two')), 'nobody is subscribed');
    });
  });

  it('who is there, counted and named over all machines', async (t) => {
    const redis = await startRedis(t);
    const [a, b] = await startMachines(t, redis, 2, ', presence: count');
    const first = await join(t, a, 'one', ENVELOPE);
    const counts = async (wanted) => {
      for (;;) {
        const { event, data } = await json(first);
        assert.equal(event, 'presence');
        if (data.count === wanted) return;
      }
    };
    await counts(1);
    const others = await Promise.all([b, b, a].map((wherry) => join(t, wherry, 'one')));
    await counts(4);
    others[0].socket.close();
    await counts(3);

    await t.test('until a machine dies', { timeout: 60_000 }, async () => {
      b.options.expectedSignal = 'SIGKILL';
      b.signal('SIGKILL');
      await counts(2);
    });
  });

  it('Redis is killed and started again while everybody talks', async (t) => {
    const redis = await startRedis(t);
    const machines = await startMachines(t, redis, 2);
    const listeners = await Promise.all(machines.map((wherry) => join(t, wherry, 'one', ENVELOPE)));
    const talkers = await Promise.all(machines.map((wherry) => join(t, wherry, 'one')));
    const PER_TALKER = 300;
    const talk = async (talker, name) => {
      for (let i = 0; i < PER_TALKER; i++) {
        await talker.send(`"${name} ${i}"`);
        // Its own words come back: the next ones follow, so that some are under way all the time.
        await talker.message();
      }
    };
    const heard = listeners.map(() => []);
    const listen = async (client, words) => {
      while (words.length < 2 * PER_TALKER) words.push(await json(client));
    };
    const all = Promise.all([
      ...talkers.map((talker, i) => talk(talker, i)),
      ...listeners.map((client, i) => listen(client, heard[i])),
    ]);
    for (const part of [0.2, 0.5, 0.8]) {
      await eventually(() => heard[0].length >= part * 2 * PER_TALKER, `${part} of it is said`);
      await redis.kill();
      await redis.restart();
    }
    await all;

    const ids = heard[0].map(({ id }) => BigInt(id));
    assert.ok(ids.every((id, i) => i === 0 || id > ids[i - 1]), 'ids ascend');
    assert.deepEqual(heard[1], heard[0]);
    assert.ok(heard[0].every(({ event }) => event === 'message'), 'no gap');
    assert.equal(new Set(heard[0].map(({ data }) => data)).size, 2 * PER_TALKER, 'each once');

    await t.test('and all of it is remembered', async () => {
      const stream = await openEventStream(t, `${machines[1].url}/room/one?last_event_id=0`);
      for (const { id, data } of heard[0]) assert.deepEqual(await stream.event(), { id, data: JSON.stringify(data) });
    });
  });

  it('a Redis that comes back empty is a gap', async (t) => {
    const redis = await startRedis(t);
    const [a, b] = await startMachines(t, redis, 2);
    const client = await join(t, a, 'one', ENVELOPE);
    const talker = await join(t, b, 'one');
    await talker.send('"before"');
    const { id } = await json(client);
    await redis.kill();
    await redis.restart({ forget: true });
    assert.equal((await json(client)).event, 'gap');
    await eventually(async () => (await hubOf(t, b)).state === 'ready', 'the other machine is back');
    await talker.message();
    await talker.send('"after"');
    const after = await json(client);
    assert.deepEqual([after.event, after.data], ['message', 'after']);
    assert.ok(BigInt(after.id) > BigInt(id));

    const late = await connectWebSocket(t, `${b.webSocketUrl}/room/one?last_event_id=${id}`, ENVELOPE);
    assert.equal((await json(late)).event, 'gap');
    assert.equal((await json(late)).id, after.id);
  });

  it('while Redis is away', async (t) => {
    const redis = await startRedis(t);
    const [wherry] = await startMachines(t, redis, 1);
    const [local] = await startMachines(t, redis, 1, ', local: true');
    const [client, listener, talker] = await Promise.all([join(t, wherry, 'one'), join(t, local, 'one'), join(t, local, 'one')]);
    await redis.kill();
    await eventually(async () => (await hubOf(t, local)).state !== 'ready', 'it is missed');

    await t.test('status says what is wrong', async () => {
      const hub = await hubOf(t, wherry);
      assert.equal(hub.broker, 'redis');
      assert.match(hub.state, new RegExp(`^127.0.0.1:${redis.port}: `));
    });
    await t.test('publishing fails after a while', async () => {
      await client.send('hello');
      assert.deepEqual(await client.closed(), { code: 1013, reason: 'overload' });
      await wherry.accessLine({ detail: /Redis can't be reached/ });
    });
    await t.test('or goes on within the process', async () => {
      await talker.send('hello');
      assert.equal(await listener.text(), 'hello');
      const late = await join(t, local, 'one');
      await talker.send('again');
      assert.equal(await late.text(), 'again');
      assert.equal(await listener.text(), 'again');
    });
    await t.test('subscribers stay, and hear of what comes then', async () => {
      const stays = await join(t, wherry, 'one');
      await redis.restart();
      await eventually(async () => (await hubOf(t, wherry)).state === 'ready', 'it is back');
      await eventually(async () => (await hubOf(t, local)).state === 'ready', 'it is back');
      await talker.send('back');
      assert.equal(await stays.text(), 'back');
      assert.equal(await listener.text(), 'back');
    });
  });

  it('a server that hangs is given up, and missed no message', { timeout: 90_000 }, async (t) => {
    const redis = await startRedis(t);
    const [a, b] = await startMachines(t, redis, 2);
    const [client, talker] = await Promise.all([join(t, a, 'one'), join(t, b, 'one')]);
    redis.child.kill('SIGSTOP');
    await talker.send('held');
    await eventually(async () => /silent/.test((await hubOf(t, a)).state), 'silence is noticed');
    redis.child.kill('SIGCONT');
    assert.match(await client.text(), /held/);
  });

  it('name, password and database, all within the sandbox', async (t) => {
    const redis = await startRedis(t, '--requirepass', 'secret word');
    const configuration = (where) => {
      writeFileSync(`${where.directory}/redis.secret`, 'secret word\n', { mode: 0o600 });
      return `
hub: { broker: redis, url: "redis://localhost:${redis.port}/3", password_file: redis.secret, prefix: chat }
routes: [{ match: { path: / }, subscribe: { channel: one, publish: true, history: { messages: 1, age: 1m, bytes: 1KiB } } }]
`;
    };
    const [a, b] = await Promise.all([startWherry(t, configuration), startWherry(t, configuration)]);
    const [client, talker] = await Promise.all([a, b].map((wherry) => connectWebSocket(t, wherry.webSocketUrl)));
    await eventually(async () => (await hubOf(t, a)).state === 'ready', 'it is logged in');
    const { hardening } = await askControl(t, a, { verb: 'status' });
    assert.equal(hardening.seccomp, 'active');
    await talker.send('hello');
    assert.equal(await client.text(), 'hello');
  });
});
