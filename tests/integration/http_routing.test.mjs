// SPDX-License-Identifier: MIT
// The first route whose host, path, method and headers all match decides; none is a 404.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { httpBackend } from './support/backends.mjs';
import { exchange, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { startWherry } from './support/wherry.mjs';

const ROUTES = [
  '{ host: "*.wild.test", path: /ws/ }',
  '{ host: exact.test }',
  '{ path: /exact }',
  '{ path: /prefix/ }',
  '{ path: /method, method: POST }',
  '{ path: /header, header: { X-Beta: "1" } }',
  '{ path: /header }',
  '{ path: /both/, method: PUT, host: exact2.test, header: { X-A: a, X-B: b } }',
];

const ROWS = [
  // host, method, target, fields, expected route or null
  ['a.wild.test', 'GET', '/ws/', {}, 0],
  ['a.b.wild.test', 'GET', '/ws/x', {}, 0],
  ['A.WILD.TEST', 'GET', '/ws/x', {}, 0],
  ['a.wild.test:8080', 'GET', '/ws/x', {}, 0],
  ['wild.test', 'GET', '/ws/', {}, null],
  ['evilwild.test', 'GET', '/ws/', {}, null],
  ['a.wild.test.evil.test', 'GET', '/ws/', {}, null],
  ['a.wild.test', 'GET', '/wsx', {}, null],
  ['exact.test', 'GET', '/anything', {}, 1],
  ['Exact.Test:80', 'DELETE', '/', {}, 1],
  ['x.exact.test', 'GET', '/anything', {}, null],
  ['other.test', 'GET', '/exact', {}, 2],
  ['other.test', 'GET', '/exact?query=1', {}, 2],
  ['other.test', 'GET', '/prefix/%65', {}, 3],
  ['other.test', 'GET', '/exact/', {}, null],
  ['other.test', 'GET', '/exactly', {}, null],
  ['other.test', 'GET', '/EXACT', {}, null],
  ['other.test', 'GET', '/prefix/', {}, 3],
  ['other.test', 'GET', '/prefix/a/b', {}, 3],
  ['other.test', 'GET', '/prefix', {}, null],
  ['other.test', 'POST', '/method', {}, 4],
  ['other.test', 'GET', '/method', {}, null],
  ['other.test', 'GET', '/header', { 'X-Beta': '1' }, 5],
  ['other.test', 'GET', '/header', { 'x-beta': '1' }, 5],
  ['other.test', 'GET', '/header', { 'X-Beta': '2' }, 6],
  ['other.test', 'GET', '/header', {}, 6],
  ['exact2.test', 'PUT', '/both/x', { 'X-A': 'a', 'X-B': 'b' }, 7],
  ['exact2.test', 'PUT', '/both/x', { 'X-A': 'a' }, null],
  ['exact2.test', 'GET', '/both/x', { 'X-A': 'a', 'X-B': 'b' }, null],
  ['other.test', 'PUT', '/both/x', { 'X-A': 'a', 'X-B': 'b' }, null],
  ['other.test', 'GET', '/', {}, null],
];

test('the first matching route decides', async (t) => {
  const backend = await httpBackend(t);
  const routes = ROUTES.map((match, index) =>
    `  - { match: ${match}, to: app, headers: { set: { X-Route: "${index}" } } }`);
  const wherry = await startWherry(t, `
routes:
${routes.join('\n')}
upstreams:
  app: { servers: [{ url: "${backend.url}" }] }
`);
  const peer = await connect(t, wherry.port);
  for (const [host, method, target, fields, expected] of ROWS) {
    const name = `${method} ${host}${target} ${JSON.stringify(fields)}`;
    const response = await exchange(peer, requestText(method, target, { Host: host, ...fields }));
    if (expected === null) {
      assert.equal(response.status, 404, name);
      continue;
    }
    assert.equal(response.status, 200, name);
    assert.equal(JSON.parse(response.body).headers['x-route'], String(expected), name);
  }
});

test('a name no route has is a 404, and no backend hears of it', async (t) => {
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, `
routes: [{ match: { host: known.test }, to: app }]
upstreams:
  app: { servers: [{ url: "${backend.url}" }] }
`);
  const peer = await connect(t, wherry.port);
  const response = await exchange(peer, requestText('GET', '/', { Host: 'unknown.test' }));
  assert.equal(response.status, 404);
  assert.equal(backend.requests.length, 0);
  const line = await wherry.accessLine({ status: 404 });
  assert.equal(line.host, 'unknown.test');
});

test('an absolute target is taken when its authority is the Host', async (t) => {
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, `
routes: [{ match: { host: known.test, path: /p/ }, to: app }]
upstreams:
  app: { servers: [{ url: "${backend.url}" }] }
`);
  const ask = async (target, host) =>
    exchange(await connect(t, wherry.port), requestText('GET', target, { Host: host }));
  const response = await ask('http://known.test/p/q?r', 'known.test');
  assert.equal(JSON.parse(response.body).url, '/p/q?r');
  assert.equal((await ask('http://other.test/p/q', 'known.test')).status, 400);
  assert.equal((await ask('http://user@known.test/p/q', 'known.test')).status, 400);
  assert.equal((await ask('http://169.254.169.254/', 'known.test')).status, 400);
});
