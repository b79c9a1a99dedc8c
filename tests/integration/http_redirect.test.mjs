// SPDX-License-Identifier: MIT
// A redirect route answers by itself, and can't be made to point elsewhere.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { httpBackend } from './support/backends.mjs';
import { exchange, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { startWherry } from './support/wherry.mjs';

test('redirects', async (t) => {
  const wherry = await startWherry(t, `
routes:
  - { match: { path: /old/ }, redirect: { to: /new/, status: 308 } }
  - { match: { path: /page }, redirect: { to: /index.html, status: 301 } }
  - { match: { path: /away }, redirect: { to: "https://example.test/x", status: 302 } }
`);
  const ask = async (target, method = 'GET') =>
    exchange(await connect(t, wherry.port), requestText(method, target, { Connection: 'close' }));

  await t.test('status and Location are the ones written', async () => {
    for (const [target, status, location] of [
      ['/page', 301, '/index.html'],
      ['/away', 302, 'https://example.test/x'],
    ]) {
      const response = await ask(target);
      assert.deepEqual([response.status, response.headers.get('location')], [status, location]);
    }
  });

  await t.test('a prefix leads to a place under the new prefix, or to the prefix', async () => {
    const response = await ask('/old/a/b?c=d', 'POST');
    assert.equal(response.status, 308);
    assert.match(response.headers.get('location'), /^\/new\/(a\/b\?c=d)?$/);
  });

  await t.test('HEAD gets no body', async () => {
    const response = await ask('/page', 'HEAD');
    assert.equal(response.status, 301);
  });

  await t.test('no path makes it an open redirect', async () => {
    for (const target of ['/old//evil.test/', '/old/%2e%2e//evil.test', '/old/..//evil.test', '//evil.test/old/', '/old/\\evil.test']) {
      const location = (await ask(target)).headers.get('location') ?? '/';
      assert.match(location, /^\/($|[^/\\])/, target);
    }
  });
});

test('to: https is the same URL, of a configured host alone', async (t) => {
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, `
trusted_proxies: [127.0.0.2]
routes:
  - { match: { host: "*.example.test" }, redirect: { to: https } }
  - { match: { host: odd.test, path: /x/ }, redirect: { to: https, port: 8443, status: 301 } }
  - { match: { path: / }, to: app }
upstreams: { app: { servers: ["${backend.url}"] } }
`);
  const ask = async (host, target, more = {}, from = '127.0.0.1') => exchange(
    await connect(t, { port: wherry.port, host: '127.0.0.1', localAddress: from }),
    requestText('GET', target, { Host: host, Connection: 'close', ...more }));

  for (const [host, target, status, location] of [
    ['www.example.test', '/a/b?c=d', 308, 'https://www.example.test/a/b?c=d'],
    [`www.example.test:${wherry.port}`, '/', 308, 'https://www.example.test/'],
    ['odd.test', '/x/y', 301, 'https://odd.test:8443/x/y'],
    ['www.example.test', `/${'a'.repeat(4000)}`, 308, `https://www.example.test/${'a'.repeat(4000)}`],
  ]) {
    const response = await ask(host, target);
    assert.deepEqual([response.status, response.headers.get('location')], [status, location]);
  }
  for (const host of ['evil.test', 'example.test', 'www.example.test.evil.test']) {
    assert.equal((await ask(host, '/')).status, 200, host);
  }
  // Who only says so has not come by TLS.
  assert.equal((await ask('www.example.test', '/', { 'X-Forwarded-Proto': 'https' })).status, 308);
  const trusted = '127.0.0.2';
  assert.equal((await ask('www.example.test', '/', { 'X-Forwarded-Proto': 'https' }, trusted)).status, 200);
  assert.equal((await ask('www.example.test', '/', { 'X-Forwarded-Proto': 'http' }, trusted)).status, 308);
});
