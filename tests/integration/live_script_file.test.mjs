// SPDX-License-Identifier: MIT
// The script that makes a page's polls local, as the file that it is.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Script } from 'node:vm';

import { httpBackend } from './support/backends.mjs';
import { startWherry } from './support/wherry.mjs';

test('live.js is one function, and small', async (t) => {
  const wherry = await startWherry(t, "routes: [{ subscribe: { channel: c } }]\n");
  const text = await (await fetch(`${wherry.url}/.wherry/live.js`)).text();
  assert.match(text, /^\/\/ SPDX-License-Identifier: MIT\n\/\/ .*\n\(\(\) => \{\n'use strict';\n[^]*\n\}\)\(\);\n$/);
  assert.doesNotMatch(text.split('\n').slice(2).join('\n'), /^\s|^\/\/| \/\/ /m, 'comments and indentation stay here');
  assert.ok(new Script(text) && text.length < 20 * 1024, `${text.length} bytes`);
});

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
  assert.match(response.headers.get('etag'), /^"[0-9a-f]{16}"$/);
  const again = await fetch(url, { headers: { 'If-None-Match': response.headers.get('etag') } });
  assert.equal(again.status, 304);
  const posted = await fetch(url, { method: 'POST', body: 'x' });
  assert.deepEqual([posted.status, posted.headers.get('allow')], [405, 'GET, HEAD']);
  assert.equal(backend.requests.length, 0);

  const without = await startWherry(t, configuration(''));
  assert.match(await (await fetch(`${without.url}/.wherry/live.js`)).text(), /"url":"\/\.wherry\/live\.js"/);
});
