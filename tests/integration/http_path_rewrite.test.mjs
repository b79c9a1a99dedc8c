// SPDX-License-Identifier: MIT
// path: { strip, add } changes the target on its way out, and Location and cookie paths on
// their way back.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { httpBackend } from './support/backends.mjs';
import { exchange, requestText } from './support/http_text.mjs';
import { connect } from './support/peer.mjs';
import { startWherry } from './support/wherry.mjs';

test('path strip and add', async (t) => {
  const answer = { Location: undefined, 'Set-Cookie': undefined };
  const backend = await httpBackend(t, (request, response) => {
    for (const [name, value] of Object.entries(answer)) if (value) response.setHeader(name, value);
    response.statusCode = answer.Location ? 302 : 200;
    response.end(request.url);
  });
  const wherry = await startWherry(t, `
routes:
  - { match: { path: /shop/ }, path: { strip: /shop, add: /legacy }, to: app }
  - { match: { path: /cut/ }, path: { strip: /cut }, to: app }
  - { match: { path: /more/ }, path: { add: /base }, to: app }
upstreams:
  app: { servers: [{ url: "${backend.url}" }] }
`);
  const peer = await connect(t, wherry.port);
  const ask = (target) => exchange(peer, requestText('GET', target, { Host: 'front.test' }));

  await t.test('the backend gets the changed target', async () => {
    for (const [target, expected] of [
      ['/shop/', '/legacy/'],
      ['/shop/a/b?c=/shop/', '/legacy/a/b?c=/shop/'],
      ['/shop/a%20b', '/legacy/a%20b'],
      ['/cut/', '/'],
      ['/cut/x', '/x'],
      ['/cut/cut/x', '/cut/x'],
      ['/more/x', '/base/more/x'],
    ]) {
      assert.equal((await ask(target)).body.toString(), expected, target);
    }
  });

  await t.test('Location is changed back', async () => {
    for (const [location, expected] of [
      ['/legacy/login', '/shop/login'],
      ['/legacy/', '/shop/'],
      ['/legacy', '/shop/'], // the route has no path without the slash
      ['/legacyx', '/legacyx'],
      ['/other', '/other'],
      ['relative', 'relative'],
      ['https://elsewhere.test/legacy/a', 'https://elsewhere.test/legacy/a'],
      ['//elsewhere.test/legacy/a', '//elsewhere.test/legacy/a'],
      ['http://front.test/legacy/a?b#c', '/shop/a?b#c'], // our own host needs no name
    ]) {
      answer.Location = location;
      assert.equal((await ask('/shop/')).headers.get('location'), expected, location);
    }
    answer.Location = undefined;
  });

  await t.test('Location is changed back where only strip is set', async () => {
    answer.Location = '/login';
    assert.equal((await ask('/cut/')).headers.get('location'), '/cut/login');
    answer.Location = undefined;
  });

  await t.test('paths of cookies are changed back', async () => {
    for (const [cookie, expected] of [
      ['a=1; Path=/legacy/', 'a=1; Path=/shop/'],
      ['a=1; Path=/legacy; HttpOnly', 'a=1; Path=/shop/; HttpOnly'],
      ['a=1; HttpOnly; path=/legacy/x; Secure', 'a=1; HttpOnly; path=/shop/x; Secure'],
      ['a=1; Path=/legacyx', 'a=1; Path=/legacyx'],
      ['a=/legacy/; Secure', 'a=/legacy/; Secure'],
    ]) {
      answer['Set-Cookie'] = cookie;
      const seen = (await ask('/shop/')).headers.get('set-cookie');
      assert.equal(seen.replace('Path=', 'path='), expected.replace('Path=', 'path='), cookie);
    }
    answer['Set-Cookie'] = ['a=1; Path=/legacy', 'b=2; Path=/legacy'];
    const both = (await ask('/shop/')).headers.all('set-cookie');
    assert.deepEqual(both, ['a=1; Path=/shop/', 'b=2; Path=/shop/']);
  });
});
