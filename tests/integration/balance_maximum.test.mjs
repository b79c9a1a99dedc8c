// SPDX-License-Identifier: MIT
// max_connections of each server holds over all workers; who is too many waits in line, and gets
// 503 when the line or the wait is too long.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { test } from 'node:test';

import { scriptedBackend } from './support/backends.mjs';
import { cleanup } from './support/cleanup.mjs';
import { eventually } from './support/deadline.mjs';
import { acceptWebSocket, openWebSocket, upgradeRequest } from './support/frames.mjs';
import { groupOf, namedServers } from './support/groups.mjs';
import { readResponse, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { parseMetrics } from './support/prometheus.mjs';
import { freePorts, startWherry } from './support/wherry.mjs';

/** Servers that answer when told to; held: the answers that are owed, in order. */
async function heldServers(t, count) {
  const held = [];
  const all = { held, most: Array(count).fill(0), now: Array(count).fill(0) };
  all.servers = await namedServers(t, count, (request, response, index) => {
    all.most[index] = Math.max(all.most[index], ++all.now[index]);
    held.push({ url: request.url, answer: () => { all.now[index]--; response.end(); } });
  });
  return all;
}

async function ask(t, wherry, path) {
  const peer = await connect(t, wherry.port);
  await peer.send(requestText('GET', path));
  return peer;
}

function start(t, servers, group, maximum, workers = 2) {
  return startWherry(t, ({ ports }) => groupOf(servers, {
    balance: 'least_connections',
    top: `workers: ${workers}\nstatus: "127.0.0.1:${ports[1]}"\nlisteners: [{ address: "127.0.0.1:${ports[0]}" }]`,
    group,
    each: () => `max_connections: ${maximum}`,
  }), { ports: 2 });
}

async function waiting(wherry) {
  const response = await fetch(`http://127.0.0.1:${wherry.ports[1]}/metrics`);
  return parseMetrics(await response.text()).samples.get('wherry_backend_waiting');
}

test('requests beyond the maximum wait in line and are answered in order', async (t) => {
  const all = await heldServers(t, 2);
  const wherry = await start(t, all.servers, 'queue: { size: 20, timeout: 1m }', 2);
  const peers = [];
  for (let i = 0; i < 4; i++) peers.push(await ask(t, wherry, `/${i}`));
  await eventually(() => all.held.length === 4, 'four are with the servers');
  for (let i = 4; i < 10; i++) {
    peers.push(await ask(t, wherry, `/${i}`));
    await eventually(async () => await waiting(wherry) === i - 3, `${i - 3} wait`);
  }
  assert.equal(all.held.length, 4);
  for (let i = 0; i < 6; i++) {
    all.held[i].answer();
    await eventually(() => all.held.length > 4 + i, 'the next one is with a server');
    assert.equal(all.held[4 + i].url, `/${4 + i}`, 'first come, first served');
  }
  for (const { answer } of all.held.slice(6)) answer();
  for (const peer of peers) assert.equal((await readResponse(peer)).status, 200);
  assert.deepEqual(all.most, [2, 2]);
  assert.equal(await waiting(wherry), 0);
});

test('503 for one too many in line, and for one that waited too long', async (t) => {
  const all = await heldServers(t, 1);
  const wherry = await start(t, all.servers, 'queue: { size: 1, timeout: 3s }', 1);
  const first = await ask(t, wherry, '/first');
  await eventually(() => all.held.length === 1, 'the first one is with the server');
  const second = await ask(t, wherry, '/second');
  await eventually(async () => await waiting(wherry) === 1, 'the second one waits');
  const third = await readResponse(await ask(t, wherry, '/third'));
  assert.equal(third.status, 503);
  assert.equal(third.headers.get('retry-after'), '1');
  assert.match(third.body.toString(), /max_connections/);
  assert.equal((await readResponse(second)).status, 503);
  await wherry.accessLine({ path: '/second', reason: 'overload' });
  all.held[0].answer();
  assert.equal((await readResponse(first)).status, 200);
  assert.equal(all.held.length, 1);
});

test('a client that goes away leaves the line', async (t) => {
  const all = await heldServers(t, 1);
  const wherry = await start(t, all.servers, 'queue: { size: 9, timeout: 1m }', 1);
  const first = await ask(t, wherry, '/first');
  await eventually(() => all.held.length === 1, 'the first one is with the server');
  const second = await ask(t, wherry, '/second');
  await eventually(async () => await waiting(wherry) === 1, 'the second one waits');
  const third = await ask(t, wherry, '/third');
  await eventually(async () => await waiting(wherry) === 2, 'the third one waits');
  second.reset();
  await eventually(async () => await waiting(wherry) === 1, 'the second one has left');
  all.held[0].answer();
  await eventually(() => all.held.length === 2, 'the third one is with the server');
  assert.equal(all.held[1].url, '/third');
  all.held[1].answer();
  for (const peer of [first, third]) assert.equal((await readResponse(peer)).status, 200);
});

test('WebSockets hold their place; a handshake beyond them waits, or gets 503', async (t) => {
  const server = await scriptedBackend(t, (peer) => acceptWebSocket(peer));
  const wherry = await start(t, [server], 'queue: { size: 1, timeout: 1m }', 2);
  const [one] = [await openWebSocket(t, wherry), await openWebSocket(t, wherry)];
  const late = await connect(t, wherry.port);
  await late.send(upgradeRequest('/late', {}));
  await eventually(async () => await waiting(wherry) === 1, 'a handshake waits');
  const refused = await connect(t, wherry.port);
  await refused.send(upgradeRequest('/refused', {}));
  assert.equal((await readResponse(refused)).status, 503);
  one.destroy();
  assert.equal((await readResponse(late)).status, 101);
});

test('many clients of many workers never pass the maximum', async (t) => {
  const now = [0, 0];
  const most = [0, 0];
  const servers = await namedServers(t, 2, (_, response, index) => {
    most[index] = Math.max(most[index], ++now[index]);
    setTimeout(() => { now[index]--; response.end(); }, 3);
  });
  const wherry = await start(t, servers, 'queue: { size: 1000, timeout: 1m }', 3, 3);
  const statuses = await Promise.all(Array.from({ length: 60 }, async () => {
    const peer = await connect(t, wherry.port);
    const seen = [];
    for (let i = 0; i < 10; i++) {
      await peer.send(requestText('GET', '/'));
      seen.push((await readResponse(peer)).status);
    }
    return seen;
  }));
  assert.deepEqual(new Set(statuses.flat()), new Set([200]));
  assert.deepEqual(most, [3, 3]);
});

test('who waits gets the server that is up again, while all others stay full', async (t) => {
  const held = await heldServers(t, 1);
  const [port] = await freePorts(1);
  const wherry = await start(t, [...held.servers, { url: `http://127.0.0.1:${port}` }],
    'queue: { timeout: 30s }\nhealth_check: { interval: 100ms, rise: 1 }', 1);
  await eventually(() => /is down/.test(wherry.stderr), 'one of them is down');
  await ask(t, wherry, '/first');
  await eventually(() => held.held.length === 1, 'the other one is full');
  const waits = [await ask(t, wherry, '/waits'), await ask(t, wherry, '/waits')];
  const server = http.createServer((request, response) => response.end('back')).listen(port, '127.0.0.1');
  cleanup(t, () => { server.close(); server.closeAllConnections(); });
  await once(server, 'listening');
  for (const peer of waits) assert.equal((await readResponse(peer)).status, 200);
  held.held[0].answer();
});
