// SPDX-License-Identifier: MIT
// Publishing over HTTP: one body or a batch, the channel by a template, and an answer once it
// is in the channel's history.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { httpBackend } from './support/backends.mjs';
import { areCounted, brokerName, hubOf, startMachines, testOnce } from './support/brokers.mjs';
import { exchange, readResponse, requestText } from './support/http_text.mjs';
import { makeKey, writeKeySet } from './support/jwt.mjs';
import { connect } from './support/peer.mjs';
import { openEventStream, poll } from './support/subscribe.mjs';
import { startWherry } from './support/wherry.mjs';

const key = makeKey('ES256', 'a');

const routes = (more = '') => `
routes:
  - match: { path: /room/, method: POST }
    name: room
    publish: { channel: "room:{path.1}", max_message: 1KiB${more} }
  - match: { path: /room/ }
    subscribe: { channel: "room:{path.1}", start: history }
`;

const post = (url, body, headers = {}) =>
  fetch(url, { method: 'POST', body, headers, ...(body instanceof ReadableStream && { duplex: 'half' }) });

/** Status and JSON of the answer, or its text. */
async function publish(url, body, headers) {
  const response = await post(url, body, headers);
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: text.startsWith('{') ? JSON.parse(text) : undefined };
}

test('a body is a message', async (t) => {
  const [wherry, elsewhere] = await startMachines(t, routes());
  const url = `${wherry.url}/room/a`;
  const listen = async (room) => {
    const opened = await openEventStream(t, `${elsewhere.url}/room/${room}`);
    await areCounted(wherry, `room:${room}`, 1);
    return opened;
  };
  const first = await publish(url, 'hello');
  assert.equal(first.status, 200);
  assert.equal(first.headers.get('content-type'), 'application/json');
  assert.equal(first.headers.get('cache-control'), 'no-store');
  assert.deepEqual(Object.keys(first.json), ['id', 'subscribers']);
  assert.match(first.json.id, /^\d{16,}$/);
  assert.equal(first.json.subscribers, 0);

  await t.test('that is in the history once it is answered', async () => {
    const stream = await listen('a');
    assert.deepEqual(await stream.event(), { id: first.json.id, data: 'hello' });
    const second = await publish(url, '{"a":\n1}', { 'Content-Type': 'application/json' });
    assert.deepEqual([second.status, second.json.subscribers], [200, 1]);
    assert.ok(BigInt(second.json.id) > BigInt(first.json.id));
    assert.deepEqual(await stream.event(), { id: second.json.id, data: '{"a":\n1}' });
  });

  await t.test('for its own channel alone', async () => {
    assert.equal((await publish(`${wherry.url}/room/b`, 'x')).json.subscribers, 0);
  });

  await t.test('whatever its bytes are, in chunks as well', async () => {
    const stream = await listen('c');
    const body = new Blob([new Uint8Array([0xff, 0]), 'x']).stream();
    assert.equal((await publish(`${wherry.url}/room/c`, body)).json.subscribers, 1);
    assert.deepEqual((await stream.event()).data, Buffer.from([0xff, 0, 0x78]).toString('base64'));
  });

  await t.test('that no browser runs, whatever it is said to be', async () => {
    await publish(`${wherry.url}/room/x`, '<script>', { 'Content-Type': 'text/html' });
    const { body, headers } = await poll(`${elsewhere.url}/room/x?last_event_id=0`);
    assert.deepEqual([body, headers['content-type'], headers['x-content-type-options']],
      ['<script>', 'text/plain; charset=utf-8', 'nosniff']);
  });

  await t.test('and the next request comes on the same connection', async () => {
    const peer = await connect(t, wherry.port);
    for (let i = 0; i < 3; i++) {
      const response = await exchange(peer, requestText('POST', '/room/d', { 'Content-Length': 2 }, 'ab'));
      assert.equal(response.status, 200);
    }
    const waits = requestText('POST', '/room/d', { 'Content-Length': 2, Expect: '100-continue' });
    await peer.send(waits);
    await peer.readUntil('HTTP/1.1 100 Continue\r\n\r\n');
    await peer.send('ab');
    assert.equal((await readResponse(peer)).status, 200);
    const two = requestText('POST', '/room/d', { 'Content-Length': 1 }, 'a');
    await peer.send(two + two);
    for (let i = 0; i < 2; i++) assert.equal((await readResponse(peer)).status, 200);
  });
});

test('a batch is published as a whole', async (t) => {
  const [wherry, elsewhere] = await startMachines(t, routes());
  const url = `${wherry.url}/room/a`;
  const stream = await openEventStream(t, `${elsewhere.url}/room/a`);
  await areCounted(wherry, 'room:a', 1);
  const batch = (messages) => publish(`${url}?batch`, JSON.stringify({ messages }));
  const { status, json } = await batch([{ data: { n: 1 } }, { channel: 'room:a', data: 'two' }, { data64: 'aGk=' }]);
  assert.equal(status, 200);
  assert.equal(json.messages.length, 3);
  for (const [i, data] of ['{"n":1}', '"two"', 'hi'].entries()) {
    assert.deepEqual(await stream.event(), { id: json.messages[i].id, data });
    assert.equal(json.messages[i].subscribers, 1);
  }

  for (const [name, body, detail] of [
    ['no JSON', 'hello', /the body is not JSON/],
    ['no list', '{"messages":1}', /without a list of messages/],
    ['no messages', '{"messages":[]}', /without messages/],
    ['no data', '{"messages":[{"data":1},{}]}', /expected one of data and data64/],
    ['another channel', '{"messages":[{"data":1},{"channel":"room:b","data":1}]}', /names a channel that is not this route's/],
    ['too many', JSON.stringify({ messages: Array(1001).fill(0) }).replaceAll('0', '{}').slice(0, 1024), /the body is not JSON/],
  ]) {
    await t.test(`or not at all: ${name}`, async () => {
      const refused = await publish(`${url}?batch`, body);
      assert.deepEqual([refused.status, detail.test(refused.text)], [400, true], refused.text);
    });
  }
  const next = await publish(url, 'next');
  assert.deepEqual(await stream.event(), { id: next.json.id, data: 'next' });
});

testOnce('templates choose channel and payload', async (t) => {
  const wherry = await startWherry(t, `
routes:
  - match: { path: /events/, method: POST }
    publish:
      channel: "{path.1}:{query.room}:{header.x-kind}:{json.user.name}"
      payload: '{{"user":{json.user.name},"text":{json.text},"of":{query.room}}}'
      key: "{json.user.id}"
  - match: { path: /all }
    subscribe: { channel: 'a b:1:x:Ann "A"' }
`);
  const stream = await openEventStream(t, `${wherry.url}/all`);
  const body = JSON.stringify({ user: { name: 'Ann "A"', id: 7 }, text: 'quo"te\n' });
  const url = `${wherry.url}/events/a%20b?room=1`;
  const { status, json } = await publish(url, body, { 'X-Kind': 'x' });
  assert.deepEqual([status, json.subscribers], [200, 1]);
  assert.deepEqual(JSON.parse((await stream.event()).data), { user: 'Ann "A"', text: 'quo"te\n', of: '1' });

  const headers = { 'X-Kind': 'x' };
  for (const [name, where, what, fields, detail] of [
    ['no segment', `${wherry.url}/events/?room=1`, body, headers, '{path.1}'],
    ['no parameter', `${wherry.url}/events/a`, body, headers, '{query.room}'],
    ['an empty parameter', `${wherry.url}/events/a?room=`, body, headers, '{query.room}'],
    ['no header', url, body, {}, '{header.x-kind}'],
    ['no member', url, '{"user":{"id":1},"text":""}', headers, '{json.user.name}'],
    ['a member that is null', url, '{"user":{"name":null,"id":1},"text":""}', headers, '{json.user.name}'],
    ['a member that is an object', url, '{"user":{"name":{},"id":1},"text":""}', headers, '{json.user.name}'],
    ['no member of the payload', url, '{"user":{"name":"a","id":1}}', headers, '{json.text}'],
    ['a line end in a name', url, '{"user":{"name":"a\\nb","id":1},"text":""}', headers, 'no UTF-8 text of one line'],
    ['a name too long', url, JSON.stringify({ user: { name: 'x'.repeat(250), id: 1 }, text: '' }), headers, 'too long'],
    ['no JSON', url, 'hello', headers, 'the body is not JSON'],
    ['JSON and more', url, '{} {}', headers, 'the body is not JSON'],
    ['a member that is there twice', url, '{"user":{"name":"a","name":"b","id":1},"text":""}', headers, '{json.user.name}'],
  ]) {
    await t.test(`and refuse what is missing: ${name}`, async () => {
      const refused = await publish(where, what, fields);
      assert.equal(refused.status, 400, refused.text);
      assert.ok(refused.text.includes(detail), refused.text);
    });
  }
});

testOnce('what is no message', async (t) => {
  const wherry = await startWherry(t, `
routes:
  - match: { path: /room/ }
    name: room
    publish: { channel: "room:{path.1}", max_message: 1KiB }
`);
  const url = `${wherry.url}/room/a`;
  await t.test('an empty body', async () => {
    assert.equal((await publish(url, '')).status, 400);
  });
  await t.test('another method', async () => {
    const response = await fetch(url);
    assert.deepEqual([response.status, response.headers.get('allow')], [405, 'POST']);
  });
  await t.test('an encoded body', async () => {
    assert.equal((await publish(url, 'x', { 'Content-Encoding': 'gzip' })).status, 415);
  });
  await t.test('a long one, which is as long as it says', async () => {
    assert.equal((await publish(url, 'x'.repeat(1024))).status, 200);
    assert.equal((await publish(url, 'x'.repeat(1025))).status, 413);
    assert.equal((await wherry.accessLine({ status: 413 })).reason, 'refused');
  });
  await t.test('a long one in chunks', async () => {
    const peer = await connect(t, wherry.port);
    await peer.send(requestText('POST', '/room/a', { 'Transfer-Encoding': 'chunked' }, '400\r\n'));
    await peer.send(`${'x'.repeat(1024)}\r\n1\r\ny\r\n`);
    assert.equal((await readResponse(peer)).status, 413);
    assert.equal((await wherry.accessLine({ status: 413, reason: 'too_big' })).route, 'room');
  });
  await t.test('half a body', async () => {
    const peer = await connect(t, wherry.port);
    await peer.send(requestText('POST', '/room/half', { 'Content-Length': 10 }, 'half'));
    await peer.end();
    await wherry.accessLine({ reason: 'client_closed', path: '/room/half' });
    assert.equal((await publish(`${wherry.url}/room/half`, 'x')).json.subscribers, 0);
  });
});

testOnce('who may publish', async (t) => {
  const service = await httpBackend(t, (request, response) => {
    response.statusCode = request.headers['x-forwarded-uri']?.includes('/no') ? 403 : 200;
    response.end();
  });
  const wherry = await startWherry(t, (w) => `
routes:
  - match: { path: /user/, method: POST }
    jwt: { jwks: ${writeKeySet(w.directory, [key])} }
    publish: { channel: "user:{claim.sub}", payload: '{{"from":{claim.sub},"of":{claim.role},"text":{body}}}' }
  - match: { path: /user/ }
    subscribe: { channel: "user:ann" }
  - match: { path: /networks/ }
    access: { allow: [10.0.0.0/8] }
    publish: { channel: a }
  - match: { path: /asked/ }
    forward_auth: { url: "${service.url}/auth" }
    publish: { channel: a }
`);
  await t.test('with a token, whose claims templates take', async () => {
    const stream = await openEventStream(t, `${wherry.url}/user/`);
    const bearer = (claims) => ({ Authorization: `Bearer ${key.sign(claims)}` });
    assert.equal((await publish(`${wherry.url}/user/`, 'x')).status, 401);
    const sent = await publish(`${wherry.url}/user/`, 'hi', bearer({ sub: 'ann', role: ['a', 'b'] }));
    assert.deepEqual([sent.status, sent.json.subscribers], [200, 1]);
    assert.deepEqual(JSON.parse((await stream.event()).data), { from: 'ann', of: 'a,b', text: 'hi' });
    const refused = await publish(`${wherry.url}/user/`, 'hi', bearer({ sub: 'ann' }));
    assert.equal(refused.status, 403);
    assert.match(refused.text, /the token has no value for \{claim\.role\}/);
  });
  await t.test('from a network', async () => {
    assert.equal((await publish(`${wherry.url}/networks/`, 'x')).status, 403);
  });
  await t.test('whom a service lets', async () => {
    assert.equal((await publish(`${wherry.url}/asked/yes`, 'x')).status, 200);
    assert.equal((await publish(`${wherry.url}/asked/no`, 'x')).status, 403);
  });
});

testOnce('whose pages may publish', async (t) => {
  const wherry = await startWherry(t, (w) => `
routes:
  - match: { path: /same, method: POST }
    publish: { channel: a }
  - match: { path: /listed, method: POST }
    jwt: { jwks: ${writeKeySet(w.directory, [key])} }
    publish: { channel: a, origins: [https://shop.example.com] }
`);
  const origin = { Origin: 'https://shop.example.com' };
  const bearer = { Authorization: `Bearer ${key.sign()}` };
  await t.test('of the same host', async () => {
    assert.equal((await publish(`${wherry.url}/same`, 'x', { Origin: wherry.url })).status, 200);
    assert.equal((await publish(`${wherry.url}/same`, 'x', origin)).status, 403);
    assert.equal((await publish(`${wherry.url}/same`, 'x')).status, 200);
  });
  await t.test('of a list, which may read the answer', async () => {
    const good = await publish(`${wherry.url}/listed`, 'x', { ...origin, ...bearer });
    assert.equal(good.status, 200);
    assert.equal(good.headers.get('access-control-allow-origin'), origin.Origin);
    const bad = await publish(`${wherry.url}/listed`, '', { ...origin, ...bearer });
    assert.equal(bad.status, 400);
    assert.equal(bad.headers.get('access-control-allow-origin'), origin.Origin);
    assert.equal((await publish(`${wherry.url}/listed`, 'x', { Origin: 'https://example.com', ...bearer })).status, 403);
  });
  await t.test('and ask before, without a token', async () => {
    const ask = (Origin, method = 'POST') => fetch(`${wherry.url}/listed`, {
      method: 'OPTIONS',
      headers: { Origin, 'Access-Control-Request-Method': method, 'Access-Control-Request-Headers': 'authorization' },
    });
    const allowed = await ask(origin.Origin);
    assert.equal(allowed.status, 204);
    assert.equal(allowed.headers.get('access-control-allow-methods'), 'POST');
    assert.equal(allowed.headers.get('access-control-allow-headers'), 'authorization');
    assert.equal((await ask('https://example.com')).status, 403);
    assert.equal((await ask(origin.Origin, 'GET')).status, 404);
  });
});

testOnce('no faster than the route allows', async (t) => {
  const wherry = await startWherry(t, routes(', rate: 3/h'));
  const url = `${wherry.url}/room/a`;
  const batch = (count) => publish(`${url}?batch`, JSON.stringify({ messages: Array(count).fill({ data: 1 }) }));
  assert.equal((await batch(2)).status, 200);
  assert.equal((await batch(2)).status, 429);
  assert.equal((await publish(url, 'x')).status, 200);
  const refused = await publish(url, 'x');
  assert.equal(refused.status, 429);
  assert.match(refused.headers.get('retry-after'), /^[1-9]\d*$/);
  const line = await wherry.accessLine({ status: 429 });
  assert.equal(line.reason, 'policy');
  assert.match(line.detail, /routes\[\]\.publish\.rate/);
});

test('no more channels than the hub allows', async (t) => {
  const wherry = await startWherry(t, (where) => `${hubOf(where, 'channels: 2')}\n${routes()}`);
  for (const room of ['a', 'b']) await openEventStream(t, `${wherry.url}/room/${room}`);
  for (const room of ['a', 'b', 'a']) assert.equal((await publish(`${wherry.url}/room/${room}`, 'x')).status, 200);
  const third = await openEventStream(t, `${wherry.url}/room/c`);
  assert.equal(await third.ended(), 'end');
  const refused = await publish(`${wherry.url}/room/c`, 'x');
  if (brokerName() === 'redis') {
    assert.equal(refused.status, 200); // it is remembered there, and told to nobody here
    return;
  }
  assert.equal(refused.status, 503);
  assert.match(refused.headers.get('retry-after'), /^[1-9]\d*$/);
  assert.equal((await wherry.accessLine({ status: 503 })).reason, 'overload');
});
