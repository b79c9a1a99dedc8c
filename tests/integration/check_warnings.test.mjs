// SPDX-License-Identifier: MIT
// `wherry check` warns of what is hardly meant, and of names that lead nowhere; what it says
// of a text stands in tests/data/lint.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { dnsServer } from './support/dns_server.mjs';
import { runToEnd, temporaryDirectory } from './support/wherry.mjs';

function fileOf(t, text) {
  const file = join(temporaryDirectory(t), 'wherry.yaml');
  const user = process.getuid() === 0 ? 'user: root\n' : '';
  writeFileSync(file, `${user}listeners: [{ address: "127.0.0.1:0" }]\n${text}`);
  return file;
}

function siteOf(url, more = '') {
  return `routes: [{ match: { path: / }, websocket: {${more}}, to: app }]\nupstreams:\n  app: { servers: ["${url}"] }\n`;
}

test('a warning is no mistake, unless --strict', async (t) => {
  const file = fileOf(t, siteOf('http://127.0.0.1:1', ' ping: 5s '));
  const check = await runToEnd(t, ['check', '-c', file]);
  assert.deepEqual([check.code, check.stdout], [0, `${file}: ok, with warnings\n`]);
  assert.match(check.stderr, /^\S+wherry\.yaml:\d+:\d+: routes\[\]\.websocket\.ping_timeout: .* \(expected at most 5s, found 10s\)\n$/);
  const strict = await runToEnd(t, ['check', '--strict', '-c', file]);
  assert.deepEqual([strict.code, strict.stdout, strict.stderr], [1, '', check.stderr]);
});

test('without a warning, --strict says ok', async (t) => {
  const file = fileOf(t, siteOf('http://127.0.0.1:1'));
  const { code, stdout, stderr } = await runToEnd(t, ['check', '--strict', '-c', file]);
  assert.deepEqual([code, stdout, stderr], [0, `${file}: ok\n`, '']);
});

test('a name without an address is a warning at its place', async (t) => {
  const dns = await dnsServer(t, null);
  const fileWith = (timeout) => fileOf(t, `resolver: { servers: ["127.0.0.1:${dns.port}"], timeout: ${timeout} }\n`
    + siteOf('http://backend.test:80'));
  const file = fileWith('20s');
  const check = await runToEnd(t, ['check', '-c', file]);
  assert.equal(check.code, 0);
  assert.match(check.stderr, /wherry\.yaml:\d+:20: http:\/\/backend\.test:80: its name has no address \(expected one by now, found: .+\)\n$/);
  for (const flag of ['--no-names', '--no-files']) {
    assert.equal((await runToEnd(t, ['check', flag, '-c', file])).stderr, '');
  }
  dns.isSilent = true;
  assert.match((await runToEnd(t, ['check', '-c', fileWith('1s')])).stderr, /its name has no address/);
  dns.isSilent = false;
  dns.address = '127.0.0.1';
  assert.equal((await runToEnd(t, ['check', '--strict', '-c', file])).stderr, '');
});
