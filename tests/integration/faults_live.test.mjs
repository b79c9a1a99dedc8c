// SPDX-License-Identifier: MIT
// One call made to fail, the first, the second and so on to the last, while a live URL is
// polled and followed over every transport, changes and turns private: the program lives,
// nothing leaks, and the next ones get everything.

import assert from 'node:assert/strict';
import http from 'node:http';
import WebSocket from 'ws';

import { within } from './support/deadline.mjs';
import { get, liveBackend, liveRoute } from './support/live.mjs';
import { torture } from './support/torture.mjs';
import { startWherry } from './support/wherry.mjs';

const KINDS = [['alloc', 'ENOMEM'], ['send', 'EPIPE'], ['send', undefined], ['recv', 'ECONNRESET'], ['recv', undefined], ['epoll', 'ENOMEM'], ['connect', 'ECONNREFUSED']];

/** Until it has the second message, or its end: what is left out must not make it wait. */
const follow = (url) => within(new Promise((resolve) => {
  let count = 0;
  const socket = new WebSocket(url, ['wherry.v1']);
  socket.on('error', resolve).on('close', resolve).on('message', () => { if (++count === 2) socket.close(); });
  setTimeout(() => socket.terminate(), 1000).unref();
}), 'a WebSocket ends');

const listen = (url) => within(new Promise((resolve) => {
  const request = http.get(url, { headers: { Accept: 'text/event-stream' }, agent: false }, (response) => {
    response.on('data', (text) => { if (/^data/m.test(text)) request.destroy(); }).on('error', resolve).on('close', resolve);
  });
  request.on('error', resolve).on('close', resolve);
  setTimeout(() => request.destroy(), 1000).unref();
}), 'an event stream ends');

let backend;

async function start(t, options) {
  let count = 0;
  backend = await liveBackend(t);
  backend.answer = ({ url }, response) => {
    const headers = url.startsWith('/private') ? { 'Set-Cookie': 'a=1' } : { 'Content-Type': 'application/json' };
    response.writeHead(200, headers).end(`{"title":"a title that is long enough","n":${url.startsWith('/same') ? 0 : count++}}`);
    return true;
  };
  return startWherry(t, (wherry) => `status: "127.0.0.1:${wherry.ports[1]}"
timeouts: { connect: 2s, response: 2s, keep_alive: 2s }
${liveRoute(backend, 'patch: merge, wait: 100ms').replace('200ms', '20ms').replace('}] }', '}], pool: { idle: 300ms } }')}`, { ports: 2, ...options });
}

const ask = (wherry, path, headers) => get(wherry.port, path, headers, { agent: false }).catch(() => {});

async function act(t, wherry, id) {
  const path = `/${encodeURIComponent(id)}`;
  await ask(wherry, path);
  await Promise.all([ask(wherry, path, { 'If-None-Match': '"1"', Prefer: 'wait=1' }),
    ask(wherry, `${path}?wait=1`, { 'If-None-Match': '*' }), ask(wherry, `/private${path}`), ask(wherry, `/private${path}`)]);
  await Promise.all([follow(`${wherry.webSocketUrl}${path}?patch=merge`), listen(`${wherry.url}${path}`)]);
}

async function serves(t, wherry, id) {
  const path = `/same/${encodeURIComponent(id)}`;
  for (let i = 0; i < 2; i++) {
    const answer = await within(get(wherry.port, path, {}, { agent: false }), 'a live answer');
    assert.equal(answer.status, 200);
    assert.equal(JSON.parse(answer.body).n, 0);
  }
}

torture('a live URL', { kinds: KINDS, start, act, serves, sparse: 12 });
