// SPDX-License-Identifier: MIT
// One call made to fail, the first, the second and so on to the last, while clients subscribe
// over every transport and publish: the program lives, nothing leaks, and the next ones get
// everything.

import assert from 'node:assert/strict';
import http from 'node:http';
import WebSocket from 'ws';

import { within } from './support/deadline.mjs';
import { feedRoute, openEventStream, poll } from './support/subscribe.mjs';
import { torture } from './support/torture.mjs';
import { startWherry } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

const KINDS = [['alloc', 'ENOMEM'], ['send', 'EPIPE'], ['send', undefined], ['recv', 'ECONNRESET'], ['recv', undefined], ['epoll', 'ENOMEM']];

/** Until it has an answer, a gap at least, or its end. */
const talk = (url, text) => within(new Promise((resolve) => {
  const socket = new WebSocket(url, ['wherry.v1']);
  socket.on('error', resolve).on('close', resolve).on('open', () => socket.send(text))
    .on('message', () => { socket.close(); });
}), 'a WebSocket ends');

/** The first event, or its end. */
const listen = (url) => within(new Promise((resolve) => {
  const request = http.get(url, { headers: { Accept: 'text/event-stream', 'Last-Event-ID': '1' }, agent: false }, (response) => {
    response.on('data', (text) => { if (/^data/m.test(text)) request.destroy(); }).on('error', resolve).on('close', resolve);
  });
  request.on('error', resolve);
}), 'an event stream ends');

async function act(t, wherry, id) {
  const path = `/feed/${id}`;
  await talk(`${wherry.webSocketUrl}${path}`, `{"data": "${'x'.repeat(3000)}"}`);
  await talk(`${wherry.webSocketUrl}${path}?last_event_id=1`, '{"data": 1}');
  await poll(`${wherry.url}${path}?wait=0`, { 'If-None-Match': '"1"' }).catch(() => {});
  await poll(`${wherry.url}${path}?envelope&wait=0`, { 'If-None-Match': '"1"' }).catch(() => {});
  // Whatever became of the others, there is something to hear now.
  await talk(`${wherry.webSocketUrl}/feed/always`, '{"data": 2}');
  await listen(`${wherry.url}/feed/always?last_event_id=0`);
}

async function serves(t, wherry, id) {
  const url = `/feed/after${id}`.replace(' ', '');
  const client = await connectWebSocket(t, `${wherry.webSocketUrl}${url}`);
  const stream = await openEventStream(t, `${wherry.url}${url}`);
  await stream.item();
  await client.send('all is well');
  assert.equal(await client.text(), 'all is well');
  assert.equal((await stream.event()).data, 'all is well');
  assert.equal((await poll(`${wherry.url}${url}?last_event_id=0`)).body, 'all is well');
  client.socket.terminate();
  stream.request.destroy();
}

torture('subscribers', {
  kinds: KINDS,
  start: (t, options) => startWherry(t, (wherry) =>
    `status: "127.0.0.1:${wherry.ports[1]}"\n${feedRoute('keep_alive: 100ms\nwait: 100ms')}`, { ports: 2, ...options }),
  act,
  serves,
  sparse: 8,
});
