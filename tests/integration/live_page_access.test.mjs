// SPDX-License-Identifier: MIT
// Who may follow what over a page's WebSocket: each URL by the access rules of its route, with
// what the handshake brought.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { httpBackend } from './support/backends.mjs';
import { eventually } from './support/deadline.mjs';
import { makeKey, secondsFromNow, writeKeySet } from './support/jwt.mjs';
import { liveBackend } from './support/live.mjs';
import { openLivePage } from './support/live_page.mjs';
import { startWherry } from './support/wherry.mjs';

const key = makeKey('ES256', 'one');

function writePasswords(directory) {
  const path = join(directory, 'users');
  writeFileSync(path, execFileSync('htpasswd', ['-nbB', 'ann', 'secret'], { stdio: ['ignore', 'pipe', 'ignore'] }));
  chmodSync(path, 0o600);
  return path;
}

async function start(t, auth) {
  const backend = await liveBackend(t);
  backend.answer = ({ url }, response) => response.writeHead(200).end(`of ${url}`);
  const wherry = await startWherry(t, ({ directory }) => `
workers: 2
routes:
  - match: { path: /token/ }
    jwt: { jwks: ${writeKeySet(directory, [key])}, from: [cookie=token], leeway: 0s }
    live: { interval: 200ms, share: public }
    to: app
  - match: { path: /password/ }
    basic_auth: { file: "${writePasswords(directory)}" }
    live: { interval: 200ms, share: public }
    to: app
  - match: { path: /asked/ }
    forward_auth: { url: "${auth.url}/auth", timeout: 5s }
    live: { interval: 200ms, share: public }
    to: app
  - { live: { interval: 200ms, share: public }, to: app }
upstreams: { app: { servers: ["${backend.url}"] } }
`);
  return { wherry, backend };
}

const basic = (password) => `Basic ${Buffer.from(`ann:${password}`).toString('base64')}`;

test('each URL by the rules of its route', async (t) => {
  const asked = [];
  const waiting = [];
  const auth = await httpBackend(t, (request, response) => {
    asked.push(request.headers);
    if (request.headers['x-original-uri'] === '/asked/slow' || request.headers['x-forwarded-uri'] === '/asked/slow') {
      waiting.push(response);
      return;
    }
    response.writeHead(/token=/.test(request.headers.cookie) ? 200 : 401).end('no');
  });
  const { wherry, backend } = await start(t, auth);
  const all = ['/open', '/token/a', '/password/a', '/asked/a'];

  await t.test('without anything, what is open', async (t) => {
    const page = await openLivePage(t, wherry);
    for (const url of all.slice(1)) assert.equal(await page.refusal(url), 401, url);
    await page.follow('/open');
    assert.equal((await page.next('/open')).data, 'of /open');
    assert.ok(backend.requests.every(({ url }) => url === '/open'), 'the backend heard of nothing else');
  });

  await t.test('with the right credentials all', async (t) => {
    const page = await openLivePage(t, wherry, { Cookie: `a=b; token=${key.sign()}`, Authorization: basic('secret') });
    for (const url of all) await page.follow(url);
    for (const url of all) assert.equal((await page.next(url)).data, `of ${url}`);
    assert.ok(backend.requests.every(({ headers }) => !headers.cookie && !headers.authorization));
  });

  await t.test('with wrong ones those that they do not matter to', async (t) => {
    const bad = { Cookie: `token=${key.sign({ exp: secondsFromNow(-60) })}`, Authorization: basic('wrong') };
    const page = await openLivePage(t, wherry, bad);
    for (const url of ['/token/a', '/password/a']) assert.equal(await page.refusal(url), 401, url);
    for (const url of ['/asked/a', '/open']) {
      await page.follow(url);
      assert.equal((await page.next(url)).data, `of ${url}`);
    }
  });

  await t.test('the service is asked about the URL, not the socket', async () => {
    const headers = asked.at(-1);
    assert.ok(Object.values(headers).includes('/asked/a'), JSON.stringify(headers));
    assert.ok(!('sec-websocket-key' in headers) && !('upgrade' in headers));
  });

  await t.test('a URL that is given up while it is asked about is not told', async (t) => {
    const page = await openLivePage(t, wherry, { Cookie: 'token=x' });
    await page.follow('/asked/slow');
    await eventually(() => waiting.length === 1, 'it is asked about');
    await page.unfollow('/asked/slow');
    await page.follow('/asked/slow');
    await eventually(() => waiting.length === 2, 'it is asked about again');
    waiting[0].on('error', () => {}).writeHead(401).end();
    waiting[1].writeHead(200).end();
    assert.equal((await page.next('/asked/slow')).data, 'of /asked/slow');
    await page.follow('/asked/slow');
    await eventually(() => waiting.length === 3, 'and once more');
    page.client.socket.close();
    assert.equal((await page.client.closed()).code, 1005);
    waiting[2].on('error', () => {}).writeHead(200).end();
  });

  await t.test('a token that expires ends its URL, and no other', async (t) => {
    const page = await openLivePage(t, wherry, { Cookie: `token=${key.sign({ exp: secondsFromNow(5) })}` });
    for (const url of ['/token/a', '/open']) {
      await page.follow(url);
      assert.equal((await page.next(url)).data, `of ${url}`);
    }
    const { event, data } = await page.next('/token/a');
    assert.deepEqual([event, data.state, data.status], ['status', 'refused', 401]);
    assert.equal(await page.refusal('/token/a'), 401);
    backend.answer = (_, response) => response.writeHead(200).end('changed');
    assert.equal((await page.next('/open')).data, 'changed');
    assert.deepEqual(page.kept('/token/a'), []);
  });
});
