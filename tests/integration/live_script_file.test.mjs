// SPDX-License-Identifier: MIT
// The script that makes a page's polls local, as the file that it is.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { httpBackend } from './support/backends.mjs';
import { root } from './support/build.mjs';
import { startWherry } from './support/wherry.mjs';

test('live.js is served where a route is live, and only read', async (t) => {
  const backend = await httpBackend(t);
  const configuration = (route) => `routes: [{ ${route} to: app }]
upstreams: { app: { servers: ["${backend.url}"] } }
`;
  const wherry = await startWherry(t, configuration('live: { interval: 1s },'));
  const url = `${wherry.url}/.wherry/live.js`;
  const response = await fetch(url);
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type'), /^text\/javascript/);
  assert.match(response.headers.get('cache-control'), /max-age/);
  assert.equal(await response.text(), readFileSync(`${root}src/proxy/live_script.js`, 'utf8'));
  const again = await fetch(url, { headers: { 'If-None-Match': response.headers.get('etag') } });
  assert.equal(again.status, 304);
  const posted = await fetch(url, { method: 'POST', body: 'x' });
  assert.deepEqual([posted.status, posted.headers.get('allow')], [405, 'GET, HEAD']);
  assert.equal(backend.requests.length, 0);

  const without = await startWherry(t, configuration(''));
  assert.match(await (await fetch(`${without.url}/.wherry/live.js`)).text(), /"url":"\/\.wherry\/live\.js"/);
});
