// SPDX-License-Identifier: MIT
// Messages are published without a pause while the configuration and the number of workers
// change, and while Wherry stops and another one starts: who resumes gets every message once
// and in order, and is told of a gap where another one begins that knows nothing of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { httpBackend } from './support/backends.mjs';
import { brokerName, startMachines, testOnce } from './support/brokers.mjs';
import { askControl } from './support/control.mjs';
import { eventually, pause, within } from './support/deadline.mjs';
import { Follower, Publisher, TRANSPORTS } from './support/followers.mjs';
import { startWherry } from './support/wherry.mjs';

const EACH = 4; // followers of each transport

const site = ({ workers = 2, more = '', listeners = '' } = {}) => ({ ports }) => `
workers: ${workers}
drain: { window: 200ms, timeout: 5s, reload: { window: 200ms, timeout: 5s } }
listeners:
  - address: 127.0.0.1:${ports[0]}
${listeners}
routes:
${more}
  - match: { path: /feed, method: POST }
    publish: { channel: feed, history: { messages: 100000, bytes: 64MiB } }
  - match: { path: /feed }
    subscribe: { channel: feed, start: history, history: { messages: 100000, bytes: 64MiB } }
`;

function follow(t, ...wherries) {
  const urls = wherries.map(({ url }) => `${url}/feed`);
  return TRANSPORTS.flatMap((transport) => Array.from({ length: EACH }, () => new Follower(t, urls, transport)));
}

/** Publishes until stopped; a post that a closing connection took with it is tried again. */
function publishAlways(publisher) {
  let isStopped = false;
  const work = (async () => {
    while (!isStopped) {
      await publisher.publish().catch(() => publisher.refused++);
      await pause(2);
    }
  })();
  return async () => {
    isStopped = true;
    await work;
  };
}

async function haveAll(followers, last) {
  const late = () => followers.find(({ next }) => next !== last);
  await eventually(() => !late(), () => {
    const { transport, next, attempts, errors } = late();
    return `all have ${last} messages: ${JSON.stringify({ transport, next, attempts, errors: errors.slice(0, 3) })}`;
  });
}

test('reloads and other numbers of workers', async (t) => {
  const [wherry, elsewhere] = await startMachines(t, site());
  const publisher = new Publisher(t, `${wherry.url}/feed`);
  const followers = follow(t, wherry, elsewhere);
  const stop = publishAlways(publisher);
  const changes = [
    { workers: 3 }, { workers: 1 }, { workers: 1, more: '  - { match: { path: /old/ }, redirect: { to: /new } }' },
    { workers: 4 }, {},
  ];
  for (const change of changes) {
    const before = publisher.next;
    wherry.writeConfiguration(site(change));
    assert.equal((await askControl(t, wherry, { verb: 'reload' })).ok, true);
    await eventually(() => publisher.next > before + 20, 'messages are published after a reload');
  }
  await stop();
  await haveAll(followers, publisher.next);
  assert.equal(publisher.refused, 0);
  for (const { transport, errors, gaps, received } of followers) {
    assert.deepEqual({ errors, gaps, received }, { errors: [], gaps: 0, received: publisher.next }, transport);
  }
});

testOnce('live polls while workers come and go, most often while one asks the backend', async (t) => {
  const backend = await httpBackend(t, async (request, response) => {
    await pause(200);
    response.end('live');
  });
  const live = (workers) => `
workers: ${workers}
drain: { reload: { window: 0s, timeout: 1s } }
routes:
  - { live: { interval: 50ms }, to: app }
upstreams:
  app: { servers: [{ url: "${backend.url}" }] }
`;
  const wherry = await startWherry(t, live(3));
  for (const workers of [1, 3, 2, 4, 1]) {
    const polls = Array.from({ length: 20 }, () => fetch(wherry.url, { headers: { Connection: 'close' } }));
    for (const poll of polls) assert.equal((await within(poll, 'a poll is answered')).status, 200);
    wherry.writeConfiguration(live(workers));
    assert.equal((await askControl(t, wherry, { verb: 'reload' })).ok, true);
  }
});

test('one Wherry stops, and another takes its place', async (t) => {
  const prefix = 'places';
  const first = await startWherry(t, site(), { prefix });
  const publisher = new Publisher(t, `${first.url}/feed`);
  const followers = follow(t, first);
  const stop = publishAlways(publisher);
  await eventually(() => followers.every(({ received }) => received > 0), 'all have begun');
  first.signal('SIGTERM');
  await first.ended();
  for (const { closes } of followers.filter(({ transport }) => transport === 'websocket')) {
    assert.ok([1001, 1012].includes(closes[0]), `closed with ${closes}`);
  }
  await startWherry(t, site({ listeners: `  - address: 127.0.0.1:${first.port}` }), { prefix });
  const gap = brokerName() === 'redis' ? 0 : 1; // which remembers what the first one told
  await eventually(() => followers.every(({ gaps }) => gaps === gap), 'all are told of a gap');
  const before = publisher.next; // or nothing may come behind the gap
  await eventually(() => publisher.next > before, 'the other one has messages');
  await stop();
  await haveAll(followers, publisher.next);
  for (const { transport, errors, gaps } of followers) assert.deepEqual({ errors, gaps }, { errors: [], gaps: gap }, transport);
});
