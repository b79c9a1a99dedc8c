// SPDX-License-Identifier: MIT
// One call made to fail, the first, the second and so on to the last, while messages are
// published, subscribers of every transport come and go and a live URL is polled (SECURITY
// S6, S7): the program lives, nothing leaks, and what comes after is served as before.

import assert from 'node:assert/strict';
import http from 'node:http';

import { httpBackend } from './support/backends.mjs';
import { eventually, within } from './support/deadline.mjs';
import { Follower, Publisher, TRANSPORTS } from './support/followers.mjs';
import { torture } from './support/torture.mjs';
import { startWherry } from './support/wherry.mjs';

const BRIEF_MS = 400; // for what may never come while a call fails

const site = (backend) => ({ ports }) => `
status: 127.0.0.1:${ports[1]}
timeouts: { connect: 3s, response: 3s }
routes:
  - match: { path: /feed, method: POST }
    publish: { channel: "feed:{query.c}" }
  - match: { path: /feed }
    subscribe: { channel: "feed:{query.c}", start: history, presence: list }
  - match: { path: /live/ }
    live: { interval: 20ms }
    to: app
upstreams:
  app: { servers: [{ url: "${backend.url}" }], pool: { size: 1 } }
`;

/** One request; null if it fails. */
function ask(port, path, headers = {}) {
  return new Promise((resolve) => {
    const request = http.get({ port, path, headers: { Connection: 'close', ...headers }, timeout: 5000 }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (piece) => (body += piece)).on('error', () => resolve(null));
      response.on('end', () => resolve({ status: response.statusCode, body }));
    });
    request.on('error', () => resolve(null)).on('timeout', () => request.destroy());
  });
}

/** A channel of its own for each id: two messages, of which followers get what they get. */
async function pushes(t, wherry, id, milliseconds) {
  const url = `${wherry.url}/feed?c=${encodeURIComponent(id)}`;
  const publisher = new Publisher(t, url);
  const followers = TRANSPORTS.map((transport) => new Follower(t, url, transport));
  const publish = () => within(publisher.publish(300), 'an answer to what is published').catch(() => {});
  await publish();
  await eventually(() => followers.every(({ received }) => received > 0), 'the first comes', milliseconds).catch(() => {});
  await publish();
  await eventually(() => followers.every(({ next }) => next === 2), 'both come', milliseconds).catch(() => {});
  await Promise.all(followers.map((follower) => follower.stop()));
  publisher.agent.destroy();
  return { published: publisher.next, followers };
}

async function act(t, wherry, id) {
  await ask(wherry.port, `/live/${id}`);
  await pushes(t, wherry, id, BRIEF_MS);
  await ask(wherry.port, `/live/${id}`, { 'If-None-Match': '"x"' });
}

async function serves(t, wherry, id) {
  const { published, followers } = await pushes(t, wherry, `${id} served`);
  assert.equal(published, 2);
  for (const { transport, errors, received } of followers) {
    assert.deepEqual({ errors, received }, { errors: [], received: 2 }, transport);
  }
  const live = await within(ask(wherry.port, `/live/${encodeURIComponent(id)}`), 'a live answer');
  assert.deepEqual(live, { status: 200, body: 'live' });
}

torture('pushing', {
  kinds: [
    ['alloc', 'ENOMEM'], ['send', 'ECONNRESET'], ['send', 'EAGAIN'], ['send', undefined], ['recv', 'ECONNRESET'],
    ['connect', 'ECONNREFUSED'], ['socket', 'EMFILE'], ['epoll', 'ENOMEM'],
  ],
  sparse: Number(process.env.WHERRY_FAULT_SPARSE ?? 12),
  start: async (t, options) => {
    const backend = await httpBackend(t, (request, response) => response.end('live'));
    return startWherry(t, site(backend), { ...options, ports: 2 });
  },
  act,
  serves,
});
