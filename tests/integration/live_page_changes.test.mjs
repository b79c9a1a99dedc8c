// SPDX-License-Identifier: MIT
// A page's WebSocket stays for hours: what reloads, drains and stops do to it.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { httpBackend } from './support/backends.mjs';
import { askControl } from './support/control.mjs';
import { eventually } from './support/deadline.mjs';
import { liveBackend } from './support/live.mjs';
import { openLivePage } from './support/live_page.mjs';
import { startWherry } from './support/wherry.mjs';

async function startApp(t) {
  const backend = await liveBackend(t);
  backend.answer = ({ url }, response) => response.writeHead(200).end(`${backend.word ?? 'first'} of ${url}`);
  return backend;
}

const route = (path, to = 'app', more = 'live: { interval: 100ms }') => `
  - match: { path: ${path} }
    ${more}
    to: ${to}`;

test('a reload keeps what is still there, and tells of what is not', async (t) => {
  const [app, other] = [await startApp(t), await startApp(t)];
  other.word = 'other';
  const configuration = (...routes) => `
workers: 2
drain: { window: 0s, timeout: 300ms, reload: { window: 100ms, timeout: 5s } }
routes:${routes.join('')}${route('/both', 'other', '')}
upstreams:
  app: { servers: ["${app.url}"] }
  other: { servers: ["${other.url}"] }
`;
  const wherry = await startWherry(t, configuration(route('/a'), route('/b'), route('/c'), route('/d')));
  const page = await openLivePage(t, wherry);
  const urls = ['/a', '/b', '/c', '/d'];
  for (const url of urls) {
    await page.follow(url);
    assert.equal((await page.next(url)).data, `first of ${url}`);
  }

  await t.test('of the routes', async () => {
    wherry.writeConfiguration(configuration(route('/a'), route('/c', 'other'), route('/d', 'app', '')));
    assert.equal((await askControl(t, wherry, { verb: 'reload' })).ok, true);
    for (const url of urls.slice(1)) {
      const { event, data } = await page.next(url);
      assert.deepEqual([event, data.state, data.status], ['status', 'refused', 404], url);
    }
    app.word = 'second';
    assert.equal((await page.next('/a')).data, 'second of /a');
    await page.follow('/c');
    assert.equal((await page.next('/c')).data, 'other of /c');
    assert.equal(await page.refusal('/d'), 403);
  });

  await t.test('and closes it when nothing is live', async () => {
    wherry.writeConfiguration(configuration(route('/a', 'app', '')));
    assert.equal((await askControl(t, wherry, { verb: 'reload' })).ok, true);
    assert.equal((await page.client.closed()).reason, 'route_gone');
    await wherry.accessLine({ path: '/.wherry/live', reason: 'route_gone' });
  });
});

test('many reloads of other things are not noticed', async (t) => {
  const app = await startApp(t);
  const configuration = (n) => `
workers: 2
limits: { header: ${16 + n}KiB }
routes:${route('/', 'app', 'limits: { concurrent: 4 }\n    live: { interval: 100ms }')}
upstreams: { app: { servers: ["${app.url}"] } }
`;
  const wherry = await startWherry(t, configuration(0));
  const page = await openLivePage(t, wherry);
  const urls = ['/a', '/b', '/c', '/d'];
  for (const url of urls) {
    await page.follow(url);
    await page.next(url);
  }
  for (let n = 1; n < 6; n++) {
    wherry.writeConfiguration(configuration(n));
    assert.equal((await askControl(t, wherry, { verb: 'reload' })).ok, true);
    app.word = `word ${n}`;
    for (const url of urls) assert.equal((await page.next(url)).data, `word ${n} of ${url}`);
  }
  assert.equal(await page.refusal('/e'), 503);
  await page.unfollow('/a');
  await page.follow('/e');
  assert.equal((await page.next('/e')).data, 'word 5 of /e');
});

test('a reload while access is asked', async (t) => {
  const app = await startApp(t);
  const waiting = [];
  const auth = await httpBackend(t, (_, response) => waiting.push(response));
  const configuration = (n, more = `
    forward_auth: { url: "${auth.url}/auth", timeout: 60s }
    limits: { concurrent: 1 }
    live: { interval: 100ms, share: public }`) => `
workers: 2
limits: { header: ${16 + n}KiB }
routes:
  - match: { path: /asked/ }${more}
    to: app
  - { live: { interval: 100ms }, to: app }
upstreams: { app: { servers: ["${app.url}"] } }
`;
  const wherry = await startWherry(t, configuration(0));
  const page = await openLivePage(t, wherry);
  const reload = async (...args) => {
    wherry.writeConfiguration(configuration(...args));
    assert.equal((await askControl(t, wherry, { verb: 'reload' })).ok, true);
  };
  const ask = async (url) => {
    const { length } = waiting;
    await page.follow(url);
    await eventually(() => waiting.length > length, 'the service is asked');
    return waiting.at(-1).on('error', () => {});
  };

  await t.test('does not matter, and who is let in goes by the new rules', async () => {
    const answer = await ask('/asked/a');
    for (const n of [1, 2]) await reload(n);
    answer.writeHead(200).end();
    assert.equal((await page.next('/asked/a')).data, 'first of /asked/a');
    await reload(3);
    app.word = 'second';
    assert.equal((await page.next('/asked/a')).data, 'second of /asked/a');
    assert.equal(await page.refusal('/asked/b'), 503, 'it is counted');
    await page.unfollow('/asked/a');
    const next = await ask('/asked/b');
    next.writeHead(200).end();
    assert.equal((await page.next('/asked/b')).data, 'second of /asked/b');
    await page.unfollow('/asked/b');
  });

  await t.test('nor to who is not', async () => {
    const answer = await ask('/asked/a');
    await reload(4);
    answer.writeHead(401).end();
    const { event, data } = await page.next('/asked/a');
    assert.deepEqual([event, data.state, data.status], ['status', 'refused', 401]);
  });

  await t.test('unless its route is gone', async () => {
    const answer = await ask('/asked/a');
    await reload(5, '');
    answer.writeHead(200).end();
    const { event, data } = await page.next('/asked/a');
    assert.deepEqual([event, data.state, data.status], ['status', 'refused', 404]);
    await page.follow('/other');
    assert.equal((await page.next('/other')).data, 'second of /other');
  });
});

async function startFollowed(t, more = '') {
  const app = await startApp(t);
  const wherry = await startWherry(t, `${more}
routes:${route('/', 'app')}
upstreams: { app: { servers: ["${app.url}"] } }
`);
  const page = await openLivePage(t, wherry);
  for (const url of ['/a', '/b']) {
    await page.follow(url);
    await page.next(url);
  }
  return { wherry, page };
}

test('a stop closes it', async (t) => {
  const { wherry, page } = await startFollowed(t, 'drain: { window: 0s, timeout: 10s }');
  wherry.signal('SIGTERM');
  assert.deepEqual(await page.client.closed(), { code: 1001, reason: 'shutdown' });
  await wherry.ended();
  const line = await wherry.accessLine({ status: 101, reason: 'shutdown' });
  assert.deepEqual([line.messages_in, line.messages_out], [2, 2]);
});

test('a drain says its own code and words', async (t) => {
  const { wherry, page } = await startFollowed(t);
  const answer = await askControl(t, wherry,
    { verb: 'drain', target: `127.0.0.1:${wherry.port}`, window: '0s', timeout: '10s', code: 1012, reason: 'elsewhere' });
  assert.equal(answer.ok, true, JSON.stringify(answer));
  assert.deepEqual(await page.client.closed(), { code: 1012, reason: 'elsewhere' });
});
