// SPDX-License-Identifier: MIT
// Routes that ask for a token: who gets in, what the others are told, and what the backend
// hears of it.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';

import { httpBackend, webSocketBackend } from './support/backends.mjs';
import { exchange, requestText } from './support/http_text.mjs';
import { makeKey, secondsFromNow, tokenOf, writeKeySet } from './support/jwt.mjs';
import { connect } from './support/peer.mjs';
import { startWherry } from './support/wherry.mjs';

const keys = Object.fromEntries(
  ['HS256', 'RS256', 'PS256', 'ES256', 'ES384', 'HS512'].map((alg) => [alg, makeKey(alg, alg.toLowerCase())]));
const { HS256, RS256, ES256 } = keys;

const configuration = (url) => (wherry) => `
routes:
  - match: { path: /app/ }
    jwt:
      jwks: ${writeKeySet(wherry.directory, Object.values(keys))}
      issuer: https://issuer.test/
      audience: [chat, other]
      leeway: 10m
      from: [authorization, cookie=session, query=access_token]
      forward: { X-User: sub, X-Roles: roles, X-Age: age }
      realm: the app
    to: app
  - match: { path: /admin/ }
    jwt:
      jwks: keys.json
      claims: { scope: "admin:write", roles: operator }
    to: app
  - match: { path: /curves/ }
    jwt: { jwks: keys.json, algorithms: [ES256, ES384], require_expiry: false }
    to: app
  - match: { path: /moved/ }
    jwt: { jwks: keys.json }
    redirect: { to: /app/ }
  - match: { path: / }
    to: app
upstreams: { app: { servers: ["${url}"] } }
`;

const GOOD = { iss: 'https://issuer.test/', aud: 'chat', sub: 'ann' };

test('tokens', async (t) => {
  const backend = await httpBackend(t);
  const wherry = await startWherry(t, configuration(backend.url));

  async function ask(path, fields = []) {
    const peer = await connect(t, wherry.port);
    const before = backend.requests.length;
    const response = await exchange(peer, requestText('GET', path, fields));
    peer.destroy();
    const passed = response.status === 200;
    assert.equal(backend.requests.length - before, passed ? 1 : 0);
    return { ...response, seen: passed ? JSON.parse(response.body) : undefined };
  }
  const bearer = (token) => [`Authorization: Bearer ${token}`];

  for (const [alg, key] of Object.entries(keys)) {
    await t.test(`${alg} lets in`, async () => {
      assert.equal((await ask('/app/', bearer(key.sign(GOOD)))).status, 200);
    });
  }

  await t.test('each place', async () => {
    const token = ES256.sign(GOOD);
    for (const [path, fields] of [
      ['/app/', [`Authorization: bearer   ${token}`]],
      ['/app/', [`Cookie: a=b; session=${token}; c`]],
      ['/app/', [`Cookie: session="${token}"`]],
      [`/app/?a=b&access_token=${token}&c`, []],
      ['/app/', ['Authorization: Basic YTpi', `Cookie: session=${token}`]],
      [`/app/?access_token=bad`, bearer(token)], // the first place counts
    ]) {
      assert.equal((await ask(path, fields)).status, 200, `${path} ${fields}`);
    }
  });

  await t.test('what is no token', async () => {
    const token = ES256.sign(GOOD);
    for (const [path, fields] of [
      ['/app/', []],
      ['/app/', ['Authorization: Basic YTpi']],
      ['/app/', [`Authorization: Bearer${token}`]],
      ['/app/', [`Authorization: ${token}`]],
      ['/app/', [`Cookie: sessions=${token}`]],
      ['/app/', [`Cookie: SESSION=${token}`]],
      [`/app/?Access_token=${token}`, []],
      [`/app/?x=access_token=${token}`, []],
      ['/app/', [`X-Access-Token: ${token}`]],
      ['/app/', [`Sec-WebSocket-Protocol: bearer, ${token}`]],
    ]) {
      const response = await ask(path, fields);
      assert.equal(response.status, 401, `${path} ${fields}`);
      assert.equal(response.headers.get('www-authenticate'), 'Bearer realm="the app"');
    }
  });

  await t.test('a token that stands twice in one place', async () => {
    const token = ES256.sign(GOOD);
    for (const [path, fields] of [
      [`/app/?access_token=${token}&access_token=${token}`, []],
      ['/app/', [`Cookie: session=${token}; session=${token}`]],
      ['/app/', [`Cookie: session=${token}`, `Cookie: session=${token}`]],
    ]) {
      const response = await ask(path, fields);
      assert.equal(response.status, 400);
      assert.match(response.headers.get('www-authenticate'), /error="invalid_request"/);
    }
  });

  const publicPem = RS256.publicKey.export({ type: 'spki', format: 'pem' });
  const publicDer = RS256.publicKey.export({ type: 'spki', format: 'der' });
  const hmacBy = (secret) => (input) => createHmac('sha256', secret).update(input).digest();
  const living = { ...GOOD, exp: secondsFromNow(3600) };
  const [header, claims, signature] = ES256.sign(GOOD).split('.');

  for (const [name, token, error] of [
    ['expired', ES256.sign({ ...GOOD, exp: secondsFromNow(-601) }), 'the token has expired'],
    ['expired within the leeway', ES256.sign({ ...GOOD, exp: secondsFromNow(-300) }), undefined],
    ['without exp', ES256.sign({ ...GOOD, exp: undefined }), 'the token has no exp'],
    ['not valid yet', ES256.sign({ ...GOOD, nbf: secondsFromNow(1200) }), 'the token is not valid yet'],
    ['valid soon, within the leeway', ES256.sign({ ...GOOD, nbf: secondsFromNow(300) }), undefined],
    ['of another issuer', ES256.sign({ ...GOOD, iss: 'https://issuer.test' }), 'the token is of another issuer'],
    ['for another audience', ES256.sign({ ...GOOD, aud: ['chats'] }), 'the token is for another audience'],
    ['for several audiences', ES256.sign({ ...GOOD, aud: ['x', 'other'] }), undefined],
    ['for nobody', ES256.sign({ ...GOOD, aud: undefined }), 'the token has no aud'],
    ['none', tokenOf({ alg: 'none' }, living, () => ''), "the token's alg is not supported"],
    ['nOnE', tokenOf({ alg: 'nOnE', kid: 'es256' }, living, () => ''), "the token's alg is not supported"],
    ['unknown kid', ES256.sign(GOOD, { kid: 'es257' }), "no key has the token's kid"],
    ["another key's kid", ES256.sign(GOOD, { kid: 'es384' }), "the token's alg is not that of its key"],
    ['no kid, one key of that alg', ES256.sign(GOOD, { kid: undefined }), undefined],
    ['RS256 by the kid of PS256', RS256.sign(GOOD, { kid: 'ps256' }), "the token's alg is not that of its key"],
    ['a public key as secret, PEM', tokenOf({ alg: 'HS256', kid: 'rs256' }, living, hmacBy(publicPem)),
      "the token's alg is not that of its key"],
    ['a public key as secret, DER', tokenOf({ alg: 'HS256', kid: 'hs256' }, living, hmacBy(publicDer)),
      "the token's signature is wrong"],
    ['a public key as secret, named RS256', tokenOf({ alg: 'RS256', kid: 'rs256' }, living, hmacBy(publicPem)),
      "the token's signature is wrong"],
    ['HS512 with the secret of HS256', tokenOf({ alg: 'HS512', kid: 'hs256' }, living, HS256.signer),
      "the token's alg is not that of its key"],
    ['a key of its own', makeKey('ES256', 'es256').sign(GOOD), "the token's signature is wrong"],
    ['a key in its header', makeKey('ES256', 'es256').sign(GOOD, { jwk: makeKey('ES256').jwk }),
      "the token's signature is wrong"],
    ['crit', ES256.sign(GOOD, { crit: ['exp'] }), "the token's header has crit"],
    ['an empty signature', `${header}.${claims}.`, "the token's signature is wrong"],
    ['zeros (CVE-2022-21449)', `${header}.${claims}.${Buffer.alloc(64).toString('base64url')}`,
      "the token's signature is wrong"],
    ['other claims', `${header}.${Buffer.from(JSON.stringify({ ...living, sub: 'eve' })).toString('base64url')}.${signature}`,
      "the token's signature is wrong"],
    ['a fourth part', `${header}.${claims}.${signature}.AA`, 'not a signed token of three parts'],
    ['padding', `${header}.${claims}.${signature}==`, 'not a signed token of three parts'],
    ['no JSON', 'YWI.YWI.YWI', "the token's header is not a JSON object"],
    ['no base64', 'a.b.c', 'not a signed token of three parts'],
  ]) {
    await t.test(name, async () => {
      const response = await ask('/app/', bearer(token));
      assert.equal(response.status, error ? 401 : 200, response.body.toString());
      if (!error) return;
      assert.equal(response.headers.get('www-authenticate'),
        `Bearer realm="the app", error="invalid_token", error_description="${error}"`);
    });
  }

  await t.test('a long one', async () => {
    assert.equal((await ask('/app/', bearer(ES256.sign({ ...GOOD, x: 'x'.repeat(5500) })))).status, 200);
    // No line of a head is longer than that.
    assert.equal((await ask('/app/', bearer(ES256.sign({ ...GOOD, x: 'x'.repeat(7000) })))).status, 431);
  });

  await t.test('claims that a route asks for', async () => {
    for (const [extra, status] of [
      [{ scope: 'read admin:write', roles: ['user', 'operator'] }, 200],
      [{ scope: 'admin:write', roles: 'operator' }, 200],
      [{ scope: 'admin:writer', roles: 'operator' }, 403],
      [{ scope: 'admin:write', roles: 'operators' }, 403],
      [{ scope: 'admin:write', roles: 'user operator' }, 403],
      [{ roles: 'operator' }, 403],
      [{}, 403],
      [{ exp: secondsFromNow(-60) }, 401],
    ]) {
      const response = await ask('/admin/', bearer(ES256.sign(extra)));
      assert.equal(response.status, status, JSON.stringify(extra));
      if (status !== 403) continue;
      assert.match(response.headers.get('www-authenticate'), /error="insufficient_scope"/);
    }
  });

  await t.test('an audience that nobody asked for', async () => {
    const token = ES256.sign({ aud: 'chat', scope: 'admin:write', roles: 'operator' });
    assert.equal((await ask('/admin/', bearer(token))).status, 401);
  });

  await t.test('algorithms of a route', async () => {
    assert.equal((await ask('/curves/', bearer(ES256.sign()))).status, 200);
    assert.equal((await ask('/curves/', bearer(keys.ES384.sign({ exp: undefined })))).status, 200);
    assert.equal((await ask('/curves/', bearer(RS256.sign()))).status, 401);
    assert.equal((await ask('/curves/', bearer(HS256.sign()))).status, 401);
  });

  await t.test('a redirect asks for a token, too', async () => {
    assert.equal((await ask('/moved/')).status, 401);
    const peer = await connect(t, wherry.port);
    assert.equal((await exchange(peer, requestText('GET', '/moved/', bearer(ES256.sign())))).status, 308);
  });

  await t.test('the backend gets claims as headers, and never the client\'s own', async () => {
    const token = ES256.sign({ ...GOOD, roles: ['a', 'b'], name: 'x' });
    const forged = ['X-User: eve', 'x_user: eve', 'X-ROLES: root', 'X_Age: 99', 'X-Other: stays'];
    const { seen } = await ask('/app/', [...bearer(token), ...forged]);
    assert.equal(seen.headers['x-user'], 'ann');
    assert.equal(seen.headers['x-roles'], 'a,b');
    assert.equal(seen.headers['x-age'], undefined);
    assert.equal(seen.headers.x_user, undefined);
    assert.equal(seen.headers.x_age, undefined);
    assert.equal(seen.headers['x-other'], 'stays');
    assert.equal(seen.headers.authorization, `Bearer ${token}`);
  });

  await t.test('a claim that breaks lines is no header', async () => {
    const { seen } = await ask('/app/', bearer(ES256.sign({ ...GOOD, sub: 'ann\r\nX-Admin: 1' })));
    assert.equal(seen.headers['x-user'], undefined);
    assert.equal(seen.headers['x-admin'], undefined);
  });

  await t.test('the log knows the user, and no token', async () => {
    const token = ES256.sign({ ...GOOD, sub: 'logged' });
    await ask(`/app/once?a=b&access_token=${token}`);
    const line = await wherry.accessLine({ path: /once/ });
    assert.equal(line.user, 'logged');
    assert.equal(line.path, '/app/once?a=*&access_token=*');
    await ask(`/app/twice?access_token=${ES256.sign({ ...GOOD, exp: 1 })}`);
    const refused = await wherry.accessLine({ path: /twice/ });
    assert.equal(refused.reason, 'refused');
    assert.equal(refused.detail, 'the token has expired');
    const all = wherry.textLines.join('\n') + wherry.stderr;
    assert.doesNotMatch(all, /eyJ/);
  });
});

test('a handshake without a token is refused before any backend hears of it', async (t) => {
  const backend = await webSocketBackend(t);
  const wherry = await startWherry(t, configuration(backend.url));
  const peer = await connect(t, wherry.port);
  const response = await exchange(peer, requestText('GET', '/app/', {
    Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '777',
  }));
  assert.equal(response.status, 401);
  assert.equal(backend.clients.size, 0);
});
