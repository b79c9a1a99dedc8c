// SPDX-License-Identifier: MIT
// Two users of a live URL never see each other's answer, whatever the backend and the
// moment.

import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';

import { eventually, pause } from './support/deadline.mjs';
import { get, liveBackend, liveRoute, startPollers } from './support/live.mjs';
import { openLivePage } from './support/live_page.mjs';
import { openEventStream } from './support/subscribe.mjs';
import { startWherry } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

/** Says whose request it is; an anonymous one is nobody's. */
function answerEach(backend, headers = {}, after = 0) {
  backend.answer = (request, response) => {
    const { cookie, authorization } = request.headers;
    setTimeout(() => {
      response.writeHead(200, headers).end(`of ${cookie ?? authorization ?? 'nobody'}`);
    }, after);
    return true;
  };
}

/** For who counts requests, however long it takes. */
const seldom = (route) => route.replace('interval: 200ms', 'interval: 1m');

async function assertOwnAnswers(wherry, makeHeaders, count, rounds = 3) {
  await Promise.all(Array.from({ length: count }, async (_, i) => {
    const { headers, owner } = makeHeaders(i);
    const agent = new http.Agent({ keepAlive: true });
    for (let round = 0; round < rounds; round++) {
      const answer = await get(wherry.port, '/mine', headers, { agent });
      assert.equal(answer.status, 200);
      assert.equal(answer.body, `of ${owner}`);
    }
    agent.destroy();
  }));
}

const cookie = (i) => ({ headers: { Cookie: `user=${i}` }, owner: `user=${i}` });
const token = (i) => ({ headers: { Authorization: `Bearer ${i}` }, owner: `Bearer ${i}` });
const anyone = (i) => (i % 3 === 0 ? { headers: {}, owner: 'nobody' } : i % 3 === 1 ? cookie(i) : token(i));

test('requests with credentials are passed through, each with its own', async (t) => {
  const backend = await liveBackend(t);
  answerEach(backend, {}, 20);
  const wherry = await startWherry(t, `workers: 3\n${seldom(liveRoute(backend))}`);
  await assertOwnAnswers(wherry, anyone, 60);
  const own = backend.requests.filter(({ headers }) => headers.cookie || headers.authorization);
  assert.equal(own.length, 40 * 3);
  assert.ok(backend.requests.length - own.length <= 10, 'those of nobody share');
  await assert.rejects(connectWebSocket(t, `${wherry.webSocketUrl}/mine`, { headers: { Cookie: 'a=1' } }), /403/);
});

test('a credential that is part of the key is shared with itself alone', async (t) => {
  const backend = await liveBackend(t);
  answerEach(backend, { Vary: 'Cookie, Authorization' }, 20);
  const wherry = await startWherry(t, `workers: 3\n${seldom(liveRoute(backend, 'vary: [Cookie, Authorization]'))}`);
  await assertOwnAnswers(wherry, (i) => anyone(i % 12), 60);
  assert.ok(backend.requests.length < 60, `${backend.requests.length} requests`);
  const sockets = await Promise.all([1, 2].map((i) => connectWebSocket(
    t, `${wherry.webSocketUrl}/mine`, { headers: { Cookie: `user=${i}` } })));
  assert.deepEqual(await Promise.all(sockets.map((socket) => socket.text())), ['of user=1', 'of user=2']);
});

test('share: public gives all what nobody gets, and sends no credential', async (t) => {
  const backend = await liveBackend(t);
  answerEach(backend);
  const wherry = await startWherry(t, liveRoute(backend, 'share: public'));
  for (let i = 0; i < 6; i++) {
    assert.equal((await get(wherry.port, '/mine', anyone(i).headers)).body, 'of nobody');
  }
  assert.ok(backend.requests.every(({ headers }) => !headers.cookie && !headers.authorization));
});

test('over the socket of a page each has its own, or nothing', async (t) => {
  const backend = await liveBackend(t);
  answerEach(backend);
  const pages = (wherry) => Promise.all(Array.from({ length: 12 }, async (_, i) => {
    const { headers, owner } = anyone(i % 6);
    return { page: await openLivePage(t, wherry, headers), headers, owner };
  }));

  await t.test('with credentials that nothing tells apart it is refused', async (t2) => {
    const wherry = await startWherry(t2, `workers: 3\n${liveRoute(backend)}`);
    for (const { page, headers } of await pages(wherry)) {
      if (headers.Cookie || headers.Authorization) assert.equal(await page.refusal('/mine'), 403);
    }
  });

  await t.test('with credentials that are part of the key it is told its own', async (t2) => {
    const wherry = await startWherry(t2, `workers: 3\n${liveRoute(backend, 'vary: [Cookie, Authorization]')}`);
    for (const { page, owner } of await pages(wherry)) {
      await page.follow('/mine');
      assert.equal((await page.next('/mine')).data, `of ${owner}`);
    }
  });

  await t.test('share: public tells all what nobody gets', async (t2) => {
    const wherry = await startWherry(t2, `workers: 3\n${liveRoute(backend, 'share: public')}`);
    for (const { page } of await pages(wherry)) {
      await page.follow('/mine');
      assert.equal((await page.next('/mine')).data, 'of nobody');
    }
  });
});

const PRIVATE = [
  ['Set-Cookie', { 'Set-Cookie': 'sid=1' }],
  ['Cache-Control: private', { 'Cache-Control': 'private, max-age=60' }],
  ['Cache-Control: no-store', { 'Cache-Control': 'no-cache, no-store' }],
  ['Vary names what is not in live.vary', { Vary: 'Accept-Encoding, X-User' }],
  ['Vary names what is not in live.vary', { Vary: '*' }],
];

test('private answers are never shared', async (t) => {
  const backend = await liveBackend(t);
  const wherry = await startWherry(t, `workers: 2\n${liveRoute(backend)}`);
  let n = 0;
  for (const [reason, headers] of PRIVATE) {
    await t.test(`${reason}: ${JSON.stringify(headers)}`, async () => {
      const path = `/p${n++}`;
      let count = 0;
      backend.answer = ({ headers: { 'x-user': user } }, response) => {
        setTimeout(() => response.writeHead(200, headers).end(`${user} ${count++}`), 20);
        return true;
      };
      // Those who wait for the first answer, and those after it.
      for (let round = 0; round < 2; round++) {
        const answers = await Promise.all(Array.from({ length: 20 }, (_, i) =>
          get(wherry.port, path, { 'X-User': `user${i}` })));
        answers.forEach(({ status, body }, i) => {
          assert.equal(status, 200);
          assert.ok(body.startsWith(`user${i} `), body);
        });
        assert.equal(new Set(answers.map(({ body }) => body)).size, 20);
      }
      const lines = () => wherry.stderr.split('\n').filter((line) => line.includes(path) && line.includes('not shared'));
      await eventually(() => lines().length > 0, 'the log says so');
      assert.equal(lines().length, 1, wherry.stderr);
      assert.ok(lines()[0].includes(reason), wherry.stderr);
    });
  }
});

test('only 200s are shared', async (t) => {
  const backend = await liveBackend(t);
  let count = 0;
  backend.answer = ({ url }, response) => {
    response.writeHead(Number(url.slice(1)), { Location: '/x' }).end(`${count++}`);
    return true;
  };
  const wherry = await startWherry(t, liveRoute(backend));
  for (const status of [204, 301, 404, 401]) {
    const answers = await Promise.all([1, 2, 3].map(() => get(wherry.port, `/${status}`)));
    assert.deepEqual(answers.map((answer) => answer.status), [status, status, status]);
    assert.ok(status === 204 || new Set(answers.map(({ body }) => body)).size === 3);
  }
});

test('a cookie that appears in the middle ends the sharing at once', async (t) => {
  const backend = await liveBackend(t);
  const wherry = await startWherry(t, `workers: 3\n${liveRoute(backend)}`);
  const socket = await connectWebSocket(t, `${wherry.webSocketUrl}/a`, { protocols: ['wherry.v1'] });
  const page = await openLivePage(t, wherry);
  for (const url of ['/a', '/b']) {
    await page.follow(url);
    assert.equal((await page.next(url)).data, 'first');
  }
  const stream = await openEventStream(t, `${wherry.url}/a`);
  await socket.text();
  await stream.event();
  const pollers = startPollers(wherry.port, '/a', 40, 20);
  await eventually(() => pollers.answers.length > 200, 'answers');
  let issued = 0;
  backend.answer = ({ url }, response) => {
    if (url === '/b') return response.writeHead(200).end('of b');
    response.writeHead(200, { 'Set-Cookie': `sid=${issued}` }).end(`secret ${issued++}`);
    return true;
  };
  await eventually(() => issued > 100, 'answers of their own');
  const secrets = (await pollers.stop()).map(({ body }) => body).filter((body) => body.startsWith('secret'));
  assert.equal(new Set(secrets).size, secrets.length, 'no secret was told twice');
  assert.deepEqual(JSON.parse(await socket.text()).data, { state: 'private' });
  assert.equal((await socket.closed()).code, 1008);
  assert.equal((await stream.event()).data, '{"state":"private"}');
  assert.equal(await stream.ended(), 'end');
  assert.equal((await get(wherry.port, '/a', { Accept: 'text/event-stream' })).status, 403);
  assert.deepEqual((await page.next('/a')).data, { state: 'private' });
  assert.equal(await page.refusal('/a'), 403);
  assert.equal((await page.next('/b')).data, 'of b');
  assert.deepEqual(page.kept('/a'), []);
});

test('an answer that turns private while it is waited for is given to nobody else', async (t) => {
  const backend = await liveBackend(t);
  const wherry = await startWherry(t, `workers: 3\n${liveRoute(backend)}`);
  let isPrivate = false;
  let issued = 0;
  backend.answer = (request, response) => {
    const headers = isPrivate ? { 'Set-Cookie': 'a=1' } : {};
    const body = isPrivate ? `secret ${issued++}` : 'for all';
    setTimeout(() => response.writeHead(200, headers).end(body), Math.random() * 30);
    return true;
  };
  const seen = [];
  const ask = async (i) => {
    for (let round = 0; round < 12; round++) {
      seen.push((await get(wherry.port, `/flip${i % 5}${round}`)).body);
      await pause(5);
    }
  };
  const all = Promise.all(Array.from({ length: 40 }, (_, i) => ask(i)));
  await eventually(() => seen.length > 100, 'answers');
  isPrivate = true;
  await all;
  const secrets = seen.filter((body) => body.startsWith('secret'));
  assert.ok(secrets.length > 50);
  assert.equal(new Set(secrets).size, secrets.length, 'no secret was told twice');
});

test('a body that is too long, or has no end, is passed through', async (t) => {
  const backend = await liveBackend(t);
  backend.body = 'x'.repeat(5000);
  const wherry = await startWherry(t, liveRoute(backend, 'snapshot: 4KiB'));
  assert.equal((await get(wherry.port, '/long')).body.length, 5000);
  backend.answer = (request, response) => {
    response.writeHead(200); // in chunks
    response.write('y'.repeat(3000));
    response.end('y'.repeat(3000));
    return true;
  };
  assert.equal((await get(wherry.port, '/chunks')).body.length, 6000);
});
