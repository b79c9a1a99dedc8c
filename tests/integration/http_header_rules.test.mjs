// SPDX-License-Identifier: MIT
// A route sets and removes headers, and chooses the Host the backend sees.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { echoRequest, httpBackend } from './support/backends.mjs';
import { exchange, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { startWherry } from './support/wherry.mjs';

test('headers of a route', async (t) => {
  const backend = await httpBackend(t, (request, response) => {
    response.setHeader('Server', 'legacy/1.0');
    response.setHeader('X-Powered-By', 'hope');
    echoRequest(request, response);
  });
  const wherry = await startWherry(t, `
routes:
  - match: { path: /rules/ }
    headers: { set: { X-Env: prod, X-Known: ours }, remove: [X-Secret, Server] }
    to: app
  - match: { path: /ways/ }
    headers:
      request: { set: { X-To-Backend: in }, remove: [X-Secret] }
      response: { set: { X-To-Client: out, Server: ours }, remove: [X-Powered-By] }
    to: app
  - { match: { path: /plain/ }, to: app }
upstreams:
  app: { servers: [{ url: "${backend.url}" }] }
`);
  const peer = await connect(t, wherry.port);
  const fields = { 'X-Known': 'theirs', 'X-Secret': 's', 'X-Other': 'o' };
  const ask = async (target) => {
    const response = await exchange(peer, requestText('GET', target, fields));
    return { response, seen: JSON.parse(response.body).headers };
  };

  await t.test('set and remove', async () => {
    const { response, seen } = await ask('/rules/');
    assert.equal(seen['x-env'], 'prod');
    assert.equal(seen['x-known'], 'ours', 'set replaces');
    assert.equal('x-secret' in seen, false);
    assert.equal(seen['x-other'], 'o');
    assert.equal(response.headers.has('server'), false);
    assert.equal(response.headers.get('x-powered-by'), 'hope');
  });

  await t.test('each way has rules of its own', async () => {
    const { response, seen } = await ask('/ways/');
    assert.equal(seen['x-to-backend'], 'in');
    assert.equal('x-to-client' in seen, false);
    assert.equal('x-secret' in seen, false);
    assert.deepEqual(response.headers.all('server'), ['ours']);
    assert.equal(response.headers.get('x-to-client'), 'out');
    assert.equal(response.headers.has('x-to-backend'), false);
    assert.equal(response.headers.has('x-powered-by'), false);
  });

  await t.test('another route keeps all', async () => {
    const { response, seen } = await ask('/plain/');
    assert.equal(seen['x-secret'], 's');
    assert.equal(seen['x-known'], 'theirs');
    assert.equal(response.headers.get('server'), 'legacy/1.0');
  });
});

test('the Host the backend sees', async (t) => {
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, `
routes:
  - { match: { path: /pass/ }, to: app }
  - { match: { path: /said/ }, host: pass, to: app }
  - { match: { path: /backend/ }, host: backend, to: app }
  - { match: { path: /name/ }, host: internal.test, to: app }
upstreams:
  app: { servers: [{ url: "${backend.url}" }] }
`);
  const peer = await connect(t, wherry.port);
  for (const [path, expected] of [
    ['/pass/', 'front.test:8080'],
    ['/said/', 'front.test:8080'],
    ['/backend/', `127.0.0.1:${backend.port}`],
    ['/name/', 'internal.test'],
  ]) {
    const response = await exchange(peer, requestText('GET', path, { Host: 'front.test:8080' }));
    const { headers } = JSON.parse(response.body);
    assert.equal(headers.host, expected, path);
    assert.equal(headers['x-forwarded-host'], 'front.test:8080', path);
  }
});
