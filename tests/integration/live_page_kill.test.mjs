// SPDX-License-Identifier: MIT
// `wherry kill` and a page's WebSocket: of the URLs that are followed over it those go that are
// meant, and the others do not notice.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { httpBackend } from './support/backends.mjs';
import { askControl } from './support/control.mjs';
import { eventually } from './support/deadline.mjs';
import { liveBackend } from './support/live.mjs';
import { openLivePage } from './support/live_page.mjs';
import { openEventStream } from './support/subscribe.mjs';
import { startWherry } from './support/wherry.mjs';

function writePasswords(directory) {
  const path = join(directory, 'users');
  const lines = ['ann', 'bob'].map((name) => execFileSync('htpasswd', ['-nbB', name, 'secret'], { stdio: ['ignore', 'pipe', 'ignore'] }));
  writeFileSync(path, Buffer.concat(lines));
  chmodSync(path, 0o600);
  return path;
}

async function kill(t, wherry, filter) {
  const answer = await askControl(t, wherry, { verb: 'kill', ...filter });
  assert.equal(answer.ok, true, JSON.stringify(answer));
  return answer.killed;
}

async function list(t, wherry, filter = {}) {
  const items = [];
  assert.equal((await askControl(t, wherry, { verb: 'connections', ...filter }, items)).ok, true);
  return items;
}

const first = ['/one/a', '/one/b?x=1', '/one/b?x=2', '/two/a', '/users/a'];

test('URLs of a page\'s WebSocket are ended', async (t) => {
  const [backend, other] = [await liveBackend(t), await liveBackend(t)];
  let word = 'first';
  backend.answer = other.answer = ({ url }, response) => response.writeHead(200).end(`${word} of ${url}`);
  const waiting = [];
  const auth = await httpBackend(t, (_, response) => waiting.push(response));
  const wherry = await startWherry(t, ({ directory }) => `
workers: 2
routes:
  - { name: one, match: { path: /one/ }, live: { interval: 100ms, share: public }, to: app }
  - { name: two, match: { path: /two/ }, live: { interval: 100ms, share: public }, to: other }
  - name: users
    match: { path: /users/ }
    basic_auth: { file: "${writePasswords(directory)}" }
    live: { interval: 100ms, share: public }
    to: app
  - name: asked
    match: { path: /asked/ }
    forward_auth: { url: "${auth.url}/auth", timeout: 60s }
    live: { interval: 100ms, share: public }
    to: app
upstreams:
  app: { servers: ["${backend.url}"] }
  other: { servers: ["${other.url}"] }
`);
  const as = (name) => ({ Authorization: `Basic ${Buffer.from(`${name}:secret`).toString('base64')}` });
  // Who comes back may be shown what was there before.
  const sees = async (page, url) => {
    await eventually(() => page.kept(url).some(({ data }) => data === `${word} of ${url}`), `${word} of ${url}`);
    page.kept(url).length = 0;
  };
  const followAll = async (page, urls = first) => {
    for (const url of urls) {
      await page.follow(url);
      await sees(page, url);
    }
  };
  const assertEnded = async (page, urls, detail = 'killed') => {
    for (const url of urls) {
      const { event, data } = await page.next(url);
      assert.deepEqual([event, data], ['status', { state: 'refused', status: 503, detail }], url);
    }
  };
  let words = 1;
  const assertGoOn = async (page, urls) => {
    word = `word ${++words}`;
    for (const url of urls) await sees(page, url);
  };
  const page = await openLivePage(t, wherry, as('ann'));
  await followAll(page);

  const MEANT = [
    [{ route: 'one' }, ['/one/a', '/one/b?x=1', '/one/b?x=2']],
    [{ route: 'one', reason: 'have "a" break' }, ['/one/a', '/one/b?x=1', '/one/b?x=2'], 'have "a" break'],
    [{ upstream: 'other' }, ['/two/a']],
    [{ user: 'ann' }, ['/users/a']],
    [{ channel: '/one/b' }, ['/one/b?x=1', '/one/b?x=2']],
    [{ channel: '/one/b?x=2', code: 4000 }, ['/one/b?x=2']],
    [{ route: 'one', channel: '/one/a', kind: 'websocket' }, ['/one/a']],
    [{ upstream: 'app', source: '127.0.0.0/8' }, ['/one/a', '/one/b?x=1', '/one/b?x=2', '/users/a']],
  ];
  for (const [filter, urls, detail] of MEANT) {
    await t.test(`that fit ${JSON.stringify(filter)}`, async (t) => {
      const { code, reason, ...seen } = filter;
      assert.equal((await list(t, wherry, seen)).length, 1, 'it is listed by them');
      assert.equal(await kill(t, wherry, filter), 1, 'a socket is one');
      await assertEnded(page, urls, detail);
      assert.equal((await list(t, wherry, seen)).length, 0);
      assert.equal(await kill(t, wherry, filter), 0);
      await assertGoOn(page, first.filter((url) => !urls.includes(url)));
      await followAll(page, urls);
    });
  }

  await t.test('and none that do not', async (t) => {
    const filters = [{ route: 'two', channel: '/one/a' }, { route: 'asked' }, { user: 'bob' }, { channel: '/one/b?x=3' },
      { channel: '/one/' }, { route: 'one', kind: 'http' }, { route: 'one', source: '10.0.0.0/8' }, { route: 'one', age: '1h' },
      { server: backend.url }];
    for (const filter of filters) {
      assert.equal((await list(t, wherry, filter)).length, 0, JSON.stringify(filter));
      assert.equal(await kill(t, wherry, filter), 0, JSON.stringify(filter));
    }
    await assertGoOn(page, first);
  });

  await t.test('like the event streams of the route', async (t) => {
    const stream = await openEventStream(t, `${wherry.url}/two/a?token=secret`);
    assert.equal((await stream.event()).data, `${word} of /two/a?token=secret`);
    const [seen] = await list(t, wherry, { kind: 'http', route: 'two' });
    assert.deepEqual(seen.channels, ['/two/a']);
    const others = await openLivePage(t, wherry, as('bob'));
    await followAll(others, ['/two/a', '/users/a']);
    assert.equal(await kill(t, wherry, { route: 'two' }), 3);
    await wherry.accessLine({ reason: 'killed', route: 'two' });
    for (const one of [page, others]) await assertEnded(one, ['/two/a']);
    assert.equal(await kill(t, wherry, { user: 'bob' }), 1);
    await assertEnded(others, ['/users/a']);
    await assertGoOn(page, first.filter((url) => url !== '/two/a'));
    await followAll(page, ['/two/a']);
    others.client.socket.close();
  });

  await t.test('while they are asked about, too', async (t) => {
    await page.follow('/asked/a');
    await eventually(() => waiting.length === 1, 'the service is asked');
    assert.equal(await kill(t, wherry, { route: 'asked' }), 1);
    await assertEnded(page, ['/asked/a']);
    waiting[0].on('error', () => {}).writeHead(200).end();
    await assertGoOn(page, first);
    assert.deepEqual(page.kept('/asked/a'), []);
    await eventually(() => /live: \/asked\/a is not followed for 127\.0\.0\.1: 503, killed/.test(wherry.stderr), 'the log has it');
  });

  await t.test('with their socket, where that is meant', async (t) => {
    const [{ id }] = await list(t, wherry, { route: 'one' });
    assert.equal(await kill(t, wherry, { id, code: 4001 }), 1);
    assert.deepEqual(await page.client.closed(), { code: 4001, reason: 'killed' });
    const last = await openLivePage(t, wherry);
    await followAll(last, ['/one/a']);
    assert.equal(await kill(t, wherry, { kind: 'websocket', code: 4002, reason: 'go' }), 1);
    assert.deepEqual(await last.client.closed(), { code: 4002, reason: 'go' });
  });
});
