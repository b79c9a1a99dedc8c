// SPDX-License-Identifier: MIT
// Key sets that can't be used: said by `wherry check` and at the start, with the place in
// the configuration that names the file.

import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { makeKey, writeKeySet } from './support/jwt.mjs';
import { runToEnd, startWherry, temporaryDirectory } from './support/wherry.mjs';

const configuration = (name, more = '') => `listeners: [{ address: "127.0.0.1:0" }]
routes:
  - match: { path: / }
    jwt: { jwks: ${name}${more} }
    to: app
upstreams: { app: { servers: ["http://127.0.0.1:1"] } }
user: root
`; // else a check by root is one as nobody, to whom the folder is closed

const es256 = makeKey('ES256', 'a');
const weak = { kty: 'oct', alg: 'HS256', k: Buffer.alloc(16, 1).toString('base64url') };

test('key sets', async (t) => {
  const directory = temporaryDirectory(t);
  const config = join(directory, 'wherry.yaml');
  const keys = join(directory, 'keys.json');
  const at = `${config}:4:18: routes[].jwt.jwks: ${keys}`;
  const write = (text) => {
    writeFileSync(keys, text);
    chmodSync(keys, 0o600);
  };

  async function check(more = '', args = []) {
    writeFileSync(config, configuration('keys.json', more));
    return runToEnd(t, ['check', ...args, '-c', config]);
  }

  await t.test('one that is good', async () => {
    writeKeySet(directory, [es256, { kty: 'OKP', crv: 'Ed25519', x: 'AA' }]);
    assert.deepEqual(await check(), { code: 0, stdout: `${config}: ok\n`, stderr: '' });
  });

  for (const [name, text, more, message] of [
    ['bad syntax', '{\n"keys": [}', '', `${at}:2:10: `],
    ['no set', JSON.stringify(es256.jwk), '', `${at}: not a JWK Set (expected {"keys": [...]})`],
    ['no keys', '{"keys": []}', '', `${at}: there is no key in it`],
    ['a weak secret', JSON.stringify({ keys: [es256.jwk, weak] }), '',
      `${at}: keys[1]: a secret of 16 bytes is too short for HS256 (expected at least 32)`],
    ['no algorithm', JSON.stringify({ keys: [{ ...makeKey('RS256').jwk, alg: undefined }] }), '',
      `${at}: keys[0]: has no "alg", and several fit (expected one of them in algorithms)`],
    ['another algorithm', JSON.stringify({ keys: [es256.jwk] }), ', algorithms: [RS256]',
      `${at}: none of its keys can be used here`],
  ]) {
    await t.test(name, async () => {
      write(text);
      const { code, stderr } = await check(more);
      assert.equal(code, 1);
      assert.ok(stderr.startsWith(message), stderr);
      assert.equal(stderr.split('\n').length, 2);
    });
  }

  await t.test('one algorithm makes it clear', async () => {
    write(JSON.stringify({ keys: [{ ...makeKey('RS256').jwk, alg: undefined }] }));
    assert.equal((await check(', algorithms: [PS256]')).code, 0);
  });

  await t.test('a secret that others can read', async () => {
    writeKeySet(directory, [makeKey('HS256', 'a')]);
    assert.equal((await check()).code, 0);
    chmodSync(keys, 0o644);
    const { code, stderr } = await check();
    assert.equal(code, 1);
    assert.ok(stderr.startsWith(`${at} is open to others`), stderr);
  });

  await t.test('public keys that others can read', async () => {
    writeKeySet(directory, [es256]);
    chmodSync(keys, 0o644);
    assert.equal((await check()).code, 0);
  });

  await t.test('a file that is not there', async () => {
    writeFileSync(config, configuration('none.json'));
    const { code, stderr } = await runToEnd(t, ['check', '-c', config]);
    assert.equal(code, 1);
    assert.match(stderr, /none\.json: No such file or directory \(expected a JWK Set\)\n$/);
    assert.equal((await runToEnd(t, ['check', '--no-files', '-c', config])).code, 0);
  });

  await t.test('the start', async () => {
    write('{"keys": []}');
    await assert.rejects(startWherry(t, configuration(keys)), /ended with 3.*there is no key in it/s);
  });
});
