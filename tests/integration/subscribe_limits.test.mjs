// SPDX-License-Identifier: MIT
// Subscribers in several workers, too many of them, and those who read too slowly.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { startMachines, testOnce } from './support/brokers.mjs';
import { eventually } from './support/deadline.mjs';
import { Publisher } from './support/followers.mjs';
import { openWebSocket } from './support/frames.mjs';
import { feedRoute, openEventStream, poll } from './support/subscribe.mjs';
import { startWherry } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

test('a room over several workers: everyone gets everything, in one order', async (t) => {
  const machines = await startMachines(t, `workers: 4\n${feedRoute()}`);
  const room = await Promise.all(Array.from({ length: 24 }, (_, i) =>
    connectWebSocket(t, `${machines[i % 2].webSocketUrl}/feed/a`)));
  const stream = await openEventStream(t, `${machines[0].url}/feed/a`);
  const count = 20;
  await Promise.all(room.map(async (client, from) => {
    for (let i = 0; i < count; i++) await client.send(`${from}:${i}`);
  }));
  const heard = await Promise.all(room.map(async (client) => {
    const texts = [];
    while (texts.length < room.length * count) texts.push(await client.text());
    return texts;
  }));
  for (const texts of heard) assert.deepEqual(texts, heard[0]);
  const events = [];
  while (events.length < heard[0].length) events.push((await stream.event()).data);
  assert.deepEqual(events, heard[0]);
  for (let from = 0; from < room.length; from++) {
    const own = heard[0].filter((text) => text.startsWith(`${from}:`));
    assert.deepEqual(own, Array.from({ length: count }, (_, i) => `${from}:${i}`));
  }
});

testOnce('one subscriber too many is told to come later', async (t) => {
  const wherry = await startWherry(t, feedRoute('subscribers: 1'));
  const first = await connectWebSocket(t, `${wherry.webSocketUrl}/feed/a`);
  await first.send('x');
  await first.text();
  const second = await connectWebSocket(t, `${wherry.webSocketUrl}/feed/a`);
  assert.equal((await second.closed()).code, 1013);
  const stream = await openEventStream(t, `${wherry.url}/feed/a`);
  assert.equal(await stream.ended(), 'end');
  const answer = await poll(`${wherry.url}/feed/a`);
  assert.deepEqual([answer.status, answer.headers['retry-after']], [503, '1']);
  await connectWebSocket(t, `${wherry.webSocketUrl}/feed/b`);
});

const BIG = 60_000;

const textOf = (i) => `${String(i).padStart(5, '0')} ${'x'.repeat(BIG)}`;

async function flood(publisher, count) {
  for (let i = 0; i < count; i++) {
    await publisher.send(textOf(i));
    await publisher.message();
  }
}

test('who reads too slowly is closed, and nobody waits for it', async (t) => {
  const [wherry, elsewhere] = await startMachines(t, feedRoute('queue: { messages: 20, bytes: 100MiB }'));
  const publisher = await connectWebSocket(t, `${wherry.webSocketUrl}/feed/a`);
  const slow = await openWebSocket(t, elsewhere, { path: '/feed/a' });
  slow.socket.pause();
  await flood(publisher, 250);
  const line = await elsewhere.accessLine({ reason: 'subscriber_slow' });
  assert.deepEqual([line.close_code, line.ended_by], [1013, 'wherry']);
});

test('drop_oldest: a gap, and on with what is there', async (t) => {
  const [wherry, elsewhere] = await startMachines(t, `limits: { exempt: [127.0.0.0/8], min_rate: off }
${feedRoute('queue: { messages: 5, bytes: 100MiB }\nslow: drop_oldest')}`);
  const publisher = await connectWebSocket(t, `${wherry.webSocketUrl}/feed/a`);
  const stream = await openEventStream(t, `${elsewhere.url}/feed/a`);
  await stream.item();
  stream.response.pause();
  await flood(publisher, 250);
  stream.response.resume();
  await publisher.send('last');
  const events = [];
  while (events.at(-1)?.data !== 'last') events.push(await stream.event());
  const gap = events.findIndex(({ event }) => event === 'gap');
  assert.ok(gap > 0, 'a gap, somewhere in the middle');
  const numbers = events.filter(({ event }) => !event).map(({ data }) => data.slice(0, 5));
  assert.deepEqual(numbers, [...numbers].sort());
  assert.ok(numbers.length < 250, `${numbers.length} of 250 came`);
  assert.equal(numbers.at(-2), '00249');
});

test('latest: the newest of each key, and no gap', async (t) => {
  const [wherry, elsewhere] = await startMachines(t, `limits: { exempt: [127.0.0.0/8], min_rate: off }
${feedRoute('queue: { messages: 5, bytes: 100MiB }\nslow: latest')}
  - match: { path: /publish }
    publish: { channel: "feed:a", key: "{query.key}" }
`);
  const publisher = new Publisher(t, `${wherry.url}/publish?key=often`);
  const once = new Publisher(t, `${wherry.url}/publish?key=once`);
  const stream = await openEventStream(t, `${elsewhere.url}/feed/a`);
  await stream.item();
  stream.response.pause();
  const count = 250;
  for (let i = 0; i < count; i++) await (i === 100 ? once : publisher).post(textOf(i));
  stream.response.resume();
  const numbers = [];
  while (numbers.at(-1) !== count - 1) {
    const { event, data } = await stream.event();
    assert.equal(event, undefined);
    numbers.push(Number(data.slice(0, 5)));
  }
  assert.ok(numbers.includes(100), 'the only one of its key');
  assert.ok(numbers.length < count, `${numbers.length} of ${count} came`);
  assert.deepEqual(numbers, [...numbers].sort((a, b) => a - b));
});

test('what was published by one who left is not lost', async (t) => {
  const [wherry, elsewhere] = await startMachines(t, feedRoute());
  const stays = await connectWebSocket(t, `${wherry.webSocketUrl}/feed/a`);
  for (let i = 0; i < 20; i++) {
    const goes = await connectWebSocket(t, `${elsewhere.webSocketUrl}/feed/a`);
    await goes.send(String(i));
    goes.socket.close();
    assert.equal(await stays.text(), String(i));
  }
  await eventually(() => elsewhere.accessLines.filter(({ reason }) => reason === 'client_closed').length === 20, '20 ends');
});
