// SPDX-License-Identifier: MIT
// Subscribers of every transport whose connections are cut again and again, at any moment,
// while numbered messages are published in two channels: each gets every message once and
// in order as long as they are remembered, and is told of a gap when they are not.
// WHERRY_RESUMES makes it a longer run.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually, pause } from './support/deadline.mjs';
import { Follower, Publisher, TRANSPORTS } from './support/followers.mjs';
import { skip as noRedis, startRedis } from './support/redis.mjs';
import { startWherry } from './support/wherry.mjs';

const RESUMES = Number(process.env.WHERRY_RESUMES ?? 150);
const EACH = 5; // followers of each transport
const REMEMBERED = 4;

const site = (history, hub) => `
workers: 2
${hub}
routes:
  - match: { path: /feed/, method: POST }
    publish: { channel: "feed:{path.1}", history: ${history} }
  - match: { path: /feed/ }
    subscribe: { channel: ["feed:a", "feed:b"], start: history, history: ${history} }
`;

/** The processes that share the broker. */
async function start(t, broker, history) {
  if (broker === 'local') return [await startWherry(t, site(history, ''))];
  const redis = await startRedis(t);
  const hub = `hub: { broker: redis, url: "${redis.url}" }`;
  return [await startWherry(t, site(history, hub)), await startWherry(t, site(history, hub))];
}

function follow(t, wherries, count) {
  const urls = wherries.map(({ url }) => `${url}/feed/all`);
  return TRANSPORTS.flatMap((transport) => Array.from({ length: count }, () => new Follower(t, urls, transport)));
}

function describe({ transport, next, received, gaps, attempts, errors }) {
  return JSON.stringify({ transport, next, received, gaps, attempts, errors: errors.slice(0, 3) });
}

async function haveAll(followers, last) {
  const late = () => followers.find(({ next }) => next !== last);
  await eventually(() => !late(), () => `all have ${last} messages: ${describe(late())}`);
}

for (const broker of ['local', 'redis']) {
  const skip = broker === 'redis' && noRedis;
  test(`each message once and in order, whatever is cut: ${broker}`, { skip }, async (t) => {
    const wherries = await start(t, broker, '{ messages: 100000, bytes: 64MiB }');
    const [a, b] = ['a', 'b'].map((name, i) => new Publisher(t, `${wherries[i % wherries.length].url}/feed/${name}`));
    const followers = follow(t, wherries, EACH);
    let number = 0;
    for (let kills = 0; kills < RESUMES; kills++) {
      for (let i = 0; i < 4; i++) {
        const publisher = Math.random() < 0.5 ? a : b;
        publisher.next = number++;
        await publisher.publish(Math.random() < 0.1 ? 20_000 : 50);
      }
      followers[Math.floor(Math.random() * followers.length)].kill();
      if (kills % 10 === 0) await pause(1);
    }
    await haveAll(followers, number);
    for (const follower of followers) {
      assert.deepEqual(follower.errors, [], follower.transport);
      assert.equal(follower.gaps, 0, follower.transport);
      assert.equal(follower.received, number, follower.transport);
    }
    const attempts = followers.reduce((sum, follower) => sum + follower.attempts, 0);
    t.diagnostic(`${number} messages, ${attempts} attempts of ${followers.length} followers`);
  });

  test(`who was away for too long is told of a gap: ${broker}`, { skip }, async (t) => {
    const wherries = await start(t, broker, `{ messages: ${REMEMBERED} }`);
    const publisher = new Publisher(t, `${wherries[0].url}/feed/a`);
    await publisher.publish();
    const followers = follow(t, wherries, 1);
    await haveAll(followers, 1);
    followers.forEach((follower) => follower.goAway());
    for (let i = 0; i < REMEMBERED + 3; i++) await publisher.publish();
    followers.forEach((follower) => follower.comeBack());
    await haveAll(followers, publisher.next);
    for (const { transport, gaps, errors, received } of followers) {
      assert.deepEqual({ gaps, errors, received }, { gaps: 1, errors: [], received: 1 + REMEMBERED }, transport);
    }
    // Away, but not for too long.
    followers.forEach((follower) => follower.goAway());
    for (let i = 0; i < REMEMBERED - 1; i++) await publisher.publish();
    followers.forEach((follower) => follower.comeBack());
    await haveAll(followers, publisher.next);
    for (const { transport, gaps, errors } of followers) assert.deepEqual({ gaps, errors }, { gaps: 1, errors: [] }, transport);
  });
}
