// SPDX-License-Identifier: MIT
// Whose pages may subscribe: origins, what browsers are told, and their preflights.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { makeKey, writeKeySet } from './support/jwt.mjs';
import { openEventStream, poll } from './support/subscribe.mjs';
import { startWherry } from './support/wherry.mjs';
import { connectWebSocket } from './support/ws_client.mjs';

const APP = 'https://app.example';
const EVIL = 'https://evil.example';

const key = makeKey('ES256', 'one');

const start = (t) => startWherry(t, (where) => `
routes:
  - { match: { path: /same }, subscribe: { channel: a, wait: 1ms } }
  - { match: { path: /any }, subscribe: { channel: a, wait: 1ms, origins: any } }
  - { match: { path: /list }, subscribe: { channel: a, wait: 1ms, origins: ["${APP}"] } }
  - match: { path: /token }
    jwt: { jwks: ${writeKeySet(where.directory, [key])} }
    subscribe: { channel: a, wait: 1ms, origins: ["${APP}"] }
`);

const allowed = ({ headers }) => headers['access-control-allow-origin'];

test('long-polls and event streams', async (t) => {
  const wherry = await start(t);
  const ask = (path, origin) => poll(`${wherry.url}${path}`, origin ? { Origin: origin } : {});
  const ROWS = [
    ['/same', undefined, 204, undefined],
    ['/same', EVIL, 403, undefined],
    ['/same', 'null', 403, undefined],
    ['/any', EVIL, 204, '*'],
    ['/list', undefined, 204, undefined],
    ['/list', EVIL, 403, undefined],
    ['/list', APP, 204, APP],
  ];
  for (const [path, origin, status, expected] of ROWS) {
    await t.test(`${path} from ${origin}`, async () => {
      const answer = await ask(path, origin);
      assert.deepEqual([answer.status, allowed(answer)], [status, expected]);
    });
  }
  await t.test("its own page's", async () => {
    assert.equal((await ask('/same', wherry.url)).status, 204);
  });
  await t.test('with credentials only where pages are listed', async () => {
    const listed = await ask('/list', APP);
    assert.equal(listed.headers['access-control-allow-credentials'], 'true');
    assert.equal(listed.headers['access-control-expose-headers'], 'ETag, Retry-After, Wherry-Gap');
    assert.equal((await ask('/any', APP)).headers['access-control-allow-credentials'], undefined);
  });
  await t.test('event streams', async () => {
    const stream = await openEventStream(t, `${wherry.url}/list`, { Origin: APP });
    assert.equal(allowed(stream.response), APP);
    assert.equal((await openEventStream(t, `${wherry.url}/list`, { Origin: EVIL })).response.statusCode, 403);
  });
});

test('WebSockets', async (t) => {
  const wherry = await start(t);
  const open = (path, origin) => connectWebSocket(t, `${wherry.webSocketUrl}${path}`, { origin });
  await open('/same');
  await open('/same', wherry.url);
  await open('/any', EVIL);
  await open('/list', APP);
  for (const [path, origin] of [['/same', EVIL], ['/list', EVIL], ['/list', undefined]]) {
    await assert.rejects(open(path, origin), /403/);
  }
});

test('preflights, without any credentials', async (t) => {
  const wherry = await start(t);
  const ask = (path, origin) => poll(`${wherry.url}${path}`, {
    Origin: origin, 'Access-Control-Request-Method': 'GET', 'Access-Control-Request-Headers': 'authorization,last-event-id',
  }, { method: 'OPTIONS' });
  const { status, headers } = await ask('/token', APP);
  assert.deepEqual(
    [status, headers['access-control-allow-origin'], headers['access-control-allow-methods'], headers['access-control-allow-headers'],
      headers['content-length']],
    [204, APP, 'GET', 'authorization,last-event-id', undefined]);
  assert.equal((await ask('/token', EVIL)).status, 403);
  const plain = await poll(`${wherry.url}/token`, { Origin: APP }, { method: 'OPTIONS' });
  assert.equal(plain.status, 401);
});
