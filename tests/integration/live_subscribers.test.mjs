// SPDX-License-Identifier: MIT
// A live URL over WebSockets and event streams: the snapshot first, then each change.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { askControl } from './support/control.mjs';
import { eventually } from './support/deadline.mjs';
import { get, liveBackend, liveRoute } from './support/live.mjs';
import { openEventStream, poll } from './support/subscribe.mjs';
import { freePorts, startWherry } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

const V1 = { protocols: ['wherry.v1'] };

async function envelope(client) {
  return JSON.parse(await client.text());
}

test('a live URL over every transport', async (t) => {
  const backend = await liveBackend(t);
  backend.headers = { 'Content-Type': 'application/json' };
  backend.body = '{"score":1}';
  const wherry = await startWherry(t, `workers: 2\n${liveRoute(backend)}`);
  const path = '/scores?game=1';

  await t.test('the snapshot comes first, then each change', async (t) => {
    const raw = await connectWebSocket(t, wherry.webSocketUrl + path);
    const enveloped = await connectWebSocket(t, wherry.webSocketUrl + path, V1);
    const stream = await openEventStream(t, wherry.url + path);
    assert.equal(await raw.text(), '{"score":1}');
    const first = await envelope(enveloped);
    assert.match(first.id, /^\d+$/);
    assert.deepEqual(first, { id: first.id, channel: path, event: 'message', data: { score: 1 } });
    assert.deepEqual(await stream.event(), { id: first.id, data: '{"score":1}' });
    for (let score = 2; score < 6; score++) {
      backend.body = `{"score":${score}}`;
      assert.equal(await raw.text(), backend.body);
      assert.deepEqual((await envelope(enveloped)).data, { score });
      assert.equal((await stream.event()).data, backend.body);
    }
    assert.equal((await poll(`${wherry.url}${path}`)).body, backend.body);
  });

  await t.test('a late joiner gets it at once, and who resumes only what is new', async (t) => {
    const stream = await openEventStream(t, wherry.url + path);
    const { id, data } = await stream.event();
    assert.equal(data, backend.body);
    const resumed = await openEventStream(t, wherry.url + path, { 'Last-Event-ID': id });
    const socket = await connectWebSocket(t, `${wherry.webSocketUrl}${path}&last_event_id=${id}`);
    const missed = await openEventStream(t, wherry.url + path, { 'Last-Event-ID': '12' });
    assert.equal((await missed.event()).data, backend.body);
    backend.body = '{"score":10}';
    assert.equal((await resumed.event()).data, backend.body);
    assert.equal(await socket.text(), backend.body);
  });

  await t.test('the backend is asked for one, without what is for us', async () => {
    assert.deepEqual([...new Set(backend.requests.map(({ url }) => url))], [path]);
    assert.ok(backend.requests.every(({ headers }) => headers['accept-encoding'] === 'identity' && headers.accept === '*/*'));
  });

  await t.test('a client that sends messages is closed', async (t) => {
    const socket = await connectWebSocket(t, wherry.webSocketUrl + path);
    await socket.send('hello');
    assert.equal((await socket.closed()).code, 1008);
  });

  await t.test('pages of other hosts may not follow', async (t) => {
    const options = { headers: { Origin: 'https://evil.example' } };
    await assert.rejects(connectWebSocket(t, wherry.webSocketUrl + path, options), /403/);
    assert.equal((await poll(wherry.url + path, { Accept: 'text/event-stream', ...options.headers })).status, 403);
  });
});

test('patches go to those who ask for them, and come to the same', async (t) => {
  const backend = await liveBackend(t);
  const wherry = await startWherry(t, liveRoute(backend, 'patch: merge'));
  const body = (score, more = {}) => JSON.stringify({ title: 'a title that is long enough', score, ...more });
  const merge = (target, patch) => {
    if (patch === null || typeof patch !== 'object' || Array.isArray(patch)) return patch;
    const result = target !== null && typeof target === 'object' && !Array.isArray(target) ? { ...target } : {};
    for (const [name, value] of Object.entries(patch)) {
      if (value === null) delete result[name];
      else result[name] = merge(result[name], value);
    }
    return result;
  };
  backend.body = body(1);
  const socket = await connectWebSocket(t, `${wherry.webSocketUrl}/?patch=merge`, V1);
  const stream = await openEventStream(t, `${wherry.url}/?patch=merge`);
  const whole = await connectWebSocket(t, `${wherry.webSocketUrl}/`, V1);
  let value = (await envelope(socket)).data;
  assert.equal((await stream.event()).data, body(1));
  assert.deepEqual((await envelope(whole)).data, value);
  for (const next of [body(2), body(2, { added: { a: [1, null] } }), body(2)]) {
    backend.body = next;
    const { event, data } = await envelope(socket);
    assert.equal(event, 'patch');
    assert.ok(JSON.stringify(data).length < next.length);
    value = merge(value, data);
    assert.deepEqual(value, JSON.parse(next));
    assert.equal((await stream.event()).event, 'patch');
    const other = await envelope(whole);
    assert.equal(other.event, 'message');
    assert.deepEqual(other.data, JSON.parse(next));
  }
  // null can't be said in a patch
  backend.body = body(2, { nothing: null });
  const { event, data } = await envelope(socket);
  assert.equal(event, 'message');
  assert.deepEqual(data, JSON.parse(backend.body));
  assert.deepEqual([...new Set(backend.requests.map(({ url }) => url))], ['/']);
});

test('followers stay over a reload, and their backend is asked by the new route', async (t) => {
  const backend = await liveBackend(t);
  const wherry = await startWherry(t, liveRoute(backend));
  const socket = await connectWebSocket(t, `${wherry.webSocketUrl}/a`);
  const stream = await openEventStream(t, `${wherry.url}/a`);
  assert.equal(await socket.text(), 'first');
  assert.equal((await stream.event()).data, 'first');
  const other = await liveBackend(t);
  other.body = 'of the other one';
  wherry.writeConfiguration(liveRoute(other).replace('200ms', '150ms'));
  await askControl(t, wherry, { verb: 'reload' });
  assert.equal(await socket.text(), 'of the other one');
  await eventually(() => other.requests.length >= 3, 'requests to the new backend');
  other.body = 'next';
  assert.equal(await socket.text(), 'next');
  const streamed = [];
  while (streamed.at(-1) !== 'next') streamed.push((await stream.event()).data);
  assert.deepEqual(streamed, ['of the other one', 'next']);
});

test('subscribers are told of the backend, and polls are stale for a while only', async (t) => {
  const [port] = await freePorts(1);
  const first = await liveBackend(t, { port });
  const wherry = await startWherry(t, `workers: 2\n${liveRoute(first, 'max_stale: 5s')}`);
  const socket = await connectWebSocket(t, `${wherry.webSocketUrl}/a`, V1);
  const stream = await openEventStream(t, `${wherry.url}/a`);
  const { id } = await envelope(socket);
  const { headers } = await get(wherry.port, '/a');
  first.server.close();
  for (const one of first.sockets) one.destroy();

  let told = await envelope(socket);
  assert.deepEqual([told.event, told.data, told.id], ['status', { state: 'stale' }, id]);
  assert.equal((await stream.event()).data, 'first');
  assert.deepEqual(await stream.event(), { id, event: 'status', data: '{"state":"stale"}' });
  // By whichever worker, which may hear of it later than that of the subscribers.
  const answerThat = (isStale) => eventually(async () => {
    const answer = await get(wherry.port, '/a');
    return Boolean(answer.headers['wherry-stale']) === isStale && answer;
  }, isStale ? 'a stale answer' : 'one that is not');
  const stale = await answerThat(true);
  assert.deepEqual([stale.status, stale.body, stale.headers['wherry-stale']], [200, 'first', 'true']);
  assert.equal(stale.headers['cache-control'], 'no-cache');
  assert.equal((await get(wherry.port, '/a', { 'If-None-Match': headers.etag })).status, 304);

  told = await envelope(socket);
  assert.deepEqual([told.event, told.data], ['status', { state: 'down' }]);
  const down = await eventually(async () => {
    const answer = await get(wherry.port, '/a');
    return answer.status !== 200 && answer;
  }, 'no answer any more');
  assert.equal(down.status, 502);
  assert.equal((await get(wherry.port, '/never')).status, 502);

  const second = await liveBackend(t, { port });
  second.body = 'again';
  const messages = [await envelope(socket), await envelope(socket)];
  assert.deepEqual(messages.map(({ data }) => data), ['again', { state: 'live' }]);
  await eventually(async () => {
    const { status, body, headers: { 'wherry-stale': isStale } } = await get(wherry.port, '/a');
    return status === 200 && body === 'again' && !isStale;
  }, 'all workers have what is new');
});
