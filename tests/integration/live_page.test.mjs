// SPDX-License-Identifier: MIT
// One WebSocket of a page follows several live URLs, each let in as a GET of its own.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { askControl } from './support/control.mjs';
import { eventually, pause, settled } from './support/deadline.mjs';
import { get, liveBackend, liveRoute } from './support/live.mjs';
import { openLivePage } from './support/live_page.mjs';
import { startWherry } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

/** A backend that answers with what bodies has for a path and query. */
async function startApp(t, makeRoutes, bodies = {}) {
  const backend = await liveBackend(t);
  backend.answer = ({ url }, response) => response.writeHead(200).end(bodies[url] ?? `of ${url}`);
  const routes = (url) => `${makeRoutes(url)}\nupstreams: { app: { servers: ["${url}"] } }\n`;
  const wherry = await startWherry(t, routes(backend.url));
  return { backend, wherry, bodies, routes };
}

async function list(t, wherry, more = {}) {
  const items = [];
  await askControl(t, wherry, { verb: 'connections', ...more }, items);
  return items;
}

test('several URLs over one socket', async (t) => {
  const bodies = { '/a': '{"n":1}', '/b?x=%C3%A9&wait=3': 'text', '/c': '{"n":3}' };
  const { wherry, backend } = await startApp(t, () => `workers: 2
routes: [{ live: { interval: 200ms }, to: app }]`, bodies);
  const page = await openLivePage(t, wherry);

  await t.test('each has its snapshot first, then its changes', async () => {
    for (const url of Object.keys(bodies)) await page.follow(url);
    const first = await page.next('/a');
    assert.deepEqual(first, { id: first.id, channel: '/a', event: 'message', data: { n: 1 } });
    assert.equal((await page.next('/b?x=%C3%A9&wait=3')).data, 'text');
    assert.deepEqual((await page.next('/c')).data, { n: 3 });
    for (const n of [2, 3]) {
      bodies['/a'] = `{"n":${n}}`;
      bodies['/c'] = `{"n":${-n}}`;
      assert.deepEqual([(await page.next('/a')).data, (await page.next('/c')).data], [{ n }, { n: -n }]);
    }
    assert.ok(backend.requests.some(({ url }) => url === '/b?x=%C3%A9&wait=3'), 'the query is the URL\'s own');
  });

  await t.test('it is seen with what it follows', async (t) => {
    const [one] = await list(t, wherry, { kind: 'websocket' });
    assert.deepEqual(one.channels.sort(), ['/a', '/b', '/c'], 'without queries, which may hold secrets');
    assert.deepEqual([one.push, one.messages_in, one.route], ['websocket', 3, null]);
    assert.equal((await list(t, wherry, { channel: '/c' })).length, 1);
    for (const channel of ['/b', '/b?x=%C3%A9&wait=3']) assert.equal((await list(t, wherry, { channel })).length, 1, channel);
    for (const channel of ['/d', '/b?x=1', '/b?']) assert.equal((await list(t, wherry, { channel })).length, 0, channel);
  });

  await t.test('what is followed no longer is not told', async (t) => {
    await page.unfollow('/c');
    await page.unfollow('/never');
    await eventually(async () => (await list(t, wherry, { channel: '/c' })).length === 0, 'it is left');
    bodies['/c'] = '{"n":10}';
    bodies['/a'] = '{"n":10}';
    await page.next('/a');
    assert.deepEqual(page.kept('/c'), []);
  });

  await t.test('who resumes gets what is new, or is told that it has it', async () => {
    await page.follow('/a');
    const { id, data } = await page.next('/a');
    assert.deepEqual(data, { n: 10 });
    const other = await openLivePage(t, wherry);
    await other.follow('/a', { last_event_id: id });
    const told = await other.next('/a');
    assert.deepEqual([told.event, told.data, told.id], ['status', { state: 'live' }, id]);
    await other.follow('/d', { last_event_id: '12' });
    assert.equal((await other.next('/d')).data, 'of /d');
    bodies['/a'] = '{"n":11}';
    assert.deepEqual((await other.next('/a')).data, { n: 11 });
  });

  await t.test('its backend goes and comes', async (t) => {
    const followed = await openLivePage(t, wherry);
    await followed.follow('/a');
    await followed.next('/a');
    const answer = backend.answer;
    backend.answer = (request, response) => response.socket.destroy() || true;
    const nextState = () => eventually(() => followed.kept('/a').shift()?.data.state, 'a status');
    assert.equal(await nextState(), 'stale');
    backend.answer = answer;
    assert.equal(await nextState(), 'live');
  });
});

test('patches, for the URLs that ask for them', async (t) => {
  const body = (n) => JSON.stringify({ rest: 'x'.repeat(200), n });
  const bodies = { '/a': body(1), '/b': body(1) };
  const { wherry } = await startApp(t, () => `routes: [{ live: { interval: 100ms, patch: merge }, to: app }]`, bodies);
  const page = await openLivePage(t, wherry);
  await page.follow('/a', { patch: 'merge' });
  await page.follow('/b');
  for (const url of ['/a', '/b']) assert.equal((await page.next(url)).data.n, 1);
  Object.assign(bodies, { '/a': body(2), '/b': body(2) });
  const [a, b] = [await page.next('/a'), await page.next('/b')];
  assert.deepEqual([a.event, a.data], ['patch', { n: 2 }]);
  assert.deepEqual([b.event, b.data.n], ['message', 2]);
});

test('URLs that may not be followed are refused alone', async (t) => {
  const { wherry } = await startApp(t, () => `limits: { exempt: [] }
routes:
  - { match: { path: /app/ }, to: app }
  - match: { path: /own/ }
    live: { interval: 1s, origins: ["https://friend.example"] }
    to: app
  - match: { path: /far/ }
    access: { deny: [127.0.0.0/8] }
    live: { interval: 1s }
    to: app
  - match: { path: /seldom/ }
    limits: { requests_per_source: 1/h }
    live: { interval: 1s }
    to: app
  - match: { path: /single/ }
    limits: { concurrent: 1 }
    live: { interval: 1s }
    to: app
  - match: { path: /live/ }
    live: { interval: 1s }
    to: app
`);
  const page = await openLivePage(t, wherry);
  await page.follow('/live/a');
  assert.equal((await page.next('/live/a')).data, 'of /live/a');
  const REFUSED = [
    ['/nowhere', 404],
    ['/app/a', 403],
    ['/own/a', 403],
    ['/far/a', 403],
    ['live/a', 400],
    ['http://127.0.0.1/live/a', 400],
    ['//127.0.0.1/live/a', 404],
    ['*', 400],
    ['/live/a b', 400],
    ['/live/a#b', 400],
    ['/live/\r\n', 400],
    ['/live/%zz', 400],
    ['/live/%2e%2e/app/a', 400],
    ['/live/..%2fapp', 400],
    ['/live/a HTTP/1.1\r\nOrigin: https://friend.example\r\nX: ', 400],
    ['/own/a HTTP/1.1\r\nOrigin: https://friend.example\r\nX: ', 400],
    ['/live/\u0000', 400],
    ['/live/é', 400],
    [`/live/${'a'.repeat(2043)}`, 414],
  ];
  for (const [url, status] of REFUSED) {
    await t.test(`${status}: ${JSON.stringify(url.slice(0, 60))}`, async () => assert.equal(await page.refusal(url), status));
  }
  await t.test('each has a line in the log, without its query', async () => {
    await page.refusal('/nowhere?token=secret');
    await eventually(() => /live: \/nowhere is not followed for 127\.0\.0\.1: 404/.test(wherry.stderr), 'the line');
    assert.doesNotMatch(wherry.stderr, /secret/);
    assert.match(wherry.stderr, /live: \/far\/a is not followed for 127\.0\.0\.1: 403, this address may not/);
  });
  await t.test('by the limits of its route', async () => {
    await page.follow('/seldom/a');
    assert.equal((await page.next('/seldom/a')).data, 'of /seldom/a');
    assert.equal(await page.refusal('/seldom/b'), 429);
    await page.follow('/single/a');
    assert.equal((await page.next('/single/a')).data, 'of /single/a');
    assert.equal(await page.refusal('/single/b'), 503);
    await page.unfollow('/single/a');
    await page.follow('/single/b');
    assert.equal((await page.next('/single/b')).data, 'of /single/b');
  });
  await t.test('when there are too many', async () => {
    const many = Array.from({ length: 13 }, (_, i) => `/live/${i}`);
    for (const url of many) await page.follow(url);
    for (const url of many) assert.equal((await page.next(url)).data, `of ${url}`);
    assert.equal(await page.refusal('/live/more'), 429);
    await page.unfollow('/live/0');
    await page.follow('/live/more');
    assert.equal((await page.next('/live/more')).data, 'of /live/more');
  });
  await t.test('by the page that asks', async (t) => {
    const friend = await openLivePage(t, wherry, { Origin: 'https://friend.example' });
    await friend.follow('/own/a');
    assert.equal((await friend.next('/own/a')).data, 'of /own/a');
    assert.equal(await friend.refusal('/live/a'), 403);
  });
});

test('the handshake itself', async (t) => {
  const { wherry, backend } = await startApp(t, () => `limits: { exempt: [], rates: { websockets_per_source: 4/h } }
routes: [{ live: { interval: 1s }, to: app }]`);
  const url = `${wherry.webSocketUrl}/.wherry/live`;
  await assert.rejects(connectWebSocket(t, url), /400/);
  await assert.rejects(connectWebSocket(t, url, { protocols: ['chat'] }), /400/);
  assert.equal((await get(wherry.port, '/.wherry/live')).status, 426);
  const page = await openLivePage(t, wherry);
  assert.equal(page.client.socket.protocol, 'wherry.v1');
  await openLivePage(t, wherry);
  await assert.rejects(openLivePage(t, wherry), /429/);
  assert.equal(backend.requests.length, 0);

  const without = await startApp(t, () => 'routes: [{ to: app }]');
  await assert.rejects(connectWebSocket(t, `${without.wherry.webSocketUrl}/.wherry/live`), /403/);
});

test('a handshake with more fields than are kept is refused', async (t) => {
  const { wherry } = await startApp(t, () => 'routes: [{ live: { interval: 1s }, to: app }]');
  await assert.rejects(openLivePage(t, wherry, { 'X-Long': 'a'.repeat(8200) }), /431/);
  const page = await openLivePage(t, wherry, { 'X-Long': 'a'.repeat(7000) });
  await page.follow('/a');
  assert.equal((await page.next('/a')).data, 'of /a');
});

test('what is no request closes the socket', async (t) => {
  const { wherry } = await startApp(t, () => 'routes: [{ live: { interval: 1s }, to: app }]');
  const BAD = [
    ['hello', 1008, 'policy', 'a message that is no JSON object'],
    ['{"follow":"/a","data":1}', 1008, 'policy', 'an unknown member'],
    ['{"unfollow":"/a","follow":"/b"}', 1008, 'policy', 'expected one of follow and unfollow'],
    ['{"follow":["/a"]}', 1008, 'policy', 'the URL to follow is no text'],
    [JSON.stringify({ follow: `/${'a'.repeat(9000)}` }), 1009, 'too_big'],
  ];
  for (const [text, code, reason, detail] of BAD) {
    await t.test(`${code}: ${text.slice(0, 40)}`, async (t) => {
      const page = await openLivePage(t, wherry);
      await page.follow('/a');
      await page.next('/a');
      await page.say(text);
      assert.deepEqual(await page.client.closed(), { code, reason });
      const line = await wherry.accessLine(detail ? { reason, detail } : { reason });
      assert.deepEqual([line.status, line.close_code, line.path], [101, code, '/.wherry/live']);
    });
  }
});

test('a client that asks too often is closed', async (t) => {
  const { wherry } = await startApp(t, () => 'routes: [{ live: { interval: 1s }, to: app }]');
  const page = await openLivePage(t, wherry);
  for (let i = 0; i < 1000; i++) page.client.socket.send('{"follow":"*"}');
  assert.deepEqual(await page.client.closed(), { code: 1008, reason: 'policy' });
  const line = await wherry.accessLine({ detail: 'more messages than allowed (rate)' });
  assert.ok(line.messages_in > 100 && line.messages_in < 1000, `${line.messages_in}`);
});

test('a socket that goes on being refused fills no log, and nothing is left out', async (t) => {
  const { wherry } = await startApp(t, () => 'routes: [{ match: { path: /live/ }, live: { interval: 1s }, to: app }]');
  const page = await openLivePage(t, wherry);
  const urls = Array.from({ length: 90 }, (_, i) => `/nowhere/${i}`);
  const count = () => {
    const lines = wherry.stderr.match(/live: \/nowhere\/\d+ is not followed for 127\.0\.0\.1: 404/g) ?? [];
    const rest = [...wherry.stderr.matchAll(/live: (\d+) more URLs were not followed for 127\.0\.0\.1/g)];
    return { lines: lines.length, rest: rest.reduce((sum, [, number]) => sum + Number(number), 0) };
  };
  for (const url of urls) assert.equal(await page.refusal(url), 404);
  page.client.socket.terminate();
  await eventually(() => count().rest > 0, 'the number of those without a line');
  const { lines, rest } = count();
  assert.equal(lines + rest, urls.length);
  assert.ok(lines >= 32 && lines < 60, `${lines} lines`);
});

test('a client that reads no answers asks nothing more', async (t) => {
  const { wherry } = await startApp(t, () => 'routes: [{ live: { interval: 1s }, to: app }]');
  const page = await openLivePage(t, wherry);
  const raw = page.client.socket._socket;
  const seen = async () => (await list(t, wherry, { kind: 'websocket' }))[0];
  const long = JSON.stringify({ follow: '*'.repeat(8000) });
  let asked = 0;
  // At most 100 a second are taken.
  const ask = async () => {
    for (let i = 0; i < 50; i++) page.client.socket.send(long);
    asked += 50;
    await pause(600);
  };
  raw.pause();
  for (let i = 0; i < 100 && (await seen()).buffered_bytes < 64 * 1024; i++) await ask();
  await ask();
  const taken = await settled(async () => (await seen()).messages_in, 'what it asked is read');
  assert.ok(taken < asked, `${taken} of ${asked}`);
  assert.ok((await seen()).buffered_bytes < 256 * 1024);
  raw.resume();
  await eventually(() => page.kept('*'.repeat(8000)).length === asked, 'all answers');
});
