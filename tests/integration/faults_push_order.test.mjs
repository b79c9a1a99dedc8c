// SPDX-License-Identifier: MIT
// A call fails while messages are published, and clients go on where they were (SECURITY S6,
// S7): nobody gets a message twice or out of order, or misses one without being told or ended.

import assert from 'node:assert/strict';

import { PATIENCE_MS, pause, within } from './support/deadline.mjs';
import { openEventStream, poll } from './support/subscribe.mjs';
import { torture } from './support/torture.mjs';
import { startWherry } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

const KINDS = [['alloc', 'ENOMEM'], ['send', 'EPIPE']];

function start(t, options) {
  return startWherry(t, ({ ports }) => `
workers: 2
status: 127.0.0.1:${ports[1]}
listeners: [{ address: "127.0.0.1:${ports[0]}" }]
routes:
  - match: { path: /feed/, method: POST }
    publish: { channel: "{path.1}" }
  - match: { path: /feed/ }
    subscribe: { channel: "{path.1}", publish: true, presence: count, start: history }
`, { ...options, ports: 2 });
}

async function publish(wherry, path, body) {
  const response = await fetch(`${wherry.url}${path}`, { method: 'POST', body, headers: { Connection: 'close' }, signal: AbortSignal.timeout(PATIENCE_MS) });
  return { status: response.status, ...JSON.parse(await response.text()) };
}

/** What a client got, in order: of what was surely published, nothing is missing in between. */
function assertInOrder(got, published, what) {
  got.forEach((number, i) => {
    const former = got[i - 1];
    if (i === 0 || former === 'gap' || number === 'gap') return;
    const missing = published.filter((one) => one > former && one < number);
    assert.ok(number > former && missing.length === 0, `${what}: ${got} of ${published}`);
  });
}

async function act(t, wherry, id) {
  const path = `/feed/${encodeURIComponent(id)}`;
  const url = `${wherry.url}${path}`;
  const socket = await connectWebSocket(t, `${wherry.webSocketUrl}${path}`).catch(() => null);
  const stream = await openEventStream(t, url).catch(() => null);
  const waiting = poll(url, { Prefer: 'wait=1' }).catch(() => null);
  const published = [];
  for (const number of [1, 2]) {
    const answer = await publish(wherry, path, String(number)).catch(() => null);
    if (answer?.status === 200) published.push(number);
  }
  await socket?.send('3').catch(() => null);
  await pause(50); // some of it may never come
  const [first] = stream?.items.filter(({ data }) => data === '1') ?? [];
  const back = await openEventStream(t, url, first && { 'Last-Event-ID': first.id }).catch(() => null);
  await pause(50);
  if (socket) assertInOrder(socket.messages.map(({ data }) => Number(data)), published, 'the socket');
  for (const one of [stream, back]) {
    const events = one?.items.filter(({ data, event }) => data !== undefined && event !== 'presence') ?? [];
    assertInOrder(events.map(({ event, data }) => (event === 'gap' ? 'gap' : Number(data))), published, 'the stream');
    one?.request.destroy();
  }
  socket?.socket.terminate();
  await waiting;
}

/** The next message. */
async function data(stream) {
  for (;;) {
    const event = await stream.event();
    if (!event.event) return event;
  }
}

async function serves(t, wherry, id) {
  const path = `/feed/${encodeURIComponent(`serves ${id}`)}`;
  const socket = await connectWebSocket(t, `${wherry.webSocketUrl}${path}`);
  const stream = await openEventStream(t, `${wherry.url}${path}`);
  await socket.send('1');
  assert.equal(await socket.text(), '1');
  const { id: first, data: text } = await data(stream);
  assert.equal(text, '1');
  const answer = await publish(wherry, path, '2');
  assert.deepEqual([answer.status, answer.subscribers], [200, 2]);
  assert.equal(await socket.text(), '2');
  const { status, body } = await poll(`${wherry.url}${path}`, { 'If-None-Match': `"${first}"` });
  assert.deepEqual([status, body], [200, '2']);
  stream.request.destroy();
  socket.socket.close();
  await within(socket.closed(), 'the socket closes');
}

torture('order', { kinds: KINDS, start, act, serves, sparse: 10 });
