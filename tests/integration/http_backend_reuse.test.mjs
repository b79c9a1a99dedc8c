// SPDX-License-Identifier: MIT
// A backend that closes kept-alive connections whenever it likes costs no client an error,
// and no request that may not be repeated is sent twice.

import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';

import { scriptedBackend } from './support/backends.mjs';
import { within } from './support/deadline.mjs';
import { exchange, readRequest, requestText, responseText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { forwardTo, startWherry } from './support/wherry.mjs';

const REQUESTS = 5000;
const CLIENTS = 8;

test('a backend that closes idle connections at random', async (t) => {
  const posts = new Map();
  let chance = 1;
  const random = () => (chance = (chance * 48_271) % 2_147_483_647) / 2_147_483_647;
  const backend = await scriptedBackend(t, async (peer) => {
    for (;;) {
      const request = await readRequest(peer).catch(() => null);
      if (!request) return void peer.destroy();
      if (request.method === 'POST') posts.set(request.target, (posts.get(request.target) ?? 0) + 1);
      await peer.send(responseText(200, {}, request.target));
      if (random() > 0.1) continue;
      if (random() < 0.3) return void peer.reset();
      peer.end();
      return undefined;
    }
  });
  const wherry = await startWherry(t, forwardTo(backend));
  const agent = new http.Agent({ keepAlive: true, maxSockets: CLIENTS });
  t.after(() => agent.destroy());

  function ask(method, path) {
    return new Promise((resolve, reject) => {
      const request = http.request(`${wherry.url}${path}`, { method, agent }, async (response) => {
        resolve({ status: response.statusCode, body: (await response.toArray()).join('') });
      });
      request.on('error', reject).end(method === 'POST' ? 'once' : undefined);
    });
  }

  const statuses = new Map();
  let next = 0;
  async function client() {
    while (next < REQUESTS) {
      const number = next++;
      const method = number % 10 === 9 ? 'POST' : 'GET';
      const { status, body } = await ask(method, `/${number}`);
      const key = `${method} ${status}`;
      statuses.set(key, (statuses.get(key) ?? 0) + 1);
      if (status === 200) assert.equal(body, `/${number}`, 'each gets its own answer');
    }
  }
  await within(Promise.all(Array.from({ length: CLIENTS }, client)), 'all requests', 300_000);

  assert.equal(statuses.get('GET 200'), REQUESTS * 0.9, `GETs without error: ${JSON.stringify([...statuses])}`);
  assert.deepEqual([...posts].filter(([, count]) => count > 1), [], 'POSTs that arrived twice');
  assert.ok(backend.peers.length > 10, 'connections were really closed');
});

test('a POST on a connection that the backend closes is answered, not repeated', async (t) => {
  let posts = 0;
  const backend = await scriptedBackend(t, async (peer) => {
    const first = await readRequest(peer);
    await peer.send(responseText(200, {}, 'first'));
    if (first.method === 'POST') return;
    await readRequest(peer);
    posts++;
    peer.reset();
  });
  const wherry = await startWherry(t, forwardTo(backend));
  const peer = await connect(t, wherry.port);
  await exchange(peer, requestText('GET', '/'));
  const response = await exchange(peer, requestText('POST', '/pay', { 'Content-Length': 1 }, '1'));
  assert.ok(posts <= 1);
  assert.ok(response.status === 502 || response.body.toString() === 'first');
  if (posts === 1) assert.equal(response.status, 502);
});

test('a GET cut on a reused connection is sent again, once', async (t) => {
  const targets = [];
  const backend = await scriptedBackend(t, async (peer, index) => {
    targets.push((await readRequest(peer)).target);
    await peer.send(responseText(200, {}, `from ${index}`));
    if (index > 0) return;
    targets.push((await readRequest(peer)).target);
    peer.reset();
  });
  const wherry = await startWherry(t, forwardTo(backend));
  const peer = await connect(t, wherry.port);
  await exchange(peer, requestText('GET', '/one'));
  const response = await exchange(peer, requestText('GET', '/two'));
  assert.deepEqual([response.status, response.body.toString()], [200, 'from 1']);
  assert.deepEqual(targets, ['/one', '/two', '/two']);
});
