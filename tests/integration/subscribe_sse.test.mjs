// SPDX-License-Identifier: MIT
// Subscriptions as event streams.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { startMachines, testOnce } from './support/brokers.mjs';
import { exchange, readResponse, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { feedRoute, openEventStream, poll } from './support/subscribe.mjs';
import { startWherry } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

async function start(t, more = '') {
  const [wherry, elsewhere] = await startMachines(t, feedRoute(more));
  const publisher = await connectWebSocket(t, `${wherry.webSocketUrl}/feed/a`);
  const publish = async (text) => {
    await publisher.send(text);
    await publisher.message();
  };
  return { elsewhere, publish, url: `${elsewhere.url}/feed/a` };
}

test('events, as they are published', async (t) => {
  const { elsewhere, publish, url } = await start(t);
  const stream = await openEventStream(t, url);
  const { statusCode, headers } = stream.response;
  assert.deepEqual(
    [statusCode, headers['content-type'], headers['cache-control'], headers['x-accel-buffering'], headers['transfer-encoding']],
    [200, 'text/event-stream', 'no-store', 'no', 'chunked']);
  const first = await stream.item();
  assert.ok(Number(first.retry) >= 1000 && Number(first.retry) <= 5000, first.retry);

  await publish('hello');
  const { id, ...rest } = await stream.event();
  assert.match(id, /^\d+$/);
  assert.deepEqual(rest, { data: 'hello' });
  await publish('one\r\ntwo\n\nid: 1');
  assert.equal((await stream.event()).data, 'one\ntwo\n\nid: 1');
  await publish(Buffer.from([0xff, 0]));
  assert.deepEqual((({ event, data }) => ({ event, data }))(await stream.event()), { event: 'binary', data: '/wA=' });

  await t.test('in envelopes on demand', async () => {
    const enveloped = await openEventStream(t, `${url}?envelope`);
    await publish('{"a":1}');
    const event = await enveloped.event();
    assert.deepEqual(JSON.parse(event.data), { id: event.id, channel: 'feed:a', event: 'message', data: { a: 1 } });
  });

  await t.test('the log counts them', async () => {
    assert.equal((await stream.event()).data, '{"a":1}');
    stream.request.destroy();
    const line = await elsewhere.accessLine({ status: 200, reason: /client_/ });
    assert.equal(line.messages_out, 4);
  });
});

test('a reader goes on behind the last id that it had', async (t) => {
  const { publish, url } = await start(t, 'history: { messages: 3, age: 1h, bytes: 1MiB }');
  const first = await openEventStream(t, url);
  const ids = [];
  for (let i = 0; i < 5; i++) {
    await publish(String(i));
    ids.push((await first.event()).id);
  }
  const WAYS = [
    ['by Last-Event-ID', url, { 'Last-Event-ID': ids[3] }],
    ['by its query', `${url}?last_event_id=${ids[3]}`, {}],
    ["by Last-Event-ID, though its page's query is older", `${url}?last_event_id=${ids[2]}`, { 'Last-Event-ID': ids[3] }],
  ];
  for (const [name, where, headers] of WAYS) {
    await t.test(name, async () => {
      const event = await (await openEventStream(t, where, headers)).event();
      assert.deepEqual([event.id, event.data], [ids[4], '4']);
    });
  }

  await t.test('behind a gap', async () => {
    const stream = await openEventStream(t, url, { 'Last-Event-ID': ids[0] });
    assert.equal((await stream.event()).event, 'gap');
    for (const i of [2, 3, 4]) assert.equal((await stream.event()).id, ids[i]);
  });

  await t.test('0 is the beginning, without a gap', async () => {
    const stream = await openEventStream(t, `${url}?last_event_id=0`);
    assert.equal((await stream.event()).id, ids[2]);
  });
});

testOnce('a silent stream gets comments', async (t) => {
  const { url } = await start(t, 'keep_alive: 100ms');
  const stream = await openEventStream(t, url);
  await stream.item(); // retry
  for (let i = 0; i < 3; i++) assert.deepEqual(await stream.item(), { comment: '' });
});

testOnce('what comes in what way', async (t) => {
  const { elsewhere: wherry, publish, url } = await start(t);

  await t.test('HTTP/1.0: the end of the connection is the end', async () => {
    const peer = await connect(t, wherry.port);
    await peer.send('GET /feed/a HTTP/1.0\r\nAccept: text/event-stream\r\n\r\n');
    const response = await readResponse(peer, { body: false });
    assert.equal(response.headers.get('connection'), 'close');
    assert.equal(response.headers.has('transfer-encoding'), false);
    await peer.readUntil('\n\n');
    await publish('old');
    assert.match((await peer.readUntil('\n\n')).toString(), /^id: \d+\ndata: old\n\n$/);
  });

  await t.test('other methods are refused', async () => {
    const response = await poll(url, {}, { method: 'PUT' });
    assert.deepEqual([response.status, response.headers.allow], [405, 'GET']);
  });

  await t.test('a body is refused', async () => {
    const peer = await connect(t, wherry.port);
    const response = await exchange(peer, requestText('GET', '/feed/a', ['Content-Length: 1'], 'x'));
    assert.equal(response.status, 413);
    // Also one that would come behind the beginning of a stream.
    const stream = await connect(t, wherry.port);
    const lines = ['Accept: text/event-stream', 'Transfer-Encoding: chunked'];
    assert.equal((await exchange(stream, requestText('GET', '/feed/a', lines))).status, 413);
  });
});

testOnce('only what the route has', async (t) => {
  const wherry = await startWherry(t, `
routes:
  - { match: { path: /sse }, subscribe: { channel: a, transports: [sse] } }
  - { match: { path: /poll }, subscribe: { channel: a, transports: [long_poll] } }
  - { match: { path: /socket }, subscribe: { channel: a, transports: [websocket] } }
`);
  const accept = { Accept: 'text/event-stream' };
  assert.equal((await openEventStream(t, `${wherry.url}/sse`, { Accept: '*/*' })).response.statusCode, 200);
  assert.equal((await poll(`${wherry.url}/poll`, accept)).status, 406);
  assert.equal((await poll(`${wherry.url}/socket`, accept)).status, 426);
});
