// SPDX-License-Identifier: MIT
// Subscribers that never read beside healthy ones: what they hold of memory is bounded,
// whatever the route does with them, and the others get every message, or, where the route
// says so, the newest. What becomes of them is what the route says, too.
// WHERRY_PUSH_LOAD, the path of bench_push, makes it a longer run that measures latency:
// beside 1,000 healthy subscribers.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import readline from 'node:readline';
import { test } from 'node:test';

import { residentBound } from './support/build.mjs';
import { cleanup } from './support/cleanup.mjs';
import { eventually, within } from './support/deadline.mjs';
import { Follower, Publisher, TRANSPORTS } from './support/followers.mjs';
import { requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { residentMemory } from './support/process_stats.mjs';
import { startWherry } from './support/wherry.mjs';

const MIB = 1024 * 1024;
const MESSAGE = 64 * 1024;
const MESSAGES = 250; // far more than two kernels take for one who does not read
const QUEUE = 16;
const REMEMBERED = 4 * MIB;
const HEALTHY = 4; // of each transport

// Neither unanswered pings nor limits.min_rate end who never reads: what its queue does is tested.
const site = (slow) => `
workers: 2
limits: { exempt: [127.0.0.0/8], min_rate: off }
timeouts: { write_stall: 10m }
routes:
  - match: { path: /feed, method: POST }
    publish: { channel: feed, key: "{query.key}", history: { bytes: 4MiB } }
  - match: { path: /feed }
    subscribe: { channel: feed, start: new, history: { bytes: 4MiB }, queue: { messages: ${QUEUE} }, slow: ${slow}, ping: 10m }
`;

const UPGRADE = {
  Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Protocol': 'wherry.v1',
};

/** Reads the head of the answer, and then no more. */
async function startDeaf(t, wherry, headers) {
  const peer = await connect(t, wherry.port);
  peer.socket.write(requestText('GET', '/feed', headers));
  await peer.readUntil('\r\n\r\n');
  peer.socket.pause();
  return peer;
}

async function startAll(t, slow) {
  const wherry = await startWherry(t, site(slow));
  const publisher = new Publisher(t, `${wherry.url}/feed?key=k`);
  const followers = TRANSPORTS.flatMap((transport) =>
    Array.from({ length: HEALTHY }, () => new Follower(t, `${wherry.url}/feed`, transport)));
  followers.forEach((follower) => { follower.mayMiss = slow === 'latest'; });
  // Those who wait longest for their turn begin at the next message.
  await eventually(async () => {
    await publisher.publish();
    return followers.every(({ received }) => received > 0);
  }, 'all followers have begun');
  const deaf = [await startDeaf(t, wherry, UPGRADE), await startDeaf(t, wherry, { Accept: 'text/event-stream' })];
  return { wherry, publisher, followers, deaf };
}

for (const slow of ['close', 'drop_oldest', 'latest']) {
  test(`who never reads holds little, and the others get everything: ${slow}`, async (t) => {
    const { wherry, publisher, followers, deaf } = await startAll(t, slow);
    const before = residentMemory(wherry.pid);
    for (let i = 0; i < MESSAGES; i++) {
      await publisher.publish(MESSAGE);
      // At the pace of healthy readers, who would lag behind as well on a busy machine.
      await eventually(() => followers.every(({ next }) => next > publisher.next - QUEUE / 2),
        () => `followers keep up with ${publisher.next}: ${followers.map(({ transport, next }) => `${transport} ${next}`)}`);
    }
    await eventually(() => followers.every(({ next }) => next === publisher.next), 'all have all');
    const grown = residentMemory(wherry.pid) - before;
    // What is remembered, as it is and in four encodings, and what the allocator keeps; the deaf
    // hold 64 KiB each.
    assert.ok(grown < residentBound(6 * REMEMBERED), `grew by ${(grown / MIB).toFixed(1)} MiB`);
    for (const { transport, errors, gaps } of followers) assert.deepEqual({ errors, gaps }, { errors: [], gaps: 0 }, transport);
    if (slow === 'close') {
      for (let i = 0; i < deaf.length; i++) await wherry.accessLine({ reason: /slow/ });
    } else {
      for (const peer of deaf) await readsOn(peer, publisher, slow);
    }
  });
}

/** It reads again: it gets the newest and, unless it asked for no more, is told of a gap. */
async function readsOn(peer, publisher, slow) {
  const newest = `"n":${publisher.next - 1},`;
  peer.socket.resume();
  await eventually(() => peer.peek().includes(newest), () => `the newest message comes; so far: ${peer.describe()}`);
  assert.equal(peer.peek().includes('gap'), slow === 'drop_oldest');
}

/** Starts the load behind its gate; go() gives what it measured. */
async function startLoad(t, wherry) {
  const child = spawn(process.env.WHERRY_PUSH_LOAD, ['--port', wherry.port, '--case', 'fanout', '--path', '/feed',
    '--publish-path', '/feed?key=k', '--connections', '1000', '--rate', '20', '--seconds', '10'].map(String),
    { stdio: ['pipe', 'pipe', 'inherit'] });
  cleanup(t, () => child.kill());
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async () => JSON.parse((await within(lines.next(), 'the load says something', 60_000)).value);
  await read();
  return async () => {
    child.stdin.write('go\n');
    const result = await read();
    child.stdin.end();
    await once(child, 'exit');
    return result;
  };
}

test('latency of 1,000 beside one who never reads', { skip: !process.env.WHERRY_PUSH_LOAD }, async (t) => {
  const wherry = await startWherry(t, site('drop_oldest'));
  const p99 = [];
  for (let round = 0; round < 3; round++) {
    const alone = await (await startLoad(t, wherry))();
    const go = await startLoad(t, wherry);
    const deaf = await startDeaf(t, wherry, UPGRADE);
    const beside = await go();
    deaf.destroy();
    p99.push(beside.p99_us / alone.p99_us);
    t.diagnostic(`p99 alone ${alone.p99_us} µs, beside ${beside.p99_us} µs`);
  }
  p99.sort((x, y) => x - y);
  assert.ok(p99[1] <= 2, `p99 is ${p99[1].toFixed(2)} times that without`);
});
