// SPDX-License-Identifier: MIT
// Subscriptions as long-polls: ETag is where the next one goes on.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { startMachines, testOnce } from './support/brokers.mjs';
import { exchange, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { feedRoute, poll } from './support/subscribe.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

async function start(t, more = '') {
  const [wherry, elsewhere] = await startMachines(t, feedRoute(more));
  const publisher = await connectWebSocket(t, `${wherry.webSocketUrl}/feed/a`, { protocols: ['wherry.v1'] });
  const publish = async (value) => {
    await publisher.send(JSON.stringify({ data: value }));
    return `"${JSON.parse(await publisher.text()).id}"`;
  };
  return { wherry, publish, url: `${elsewhere.url}/feed/a` };
}

test('one message after the other', async (t) => {
  const { publish, url } = await start(t);
  const tags = [];
  for (let i = 0; i < 3; i++) tags.push(await publish(i));

  const first = await poll(`${url}?last_event_id=0`);
  assert.deepEqual([first.status, first.body, first.headers.etag], [200, '0', tags[0]]);
  assert.equal(first.headers['content-type'], 'text/plain; charset=utf-8');
  assert.equal(first.headers['cache-control'], 'no-store');
  const second = await poll(url, { 'If-None-Match': first.headers.etag });
  assert.deepEqual([second.body, second.headers.etag], ['1', tags[1]]);
  const third = await poll(url, { 'If-None-Match': `W/${tags[1]}` });
  assert.deepEqual([third.body, third.headers.etag], ['2', tags[2]]);
  assert.equal((await poll(url, { 'Last-Event-ID': tags[1].slice(1, -1) })).body, '2');

  const waiting = poll(url, { 'If-None-Match': tags[2], Prefer: 'respond-async, wait=20' });
  const tag = await publish('later');
  const last = await waiting;
  assert.deepEqual([last.status, last.body, last.headers.etag], [200, '"later"', tag]);
});

test('all that there is, in envelopes', async (t) => {
  const { publish, url } = await start(t);
  const tags = [];
  for (let i = 0; i < 5; i++) tags.push(await publish(i));
  for (const [where, headers] of [[`${url}?envelope`, {}], [url, { Accept: 'application/json, */*' }]]) {
    const answer = await poll(where, { 'If-None-Match': tags[1], ...headers });
    assert.deepEqual([answer.status, answer.headers['content-type'], answer.headers.etag], [200, 'application/json', tags[4]]);
    assert.deepEqual(JSON.parse(answer.body).map(({ data, event }) => [event, data]), [2, 3, 4].map((i) => ['message', i]));
  }
});

test('nothing comes', async (t) => {
  const { publish, url } = await start(t, 'wait: 100ms');
  const tag = await publish('a');

  await t.test('304 for who says what it has', async () => {
    const answer = await poll(url, { 'If-None-Match': tag });
    assert.deepEqual([answer.status, answer.headers.etag, answer.body], [304, tag, '']);
  });

  await t.test('at once for who does not wait', async () => {
    for (const [where, headers] of [[`${url}?wait=0`, {}], [url, { Prefer: 'wait=0' }]]) {
      const answer = await poll(where, { 'If-None-Match': tag, ...headers });
      assert.equal(answer.status, 304);
    }
  });

  await t.test('204 for who says nothing, and from where on', async () => {
    const answer = await poll(url);
    assert.deepEqual([answer.status, answer.body], [204, '']);
    assert.ok(answer.headers.etag >= tag, answer.headers.etag);
    const next = await publish('b');
    const found = await poll(url, { 'If-None-Match': answer.headers.etag });
    assert.deepEqual([found.body, found.headers.etag], ['"b"', next]);
  });
});

test('what is gone is said', async (t) => {
  const { publish, url } = await start(t, 'history: { messages: 2, age: 1h, bytes: 1MiB }');
  const tags = [];
  for (let i = 0; i < 4; i++) tags.push(await publish(i));
  const answer = await poll(url, { 'If-None-Match': tags[0] });
  assert.deepEqual([answer.headers['wherry-gap'], answer.body], ['true', '2']);
  const next = await poll(url, { 'If-None-Match': answer.headers.etag });
  assert.deepEqual([next.headers['wherry-gap'], next.body], [undefined, '3']);
  const envelopes = JSON.parse((await poll(`${url}?envelope`, { 'If-None-Match': tags[0] })).body);
  assert.deepEqual(envelopes.map(({ event }) => event), ['gap', 'message', 'message']);
});

testOnce('polls over one connection, also behind each other', async (t) => {
  const { wherry, publish } = await start(t);
  const tag = await publish(1);
  const peer = await connect(t, wherry.port);
  const first = await exchange(peer, requestText('GET', '/feed/a?last_event_id=0'));
  assert.equal(first.body.toString(), '1');
  const text = requestText('GET', '/feed/a', { 'If-None-Match': tag });
  const waiting = exchange(peer, text + text.replace(tag, '"0"'));
  await publish(2);
  assert.equal((await waiting).body.toString(), '2');
  assert.equal((await exchange(peer, '')).body.toString(), '1');
});

testOnce('who goes is forgotten', async (t) => {
  const { wherry, publish } = await start(t);
  const tag = await publish(1);
  const peer = await connect(t, wherry.port);
  await peer.send(requestText('GET', '/feed/a', { 'If-None-Match': tag }));
  peer.socket.end();
  await peer.over();
  await wherry.accessLine({ reason: 'client_closed', path: '/feed/a' });
});
