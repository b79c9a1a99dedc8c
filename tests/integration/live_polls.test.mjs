// SPDX-License-Identifier: MIT
// Many pollers of a live URL are one for its backend, and get what it would have said.

import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';

import { askControl } from './support/control.mjs';
import { eventually, settled } from './support/deadline.mjs';
import { get, liveBackend, liveRoute, startPollers } from './support/live.mjs';
import { startWherry } from './support/wherry.mjs';

/** No more than one an interval from a moment before the first: this process is busy and sees them late. */
function assertPace(requests, interval, since) {
  const time = requests.at(-1).at - since;
  assert.ok(time >= (requests.length - 1) * interval * 0.9, `${requests.length} requests in ${time} ms`);
}

test('200 pollers on four workers are one poll an interval', async (t) => {
  const backend = await liveBackend(t);
  const wherry = await startWherry(t, `workers: 4\n${liveRoute(backend)}`);
  const since = performance.now();
  const pollers = startPollers(wherry.port, '/scores?game=1', 200, 100);
  await eventually(() => backend.requests.length >= 4, 'four requests');
  backend.body = 'second';
  await eventually(() => pollers.answers.at(-1)?.body === 'second', 'the change');
  await eventually(() => backend.requests.length >= 8 && pollers.answers.length > 400, 'eight requests, many answers');
  const answers = await pollers.stop();
  assert.deepEqual([...new Set(answers.map(({ body }) => body))], ['first', 'second']);
  assert.ok(answers.every(({ status }) => status === 200));
  assertPace(backend.requests, 200, since);
  assert.deepEqual([...new Set(backend.requests.map(({ url }) => url))], ['/scores?game=1']);
  await settled(() => backend.requests.length, 'the backend is left alone when nobody asks');
});

test('a poll of a live URL', async (t) => {
  const backend = await liveBackend(t);
  const wherry = await startWherry(t, liveRoute(backend));
  const ask = (path, headers, options) => get(wherry.port, path, headers, options);

  await t.test('has an entity tag of ours, an age and a rule for caches', async () => {
    backend.headers = { 'Content-Type': 'text/x-test', 'X-Own': 'a', 'Last-Modified': 'Sat, 01 Jan 2022 00:00:00 GMT' };
    const { status, headers, body } = await ask('/a');
    assert.equal(status, 200);
    assert.equal(body, 'first');
    assert.match(headers.etag, /^"\d+"$/);
    assert.match(headers['wherry-live'], /^\d+$/);
    assert.match(headers.age, /^\d$/);
    assert.equal(headers['cache-control'], 'no-cache');
    assert.equal(headers['content-type'], 'text/x-test');
    assert.equal(headers['x-own'], 'a');
    assert.equal(headers['content-length'], '5');
    assert.ok(Math.abs(Date.parse(headers.date) - Date.now()) < 60_000);
    assert.equal(headers.via, '1.1 wherry');
    assert.equal(headers['wherry-stale'], undefined);
  });

  await t.test('is a 304 for who has it', async () => {
    const { headers } = await ask('/a');
    for (const tag of [headers.etag, `W/${headers.etag}`, `"x", ${headers.etag}`, '*']) {
      const answer = await ask('/a', { 'If-None-Match': tag });
      assert.equal(answer.status, 304, tag);
      assert.equal(answer.headers.etag, headers.etag);
      assert.equal(answer.body, '');
      assert.equal(answer.headers['content-type'], undefined);
    }
    assert.equal((await ask('/a', { 'If-None-Match': '"x"' })).status, 200);
    const since = { 'If-Modified-Since': headers['last-modified'] };
    assert.equal((await ask('/a', since)).status, 304);
    assert.equal((await ask('/a', { ...since, 'If-None-Match': '"x"' })).status, 200);
    assert.equal((await ask('/a', { 'If-Modified-Since': 'Sat, 01 Jan 2000 00:00:00 GMT' })).status, 200);
  });

  await t.test('may be a HEAD', async () => {
    const answer = await ask('/a', {}, { method: 'HEAD' });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['content-length'], '5');
    assert.equal(answer.body, '');
    assert.ok(backend.requests.every(({ method }) => method === 'GET'));
  });

  await t.test("has the backend's own tag and rule, where it sends them", async () => {
    backend.headers = { 'Cache-Control': 'public, must-revalidate' };
    backend.etag = '"own"';
    const asked = () => backend.requests.filter(({ url }) => url === '/tag');
    const pollers = startPollers(wherry.port, '/tag', 3, 50);
    await eventually(() => asked().length >= 4, 'conditional requests');
    const answers = await pollers.stop();
    assert.ok(answers.every(({ status, headers, body }) => status === 200 && body === 'first' &&
      headers.etag === '"own"' && headers['cache-control'] === 'public, must-revalidate'));
    const tags = asked().map(({ headers }) => headers['if-none-match']);
    assert.equal(tags[0], undefined);
    assert.ok(tags.slice(1).every((tag) => tag === '"own"'));
    delete backend.etag;
  });

  await t.test('does not tell the backend of its client', async () => {
    await ask('/who', { 'User-Agent': 'me', 'X-Me': '1', 'Accept-Language': 'de' });
    const { headers } = backend.requests.find(({ url }) => url === '/who');
    assert.deepEqual(Object.keys(headers).sort(), ['accept', 'accept-encoding', 'connection', 'host',
      'via', 'x-forwarded-host', 'x-forwarded-proto'].filter((name) => name !== 'connection' || headers.connection));
  });

  await t.test('goes to the backend if it is no GET, or has a body', async () => {
    const before = backend.requests.length;
    await ask('/a', {}, { method: 'POST' });
    await ask('/a', {}, { method: 'OPTIONS' });
    await ask('/a', { 'If-Match': '"x"' });
    assert.deepEqual(backend.requests.slice(before).filter(({ headers }) => headers['x-forwarded-for'])
      .map(({ method }) => method), ['POST', 'OPTIONS', 'GET']);
  });

  await t.test('of a long body goes as its client reads', async () => {
    backend.body = 'x'.repeat(900_000);
    const answer = await ask('/long');
    assert.equal(answer.body.length, 900_000);
    assert.equal((await ask('/long', { Connection: 'close' })).body.length, 900_000);
  });
});

test('codings and listed headers tell answers apart', async (t) => {
  const backend = await liveBackend(t);
  backend.headers = { Vary: 'Accept-Encoding, Accept-Language' };
  backend.answer = ({ headers }, response) => {
    response.writeHead(200, backend.headers).end(`${headers['accept-encoding']} ${headers['accept-language']}`);
    return true;
  };
  const wherry = await startWherry(t, liveRoute(backend, 'vary: [Accept-Language]'));
  const ask = async (headers) => (await get(wherry.port, '/', headers)).body;
  assert.equal(await ask({}), 'identity undefined');
  assert.equal(await ask({ 'Accept-Encoding': 'gzip, deflate, br' }), 'br, gzip undefined');
  assert.equal(await ask({ 'Accept-Encoding': 'deflate, br;q=0.9, gzip;q=1' }), 'br, gzip undefined');
  assert.equal(await ask({ 'Accept-Encoding': 'gzip, br;q=0' }), 'gzip undefined');
  assert.equal(await ask({ 'Accept-Language': 'de' }), 'identity de');
  assert.equal(await ask({ 'Accept-Language': 'fr' }), 'identity fr');
  const seen = new Set(backend.requests.map(({ headers }) => `${headers['accept-encoding']} ${headers['accept-language']}`));
  assert.equal(seen.size, 5);
});

test('the backend sets the pace', async (t) => {
  await t.test('by max-age', async (t) => {
    const backend = await liveBackend(t);
    backend.headers = { 'Cache-Control': 'max-age=1' };
    const wherry = await startWherry(t, liveRoute(backend));
    const since = performance.now();
    const pollers = startPollers(wherry.port, '/', 4, 50);
    await eventually(() => backend.requests.length >= 3, 'three requests');
    await pollers.stop();
    assertPace(backend.requests, 1000, since);
  });

  await t.test('by being slow', async (t) => {
    const backend = await liveBackend(t);
    let under = 0;
    let most = 0;
    backend.answer = (request, response) => {
      most = Math.max(most, ++under);
      setTimeout(() => {
        under--;
        response.end('slow');
      }, 500);
      return true;
    };
    const wherry = await startWherry(t, `workers: 2\n${liveRoute(backend)}`);
    const since = performance.now();
    const pollers = startPollers(wherry.port, '/', 20, 50);
    await eventually(() => backend.requests.length >= 4, 'four requests');
    const answers = await pollers.stop();
    assert.ok(answers.every(({ body }) => body === 'slow'));
    assert.equal(most, 1);
    assertPace(backend.requests, 500, since);
  });

  await t.test('by having nothing new, where that is wanted', async (t) => {
    const backend = await liveBackend(t);
    const wherry = await startWherry(t, liveRoute(backend, 'max_interval: 1s'));
    const pollers = startPollers(wherry.port, '/', 4, 50);
    await eventually(() => backend.requests.length >= 7, 'seven requests');
    await pollers.stop();
    const gaps = backend.requests.slice(1).map(({ at }, i) => at - backend.requests[i].at);
    assert.ok(Math.max(...gaps) > 800, `${gaps}`); // one of them may be seen late
  });
});

test('a reload in the middle changes nothing but the pace', async (t) => {
  const backend = await liveBackend(t);
  const wherry = await startWherry(t, `workers: 2\n${liveRoute(backend)}`);
  const since = performance.now();
  const pollers = startPollers(wherry.port, '/', 50, 40);
  await eventually(() => backend.requests.length >= 4, 'four requests');
  const reload = async (text) => {
    wherry.writeConfiguration(text);
    await askControl(t, wherry, { verb: 'reload' });
  };
  await reload(`workers: 2\n${liveRoute(backend)}`);
  await eventually(() => backend.requests.length >= 8, 'eight requests');
  assertPace(backend.requests, 200, since);
  const reloaded = backend.requests.length;
  const reloadedAt = performance.now();
  await reload(`workers: 2\n${liveRoute(backend).replace('200ms', '600ms')}`);
  await eventually(() => backend.requests.length >= reloaded + 4, 'four more requests');
  const answers = await pollers.stop();
  assert.ok(answers.every(({ status, body }) => status === 200 && body === 'first'));
  assertPace(backend.requests.slice(reloaded + 1), 600, reloadedAt);
});

test('first requests wait for one answer, as many as may', async (t) => {
  const backend = await liveBackend(t);
  let release;
  backend.answer = (request, response) => {
    release = () => response.end('at last');
    return true;
  };
  // A second request to the backend is not due, however long the first one takes.
  const wherry = await startWherry(t, liveRoute(backend, 'waiters: 5').replace('200ms', '1m'));
  const agent = new http.Agent({ maxSockets: 20 });
  const asked = Array.from({ length: 8 }, () => get(wherry.port, '/', {}, { agent }));
  const refused = [];
  asked.forEach((one) => one.then(({ status }) => status === 503 && refused.push(status)));
  await eventually(() => refused.length === 3 && release, 'three refusals');
  release();
  const statuses = (await Promise.all(asked)).map(({ status }) => status).sort();
  assert.deepEqual(statuses, [200, 200, 200, 200, 200, 503, 503, 503]);
  assert.equal(backend.requests.length, 1);
});

test('a long-poll is answered when something changes', async (t) => {
  const backend = await liveBackend(t);
  const wherry = await startWherry(t, liveRoute(backend, 'wait: 30s'));
  const first = await get(wherry.port, '/a?wait=1&x=1');
  assert.equal(first.body, 'first', 'who has nothing gets it at once');
  const tag = { 'If-None-Match': first.headers.etag };
  const waiting = [get(wherry.port, '/a?x=1', { ...tag, Prefer: 'wait=30' }), get(wherry.port, '/a?x=1&wait=30', tag)];
  await eventually(() => backend.requests.length >= 3, 'polls of ours');
  backend.body = 'second';
  for (const answer of await Promise.all(waiting)) {
    assert.equal(answer.status, 200);
    assert.equal(answer.body, 'second');
    assert.notEqual(answer.headers.etag, first.headers.etag);
  }
  const { headers } = await get(wherry.port, '/a?x=1');
  const nothing = await get(wherry.port, '/a?x=1&wait=1', { 'If-None-Match': headers.etag });
  assert.equal(nothing.status, 304);
  assert.deepEqual([...new Set(backend.requests.map(({ url }) => url))], ['/a?x=1']);
});
