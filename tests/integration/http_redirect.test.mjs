// SPDX-License-Identifier: MIT
// A redirect route answers by itself, and can't be made to point elsewhere.

import assert from 'node:assert/strict';
import { test } from 'node:test';

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
