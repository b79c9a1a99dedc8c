// SPDX-License-Identifier: MIT
// How servers are chosen besides turns and open connections: at random, by a hash, backups when
// nobody else can, not at all while down, and slowly at first.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';

import { httpBackend, scriptedBackend } from './support/backends.mjs';
import { askControl } from './support/control.mjs';
import { eventually } from './support/deadline.mjs';
import { acceptWebSocket, openWebSocket } from './support/frames.mjs';
import { countEach, groupOf, namedServers, whoAnswers } from './support/groups.mjs';
import { connect } from './support/peer.mjs';
import { freePorts, startWherry } from './support/wherry.mjs';

/** Each path's server, all over one connection. */
async function serversOf(t, wherry, paths) {
  const peer = await connect(t, wherry.port);
  const found = [];
  for (const path of paths) found.push((await whoAnswers(t, wherry, path, {}, peer)).server);
  peer.destroy();
  return found;
}

/** The same configuration, but for those words. */
async function reloadWith(t, wherry, from, to) {
  writeFileSync(wherry.configPath, wherry.configText.replace(from, to));
  assert.equal((await askControl(t, wherry, { verb: 'reload' })).ok, true);
}

const accept = (peer) => acceptWebSocket(peer);

for (const [balance, spread] of [['least_connections', 0], ['random_two', 6]]) {
  test(`${balance} evens out WebSockets over two workers`, async (t) => {
    const servers = await Promise.all([1, 2, 3].map(() => scriptedBackend(t, accept)));
    const wherry = await startWherry(t, groupOf(servers, { balance, top: 'workers: 2' }));
    for (let i = 0; i < 90; i++) await openWebSocket(t, wherry);
    for (const { sockets } of servers) assert.ok(Math.abs(sockets.size - 30) <= spread, `${sockets.size} of 30`);
  });
}

test('hash:path, query, header and cookie keep to a server, over two workers', async (t) => {
  const asks = [
    ['hash:path', (i) => [`/${i}`, {}]],
    ['hash:query=room', (i) => [`/${i % 2}?x=${Math.random()}&room=${i}`, {}]],
    ['hash:header=X-User', (i) => ['/', { 'X-User': `${i}` }]],
    ['hash:cookie=id', (i) => ['/', { Cookie: `a=b; id=${i}` }]],
  ];
  const servers = await namedServers(t, 3);
  for (const [balance, ask] of asks) {
    const wherry = await startWherry(t, groupOf(servers, { balance, top: 'workers: 2' }));
    const found = [];
    for (let round = 0; round < 2; round++) {
      found[round] = [];
      for (let i = 0; i < 60; i++) found[round].push((await whoAnswers(t, wherry, ...ask(i))).server);
    }
    assert.deepEqual(found[1], found[0], balance);
    for (const count of countEach(found[0], 3)) assert.ok(count > 5, `${balance}: ${countEach(found[0], 3)}`);
  }
});

test('hash:ip goes by the client that a trusted proxy names', async (t) => {
  const servers = await namedServers(t, 3);
  const top = 'trusted_proxies: [127.0.0.1]';
  const wherry = await startWherry(t, groupOf(servers, { balance: 'hash:ip', top }));
  const found = new Set();
  for (let i = 1; i <= 20; i++) {
    const fields = { 'X-Forwarded-For': `192.0.2.${i}` };
    const first = await whoAnswers(t, wherry, '/', fields);
    assert.equal((await whoAnswers(t, wherry, '/b', fields)).server, first.server);
    found.add(first.server);
  }
  assert.equal(found.size, 3);
});

test('a server that is added takes its share of the keys and moves no other', async (t) => {
  const servers = await namedServers(t, 5);
  const paths = Array.from({ length: 500 }, (_, i) => `/${i}`);
  const four = servers.slice(0, 4);
  const wherry = await startWherry(t, groupOf(four, { balance: 'hash:path' }));
  const before = await serversOf(t, wherry, paths);
  const last = `      - { url: "${servers[3].url}" }`;
  await reloadWith(t, wherry, last, `${last}\n      - { url: "${servers[4].url}" }`);
  await eventually(async () => (await serversOf(t, wherry, paths.slice(0, 40))).includes(4), 'the new one is asked');
  const after = await serversOf(t, wherry, paths);
  const moved = paths.filter((_, i) => after[i] !== before[i]);
  assert.ok(after.every((server, i) => server === before[i] || server === 4));
  assert.ok(moved.length > 60 && moved.length < 140, `${moved.length} of 500 moved, about 100 expected`);
});

test('backups answer while nobody else can, and those who are down never', async (t) => {
  const [port] = await freePorts(1);
  const servers = [{ url: `http://127.0.0.1:${port}` }, ...await namedServers(t, 2)];
  const each = (index) => ['', 'backup: true', 'down: true'][index];
  const wherry = await startWherry(t, groupOf(servers, { each }));
  for (let i = 0; i < 6; i++) assert.equal((await whoAnswers(t, wherry)).server, 0, 'the backup');
  await httpBackend(t, (_, response) => response.setHeader('X-Server', '7').end(), { port });
  await eventually(async () => (await whoAnswers(t, wherry)).server === 7, 'the first one is back');
  for (let i = 0; i < 6; i++) assert.equal((await whoAnswers(t, wherry)).server, 7);
  assert.equal(servers[2].requests.length, 0);
});

test('a server that is added starts slowly', async (t) => {
  const servers = await namedServers(t, 3);
  const two = servers.slice(0, 2);
  const wherry = await startWherry(t, groupOf(two, { group: 'slow_start: 1h' }));
  const last = `      - { url: "${servers[1].url}" }`;
  await reloadWith(t, wherry, last, `${last}\n      - { url: "${servers[2].url}" }`);
  await eventually(async () => {
    await serversOf(t, wherry, Array(20).fill('/'));
    return servers[2].requests.length > 0;
  }, 'the new one is asked');
  const counts = countEach(await serversOf(t, wherry, Array(600).fill('/')), 3);
  assert.ok(counts[2] > 5 && counts[2] < 50, `${counts}: about a tenth of 200 expected`);
  assert.ok(counts[0] > 240 && counts[1] > 240, `${counts}`);
});
